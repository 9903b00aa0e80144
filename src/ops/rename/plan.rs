//! What a rename would do, and whether it may. Reads only.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::refusal;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::compose_project;
use crate::model::identifier::Identifier;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::renaming::WorktreeNames;
use crate::model::variables;
use crate::ops::create::{NameDraft, draft};
use crate::ops::find::FoundWorktree;
use crate::ops::ports::ledger::require_active;
use crate::ops::{env, find, rows};

/// A wish to rename.
#[derive(Clone, Debug)]
pub struct Request {
    /// The worktree, by its whole name, identifier, branch or folder.
    pub old: String,
    pub new: Identifier,
    /// Whether Compose is to keep its containers under the new name.
    pub new_project: bool,
}

/// A variable of `[env.set]` that depends on the name.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Changed {
    pub variable: String,
    pub before: String,
    pub after: String,
}

/// Why a rename waits for consent.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Unasked {
    pub changed: Vec<Changed>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) entry: Entry,
    pub(super) to: WorktreeNames,
    /// What the branch points at, where it is renamed.
    pub(super) tip: Option<String>,
    pub(super) project_after: Option<String>,
    /// What would not be the same any more for whoever reads the env block.
    pub changed: Vec<Changed>,
    /// What there is to say beside the answer.
    pub notes: Vec<String>,
}

impl Plan {
    /// Returns what the worktree is called now.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// Returns where it stands now.
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.entry.path
    }
}

/// Finds out what a rename would do.
///
/// # Errors
///
/// `not_found`; `usage` for the main worktree and for the name that it has; `locked`; `dirty` while services or processes run
/// there or git is in the middle of something; `worktree_exists`, `branch_exists`, `branch_checked_out`, `path_not_empty` where
/// a name is taken; `name_invalid`.
pub fn plan(context: &Context, request: &Request) -> Result<Plan> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let found = find::named(context, &registry, &request.old)?;
    let (entry, branch) = require_renamable(context, repository, found)?;
    let (to, tip, notes) = new_names(context, repository, &entry, branch.as_deref(), &request.new)?;
    if to == entry.names() {
        let message = format!("`{}` is called so already", entry.name);
        return Err(Failure::new(Code::Usage, message).hint("give another identifier"));
    }
    require_free(context, repository, &registry, &entry, &to)?;
    let after = Entry {
        name: to.name.clone(),
        identifier: to.identifier.clone(),
        path: to.path.clone(),
        branch: to.branch.clone(),
        ..entry.clone()
    };
    let project_after = project(repository, &registry, &entry, &after, request.new_project);
    let changed = changed(context, repository, &entry, &after)?;
    Ok(Plan { entry, to, tip, project_after, changed, notes })
}

/// The record of a worktree that may be renamed, with the branch that is checked out there.
fn require_renamable(
    context: &Context,
    repository: &Repository,
    found: FoundWorktree,
) -> Result<(Entry, Option<String>)> {
    if found.is_main {
        let message =
            format!("{} is the main worktree of the repository and keeps its name", found.path.display());
        return Err(Failure::new(Code::Usage, message).hint("name a linked worktree; `wt list` shows them"));
    }
    let Some(entry) = found.entry else {
        let message = format!("worktree `{}` is not recorded, so it has no name of ours", found.name);
        let adopt = wt("adopt {}", &[&found.path.display()]);
        return Err(Failure::new(Code::NotFound, message).hint(format!("`{adopt}` records it")));
    };
    require_active(&entry)?;
    let admin = found.worktree.as_ref().and_then(|worktree| worktree.admin.clone());
    let (Some(worktree), Some(admin)) = (found.worktree, admin) else {
        return Err(refusal::gone(&entry.name, &found.path));
    };
    if found.path.symlink_metadata().is_err() {
        return Err(refusal::gone(&entry.name, &found.path));
    }
    if let Some(reason) = &worktree.lock {
        return Err(refusal::locked(repository, &entry.name, &found.path, reason));
    }
    repository.require_linked(&found.path, &admin, context.host.home())?;
    if let Some(operation) = repository.find_operation(&admin) {
        return Err(refusal::unfinished(&entry.name, operation));
    }
    let branch = worktree.head.branch().map(str::to_owned);
    let entry = Entry { admin, path: found.path, branch: branch.clone(), ..entry };
    refusal::require_idle(context, &entry)?;
    Ok((entry, branch))
}

/// The new names: the templates are rendered for the old and the new identifier, and what is not what they made of the old
/// one stays as it is. Also the tip of a branch that gets another name, and what there is to say.
fn new_names(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    branch: Option<&str>,
    new: &Identifier,
) -> Result<(WorktreeNames, Option<String>, Vec<String>)> {
    let mut notes = Vec::new();
    let Some(purpose) = &entry.purpose else {
        // Nobody named its purpose, so no template made its names.
        let is_called_so = entry.path.file_name().is_some_and(|name| *name == *entry.name);
        let path = if is_called_so { entry.path.with_file_name(new.as_str()) } else { entry.path.clone() };
        let name = new.as_str().to_owned();
        let names = WorktreeNames { identifier: name.clone(), name, path, branch: branch.map(str::to_owned) };
        notes.extend(branch.map(|branch| stays(&format!("branch `{branch}`"))));
        return Ok((names, None, notes));
    };
    let drafted = |identifier: &Identifier, branch: Option<&str>| {
        draft(context, repository, purpose, identifier.clone(), branch, None)
    };
    let old: Option<Identifier> = Identifier::from_text(&entry.identifier);
    let old = old.as_ref().and_then(|identifier| drafted(identifier, None).ok());
    let is_made = |made: &dyn Fn(&NameDraft) -> bool| old.as_ref().is_some_and(made);
    let fresh = drafted(new, None)?;
    let mut names = WorktreeNames {
        name: fresh.name,
        identifier: new.as_str().to_owned(),
        path: entry.path.clone(),
        branch: None,
    };
    let mut tip = None;
    if let Some(branch) = branch {
        tip = repository.find_branch(branch)?.filter(|_| is_made(&|old| old.branch == branch));
        names.branch = Some(if tip.is_some() { fresh.branch } else { branch.to_owned() });
        if tip.is_none() {
            notes.push(stays(&format!("branch `{branch}`")));
        } else if names.branch.as_deref() == Some(branch) {
            tip = None;
        }
    }
    let old_path = old.as_ref().and_then(|old| drafted(&old.identifier, branch).ok()).map(|old| old.path);
    if old_path.as_deref() == Some(&*entry.path) {
        names.path = drafted(new, names.branch.as_deref())?.path;
    } else {
        notes.push(stays(&format!("folder {}", entry.path.display())));
    }
    Ok((names, tip, notes))
}

fn stays(what: &str) -> String {
    format!("{what} stays: it is not what the templates made of the old name")
}

fn require_free(
    context: &Context,
    repository: &Repository,
    registry: &Registry,
    entry: &Entry,
    to: &WorktreeNames,
) -> Result<()> {
    let is_other =
        |row: &&rows::WorktreeRow| row.entry.as_ref().is_none_or(|known| known.sequence != entry.sequence);
    let rows = rows::rows(repository, registry)?;
    if let Some(taken) = rows.iter().filter(is_other).find(|row| row.name() == to.name) {
        return Err(refusal::name_taken(&to.name, taken.path()));
    }
    if to.path != entry.path && to.path.symlink_metadata().is_ok() {
        return Err(refusal::path_taken(&to.path));
    }
    if to.path != entry.path && to.path.starts_with(&entry.path) {
        let message = format!("{} lies inside of {}", to.path.display(), entry.path.display());
        return Err(Failure::new(Code::PathNotEmpty, message).hint("choose another name"));
    }
    require_branch_free(context, repository, entry, to)
}

fn require_branch_free(
    _: &Context,
    repository: &Repository,
    entry: &Entry,
    to: &WorktreeNames,
) -> Result<()> {
    let (Some(old), Some(new)) = (&entry.branch, &to.branch) else { return Ok(()) };
    if old == new {
        return Ok(());
    }
    if let Some(used) = repository.branch_in_use_beside(old, Some(&entry.admin))? {
        return Err(refusal::branch_used(old, &used.path));
    }
    if repository.find_branch(new)?.is_some() {
        return Err(refusal::branch_taken(new));
    }
    if let Some(used) = repository.branch_in_use_beside(new, Some(&entry.admin))? {
        return Err(refusal::branch_used(new, &used.path));
    }
    match repository.branch_obstacle(new)? {
        Some(obstacle) if obstacle != *old => Err(refusal::branch_obstructed(new, &obstacle)),
        _ => Ok(()),
    }
}

/// The Compose project that is to be on record: the containers and volumes there are belong to the old name.
fn project(
    repository: &Repository,
    registry: &Registry,
    entry: &Entry,
    after: &Entry,
    is_new_wanted: bool,
) -> Option<String> {
    if is_new_wanted {
        let mut after = after.clone();
        after.notes.compose_project.clear();
        let others: Vec<&Entry> =
            registry.entries().filter(|known| known.sequence != entry.sequence).collect();
        compose_project::choose(&mut after, &others);
        return compose_project::find_chosen(&after).map(str::to_owned);
    }
    let before = env::compose_project_of(repository, entry);
    (before != compose_project::usual(&repository.name(), &after.name)).then_some(before)
}

fn changed(context: &Context, repository: &Repository, entry: &Entry, after: &Entry) -> Result<Vec<Changed>> {
    if context.config.env.set.is_empty() {
        return Ok(Vec::new());
    }
    let before = env::facts_of(context, repository, entry);
    let facts = variables::EnvFacts {
        name: after.name.clone(),
        identifier: after.identifier.clone(),
        branch: after.branch.clone().unwrap_or_default(),
        ..before.clone()
    };
    let (before, after) =
        (variables::variables(&context.config, &before)?, variables::variables(&context.config, &facts)?);
    let is_set = |name: &str| context.config.env.set.iter().any(|(set, _)| set == name);
    let pairs = before.into_iter().zip(after);
    let differing = pairs.filter(|(before, after)| is_set(&before.0) && before.1 != after.1);
    Ok(differing
        .map(|(before, after)| Changed { variable: before.0, before: before.1, after: after.1 })
        .collect())
}
