//! The names of a new worktree: what the templates make of purpose and identifier, and whether those names may be used.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{Repository, is_valid_branch_name};
use crate::model::identifier::Identifier;
use crate::model::purpose::Purpose;
use crate::model::template;

/// The names that one identifier leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
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
) -> Result<Draft> {
    let settings = &context.config.worktree;
    let mut values = Values {
        purpose: purpose.as_str(),
        identifier: identifier.as_str(),
        repo_name: repository.name(),
        repo_parent: repository.parent().display().to_string(),
        repo_path: repository.root().display().to_string(),
        name: None,
        branch: None,
    };
    let name = template::render("worktree.name", &settings.name, &values)?;
    require_name(&name)?;
    let branch = match branch {
        Some(branch) => branch.to_owned(),
        None => template::render("worktree.branch", &settings.branch, &values)?,
    };
    if !is_valid_branch_name(&branch) {
        return Err(Failure::new(Code::NameInvalid, format!("`{}` is not a branch name", shown(&branch)))
            .hint("see `git help check-ref-format` for what a branch may be called"));
    }
    values.name = Some(&name);
    values.branch = Some(&branch);
    let path = if let Some(path) = path {
        context.absolute(path)
    } else {
        let rendered = template::render("worktree.path", &settings.path, &values)?;
        repository.root().join(context.host.expand_home(&rendered)?)
    };
    let path = resolved(&path)?;
    Ok(Draft { identifier, name, branch, path })
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
