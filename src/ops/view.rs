//! A worktree as answers show it, put together from what git, the registry and the configuration know.

use std::path::{Path, PathBuf};

use super::rows::{self, WorktreeRow};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::agent::marker;
use crate::model::branch::Head;
use crate::model::registry::entry::Entry;
use crate::model::view::{PortView, WorktreeView};
use crate::ops::{agent, env, foreign, setup};

/// Returns the view of a worktree that the registry knows.
///
/// # Errors
///
/// Fails when the repository's worktrees cannot be read.
pub fn of_entry(context: &Context, repository: &Repository, entry: &Entry) -> Result<WorktreeView> {
    let worktree = repository.find_worktree(&entry.path)?;
    Ok(of_row(context, repository, &WorktreeRow { worktree, entry: Some(entry.clone()) }))
}

/// Returns the view of one row; `current` is whether we stand in it.
#[must_use]
pub fn of_row(context: &Context, repository: &Repository, row: &WorktreeRow) -> WorktreeView {
    of_row_beside(context, repository, row, current(context, repository).as_deref())
}

/// Returns the views of all rows of the repository that `ground` stands in, seen from where `context` does.
#[must_use]
pub fn of_rows(context: &Context, ground: &Context, rows: &[WorktreeRow]) -> Vec<WorktreeView> {
    let Some(repository) = &ground.repository else { return Vec::new() };
    let current = current(context, repository);
    rows.iter().map(|row| of_row_beside(ground, repository, row, current.as_deref())).collect()
}

/// The folder of the worktree of `repository` that we stand in, links resolved. One that was opened at a folder of its own has
/// a current worktree too, in which nobody stands.
fn current(context: &Context, repository: &Repository) -> Option<PathBuf> {
    let own = context.repository.as_ref()?;
    let repository = Some(repository).filter(|asked| asked.common_dir() == own.common_dir())?;
    repository.current().map(|current| rows::canonical(&current.path))
}

fn of_row_beside(
    context: &Context,
    repository: &Repository,
    row: &WorktreeRow,
    current: Option<&Path>,
) -> WorktreeView {
    let entry = row.entry.as_ref();
    let worktree = row.worktree.as_ref();
    let head = worktree.and_then(|worktree| match &worktree.head {
        Head::Detached(commit) => Some(commit.clone()),
        _ => worktree.commit.clone(),
    });
    let lock = worktree.and_then(|worktree| worktree.lock.clone());
    let agents = entry.map(|entry| agent::sessions(context, entry)).unwrap_or_default();
    let missing = row.is_missing();
    let standing = foreign::of_row(repository, row);
    WorktreeView {
        name: row.name(),
        path: row.path().to_path_buf(),
        branch: row.branch().map(ToOwned::to_owned),
        returning: worktree.and_then(|worktree| worktree.returning.clone()),
        head,
        repository: repository.root().to_path_buf(),
        repository_name: None,
        purpose: entry.and_then(|entry| entry.purpose.clone()),
        identifier: entry.map(|entry| entry.identifier.clone()),
        state: entry.map(|entry| entry.state.as_str()),
        main: row.is_main(),
        // Links are resolved for nothing where no folder is.
        current: !missing && current.is_some_and(|current| is_same(current, row.path())),
        registered: entry.is_some(),
        locked: lock.is_some(),
        lock_reason: lock.filter(|reason| !reason.is_empty()),
        missing,
        created_at: entry.map(|entry| entry.created_at),
        ports: entry
            .filter(|entry| !entry.allocations.is_empty())
            .map(|entry| {
                // A URL may have the branch in it: the one that git has now.
                let branch = row.branch().map(ToOwned::to_owned).or_else(|| entry.branch.clone());
                ports(context, &repository.name(), &Entry { branch, ..entry.clone() })
            })
            .unwrap_or_default(),
        damaged: worktree.is_some_and(|worktree| repository.damage(worktree).is_some()),
        foreign: standing.shown(),
        pull: standing.pull().cloned(),
        setup: entry.map(|entry| setup::view(context, entry)),
        carrying: entry.is_some_and(agent::is_carrying),
        agent: marker::busiest(&agents),
        agents,
        sequence: entry.map(|entry| entry.sequence),
        base: None,
        status: None,
        size: None,
    }
}

/// Answers whether `path` is the folder `current`; only the same last name, or a link, can be.
fn is_same(current: &Path, path: &Path) -> bool {
    current == path
        || ((current.file_name() == path.file_name() || path.is_symlink())
            && current == rows::canonical(path))
}

/// Returns the view of an entry whose repository cannot be reached: what the registry has.
#[must_use]
pub fn of_unreachable(context: &Context, entry: &Entry) -> WorktreeView {
    let recorded = entry.notes.foreign.read();
    let agents = agent::sessions(context, entry);
    WorktreeView {
        name: entry.name.clone(),
        path: entry.path.clone(),
        branch: entry.branch.clone(),
        returning: None,
        head: None,
        repository: entry.repository.clone(),
        repository_name: None,
        purpose: entry.purpose.clone(),
        identifier: Some(entry.identifier.clone()),
        state: Some(entry.state.as_str()),
        main: entry.is_main(),
        current: false,
        registered: true,
        locked: false,
        lock_reason: None,
        missing: entry.path.symlink_metadata().is_err(),
        created_at: Some(entry.created_at),
        ports: ports(context, "", entry),
        damaged: false,
        foreign: recorded.as_ref().filter(|mark| mark.foreign).map(|_| true),
        pull: recorded.and_then(|mark| mark.pull),
        setup: Some(setup::view(context, entry)),
        carrying: agent::is_carrying(entry),
        agent: marker::busiest(&agents),
        agents,
        sequence: Some(entry.sequence),
        base: None,
        status: None,
        size: None,
    }
}

fn ports(context: &Context, repository_name: &str, entry: &Entry) -> Vec<PortView> {
    let shown = entry.allocations.iter().filter_map(|allocation| {
        let url = allocation
            .find_port()
            .and_then(|port| env::url(context, repository_name, entry, &allocation.service, port));
        PortView::find(allocation, url)
    });
    shown.collect()
}
