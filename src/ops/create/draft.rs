//! The names of a new worktree: what the templates make of purpose and identifier, and whether those names may be used.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{Repository, is_valid_branch_name};
use crate::model::branch::fits_files;
use crate::model::config::near::Centre;
use crate::model::config::settings::Origin;
use crate::model::identifier::Identifier;
use crate::model::plain_path::without_dots;
use crate::model::purpose::Purpose;
use crate::model::template;
use crate::ops::trust;

/// The names that one identifier leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameDraft {
    pub identifier: Identifier,
    pub name: String,
    pub branch: String,
    /// Absolute, its existing part resolved, so that two spellings of a folder are one.
    pub path: PathBuf,
}

#[derive(Serialize)]
struct Values<'a> {
    purpose: &'a str,
    identifier: &'a str,
    repo_name: String,
    repo_parent: String,
    repo_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
}

/// Renders the three templates for `identifier`.
///
/// # Errors
///
/// `config_invalid` for a template that misses a variable, `name_invalid` for a name that cannot be used.
pub fn draft(
    context: &Context,
    repository: &Repository,
    purpose: &Purpose,
    identifier: Identifier,
    branch: Option<&str>,
    path: Option<&Path>,
) -> Result<NameDraft> {
    let settings = &context.config.worktree;
    let mut values = Values::of(repository, purpose, &identifier);
    let name = rendered_name(context, &values)?;
    let branch = match branch {
        Some(branch) => branch.to_owned(),
        None => template::render("worktree.branch", &settings.branch, &values)?,
    };
    if !is_valid_branch_name(&branch) {
        return Err(Failure::new(Code::NameInvalid, format!("`{}` is not a branch name", shown(&branch)))
            .hint("see `git help check-ref-format` for what a branch may be called"));
    }
    if !fits_files(&branch) {
        let message = format!("`{}` is too long for a branch: git keeps each part as a file", shown(&branch));
        return Err(Failure::new(Code::NameInvalid, message).hint("no part may have more than 250 bytes"));
    }
    values.name = Some(&name);
    values.branch = Some(&branch);
    let path = if let Some(path) = path {
        resolved(&context.absolute(path))?
    } else {
        let rendered = template::render("worktree.path", &settings.path, &values)?;
        let written = repository.root().join(context.host.expand_home(&rendered)?);
        let path = resolved(&written)?;
        require_agreed(context, repository, &written, &path)?;
        path
    };
    Ok(NameDraft { identifier, name, branch, path })
}

impl<'a> Values<'a> {
    fn of(repository: &Repository, purpose: &'a Purpose, identifier: &'a Identifier) -> Self {
        Self {
            purpose: purpose.as_str(),
            identifier: identifier.as_str(),
            repo_name: repository.name(),
            repo_parent: repository.parent().display().to_string(),
            repo_path: repository.root().display().to_string(),
            name: None,
            branch: None,
        }
    }
}

/// Renders the name alone, for which nobody looks at the disk.
///
/// # Errors
///
/// As [`draft`] says of the name.
pub fn draft_name(
    context: &Context,
    repository: &Repository,
    purpose: &Purpose,
    identifier: &Identifier,
) -> Result<String> {
    rendered_name(context, &Values::of(repository, purpose, identifier))
}

fn rendered_name(context: &Context, values: &Values<'_>) -> Result<String> {
    let name = template::render("worktree.name", &context.config.worktree.name, values)?;
    require_name(&name).map(|()| name)
}

/// Refuses a folder of a repository's file that is neither near the main worktree nor agreed to: what lies elsewhere may
/// be what another program reads or runs.
fn require_agreed(context: &Context, repository: &Repository, written: &Path, path: &Path) -> Result<()> {
    let own_file = context.host.config_file().map(|file| file.display().to_string());
    let value = context.config.values.iter().find(|value| value.key == "worktree.path");
    let is_of_others =
        |origin: &Origin| matches!(origin, Origin::File { path, .. } if Some(path) != own_file.as_ref());
    let Some(value) = value.filter(|value| is_of_others(&value.origin)) else { return Ok(()) };
    let held = context.config.held.iter().find(|held| held.value.key == value.key);
    if held.is_some_and(|held| held.is_trusted) {
        return Ok(());
    }
    let name = repository.name();
    let centre = Centre { root: repository.root(), parent: repository.parent(), name: &name };
    let plain = without_dots(written);
    // A link in the main worktree is the repository's as well; one beside it is the user's.
    let leads_out = plain.starts_with(centre.root) && !path.starts_with(centre.root);
    let enters_another =
        plain.parent().is_some_and(|folder| folder != centre.parent && is_repository(folder, centre.root));
    let is_inside_git = path.starts_with(repository.common_dir());
    if centre.is_near(written) && !leads_out && !enters_another && !is_inside_git {
        return Ok(());
    }
    let message = format!(
        "the repository's configuration ({}) wants the worktree in {}, which is neither beside nor below the main worktree",
        value.origin,
        path.display()
    );
    let failure = Failure::new(Code::Untrusted, message).detail("key", value.key.as_str());
    Err(failure.detail("path", path.display().to_string()).hint(if held.is_some() {
        format!(
            "`{}` shows that setting and allows it; `--path DIR` chooses another folder",
            trust::allowing(context)
        )
    } else {
        "`--path DIR` chooses another folder".to_owned()
    }))
}

/// Answers whether `folder` is another repository's.
fn is_repository(folder: &Path, root: &Path) -> bool {
    !folder.starts_with(root) && folder.join(".git").exists()
}

/// Refuses a name that would not be one plain folder.
fn require_name(name: &str) -> Result<()> {
    let plain = !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['.', '-'])
        && !name.chars().any(|letter| letter.is_control() || letter == '/' || letter == '\\');
    if plain {
        return Ok(());
    }
    Err(Failure::new(Code::NameInvalid, format!("`{}` cannot be the name of a worktree", shown(name)))
        .hint("choose another identifier, or another `worktree.name` in the configuration"))
}

/// Resolves `.` and `..`, and the symbolic links in the part of `path` that exists.
fn resolved(path: &Path) -> Result<PathBuf> {
    let mut existing = path;
    let mut missing: Vec<&std::ffi::OsStr> = Vec::new();
    let mut whole = loop {
        match existing.canonicalize() {
            Ok(found) => break found,
            Err(_) => {
                if let (Some(parent), Some(last)) = (existing.parent(), existing.file_name()) {
                    missing.push(last);
                    existing = parent;
                } else {
                    let message = format!("{} cannot be the folder of a worktree", path.display());
                    return Err(
                        Failure::new(Code::NameInvalid, message).hint("give a path without `..` in it")
                    );
                }
            }
        }
    };
    whole.extend(missing.into_iter().rev());
    if whole.to_str().is_some() {
        return Ok(whole);
    }
    Err(Failure::new(Code::NameInvalid, format!("{} is not valid UTF-8", whole.display()))
        .hint("give another folder with `--path`"))
}

fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
