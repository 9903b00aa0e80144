//! Allowing a stranger's code: the one commit that is checked out, by somebody who looked at it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{mark, standing};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::foreign::{ForeignMark, Pull, WrittenMark};
use crate::model::registry::entry::Entry;
use crate::model::view::as_text;
use crate::ops::env_files::follow;
use crate::ops::services::down::{self, Runs};
use crate::ops::{env, rows};

/// How the code in the worktree that we stand in stands.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ForeignHere {
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Whether it is a stranger's and the commit that is checked out is not allowed.
    pub foreign: bool,
    /// Whether it is a stranger's and that commit is allowed.
    pub allowed: bool,
    /// The commit that is checked out, in hexadecimal.
    pub commit: Option<String>,
    pub author: Option<String>,
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    #[serde(skip)]
    entry: Entry,
}

/// Returns how the code in the worktree that we stand in stands.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded.
pub fn status(context: &Context) -> Result<ForeignHere> {
    let repository = context.require_repository()?;
    let entry = env::require_entry(context, None)?;
    let worktree = repository.find_worktree(&entry.path)?;
    let commit = worktree.as_ref().and_then(|worktree| worktree.commit.clone());
    let standing = standing::of_row(repository, &rows::WorktreeRow { worktree, entry: Some(entry.clone()) });
    let facts = commit.as_ref().map(|commit| repository.commit_facts(commit)).transpose()?;
    Ok(ForeignHere {
        worktree: entry.name.clone(),
        path: entry.path.clone(),
        foreign: standing.is_foreign,
        allowed: standing.shown() == Some(false),
        commit,
        author: facts.as_ref().map(|facts| facts.author.clone()),
        subject: facts.map(|facts| facts.subject),
        pull: standing.pull().cloned(),
        warnings: Vec::new(),
        entry,
    })
}

/// Allows the very commit of `shown`, which somebody has seen, and has the env block follow.
///
/// # Errors
///
/// `untrusted` where another commit is checked out by now; when it cannot be recorded: nothing is allowed then.
pub fn allow(context: &Context, shown: &ForeignHere) -> Result<ForeignHere> {
    let now = status(context)?;
    if now.commit != shown.commit || now.commit.is_none() {
        return Err(Failure::new(
            Code::Untrusted,
            "another commit is checked out by now: nothing was allowed",
        )
        .hint("run the command again, and look at what it shows"));
    }
    change(context, &now, |mark| ForeignMark { foreign: true, allowed: shown.commit.clone(), ..mark })
}

/// Takes back what was allowed in the worktree that we stand in, in every worktree of the repository: another one's mark would
/// vouch for it again. Returns what runs in those.
///
/// # Errors
///
/// Fails when that cannot be recorded, or the services that run cannot be read.
pub fn revoke(context: &Context) -> Result<(ForeignHere, Vec<Runs>)> {
    let now = status(context)?;
    let repository = context.require_repository()?;
    let git = repository.foreign_mark(&now.entry.admin);
    let written = now.entry.notes.foreign.read();
    let of_git = if let WrittenMark::Mark(mark) = git { mark.allowed } else { None };
    let allowed: Vec<String> = written.and_then(|mark| mark.allowed).into_iter().chain(of_git).collect();
    let changed = take_back(context, repository, &allowed)?;
    let mut warnings = Vec::new();
    for entry in changed.iter().filter(|entry| entry.env) {
        let is_here = entry.sequence == now.entry.sequence;
        let name = if is_here { String::new() } else { format!("{}: ", entry.name) };
        let of_entry = follow_warnings(context, repository, entry);
        warnings.extend(of_entry.into_iter().map(|warning| format!("{name}{warning}")));
    }
    let mut running = down::running_in_repository(context)?;
    running.retain(|runs| changed.iter().any(|one| one.name == runs.worktree));
    Ok((ForeignHere { warnings, ..status(context)? }, running))
}

/// Takes the commits back in all marks that allow one, those in the trash included, and returns the living worktrees of those.
fn take_back(context: &Context, repository: &Repository, commits: &[String]) -> Result<Vec<Entry>> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    let id = repository.find_id();
    let without = |mark: ForeignMark| ForeignMark { foreign: true, allowed: None, ..mark };
    let allows = |mark: &ForeignMark| mark.allowed.as_ref().is_some_and(|commit| commits.contains(commit));
    let mut admins = repository.marked_admins();
    admins.retain(|admin| matches!(repository.foreign_mark(admin), WrittenMark::Mark(mark) if allows(&mark)));
    for admin in &admins {
        if let WrittenMark::Mark(mark) = repository.foreign_mark(admin) {
            repository.write_foreign_mark(admin, &without(*mark))?;
        }
    }
    let sequences = context.store()?.update(|registry| {
        let mut sequences = Vec::new();
        for entry in registry.entries_mut().filter(|entry| Some(&entry.repository_id) == id.as_ref()) {
            let mark = entry.notes.foreign.read().filter(allows);
            if mark.is_some() || admins.contains(&entry.admin) {
                sequences.push(entry.sequence);
            }
            if let Some(mark) = mark {
                entry.notes.foreign.write(&without(mark));
            }
        }
        Ok(sequences)
    })?;
    let registry = context.store()?.read()?;
    let entries = rows::rows(repository, &registry)?.into_iter().filter_map(|row| {
        let path = row.path().to_path_buf();
        row.entry.map(|entry| Entry { path, ..entry })
    });
    Ok(entries.filter(|entry| sequences.contains(&entry.sequence)).collect())
}

fn change(
    context: &Context,
    now: &ForeignHere,
    change: impl FnOnce(ForeignMark) -> ForeignMark,
) -> Result<ForeignHere> {
    let repository = context.require_repository()?;
    let known = standing::of_entry(repository, &now.entry).mark.unwrap_or_default();
    let entry = mark::write(context, repository, &now.entry, &change(known))?;
    let mut warnings = Vec::new();
    if entry.env {
        warnings = follow_warnings(context, repository, &entry);
    }
    Ok(ForeignHere { warnings, ..status(context)? })
}

/// `[env.set]` comes and goes with it. What keeps the block from following is said, and changes nothing about it.
fn follow_warnings(context: &Context, repository: &Repository, entry: &Entry) -> Vec<String> {
    match follow(context, repository, entry) {
        Ok(written) => written.warnings,
        Err(failure) => vec![format!("the env block does not follow: {failure}")],
    }
}
