//! The worktrees of a repository as git and the registry know them together: one row for each, matched by git's own
//! name, which survives a move, then by folder.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::host::git::GitWorktree;
use crate::host::git::Repository;
use crate::model::branch::Head;
use crate::model::matching::{Closest, Matching, WorktreeMark};
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::resolve::NamedWorktree;

/// One worktree: known to git, to the registry, or to both.
#[derive(Clone, Debug)]
pub struct WorktreeRow {
    pub worktree: Option<GitWorktree>,
    pub entry: Option<Entry>,
}

impl WorktreeRow {
    /// Returns the name people use: the entry's, else git's, else the folder's.
    #[must_use]
    pub fn name(&self) -> String {
        if let Some(entry) = &self.entry {
            return entry.name.clone();
        }
        let admin = self.worktree.as_ref().and_then(|worktree| worktree.admin.clone());
        admin.unwrap_or_else(|| self.path().file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// Returns the folder: git's word for it, since `git worktree move` changes it.
    #[must_use]
    pub fn path(&self) -> &Path {
        match (&self.worktree, &self.entry) {
            (Some(worktree), _) => &worktree.path,
            (None, Some(entry)) => &entry.path,
            (None, None) => Path::new(""),
        }
    }

    /// Returns the branch that is checked out now; the recorded one where git knows nothing.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        match &self.worktree {
            Some(worktree) => match &worktree.head {
                Head::Branch(name) | Head::Unborn(name) => Some(name),
                Head::Detached(_) | Head::Unreadable(_) => None,
            },
            None => self.entry.as_ref().and_then(|entry| entry.branch.as_deref()),
        }
    }

    /// Answers whether this is the main worktree.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.worktree.as_ref().is_some_and(|worktree| worktree.admin.is_none())
    }

    /// Answers whether the folder is gone.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.worktree.as_ref().is_none_or(|worktree| worktree.missing)
            && self.path().symlink_metadata().is_err()
    }
}

/// Returns every worktree of `repository`, the main one first, then git's, then what only the registry knows.
///
/// # Errors
///
/// Fails when the repository's own files cannot be read.
pub fn rows(repository: &Repository, registry: &Registry) -> Result<Vec<WorktreeRow>> {
    let id = repository.find_id_surely()?;
    let living = id.iter().flat_map(|id| registry.living(id));
    let mut entries: Vec<Option<Entry>> = living.map(|entry| Some(entry.clone())).collect();
    let matching = Matching::of(entries.iter().flatten().map(WorktreeMark::of));
    let worktrees = repository.worktrees()?;
    let pairs = matching.pairs(&worktrees.iter().map(mark).collect::<Vec<_>>());
    let paired = worktrees.into_iter().zip(pairs).map(|(worktree, at)| {
        let entry = at.and_then(|at| entries.get_mut(at)?.take());
        WorktreeRow { worktree: Some(worktree), entry }
    });
    let mut rows: Vec<WorktreeRow> = paired.collect();
    rows.extend(
        entries.into_iter().flatten().map(|entry| WorktreeRow { worktree: None, entry: Some(entry) }),
    );
    Ok(rows)
}

/// Returns what git knows a worktree by.
#[must_use]
pub fn mark(worktree: &GitWorktree) -> WorktreeMark<'_> {
    WorktreeMark { admin: worktree.admin.as_deref(), path: &worktree.path }
}

/// Returns the row of the linked worktree that git calls `admin`, read alone: whoever goes through many looks at each once.
///
/// # Errors
///
/// Fails when the worktree's own files cannot be read.
pub fn find_row(repository: &Repository, registry: &Registry, admin: &str) -> Result<Option<WorktreeRow>> {
    let Some(worktree) = repository.find_worktree_called(admin)? else { return Ok(None) };
    row_of(repository, registry, worktree).map(Some)
}

/// Returns the row of the main worktree, read alone; `None` for a bare repository, which has none.
///
/// # Errors
///
/// Fails when the repository's own files cannot be read.
pub fn find_main_row(repository: &Repository, registry: &Registry) -> Result<Option<WorktreeRow>> {
    let Some(worktree) = repository.find_main_worktree()? else { return Ok(None) };
    row_of(repository, registry, worktree).map(Some)
}

fn row_of(repository: &Repository, registry: &Registry, worktree: GitWorktree) -> Result<WorktreeRow> {
    let id = repository.find_id_surely()?;
    let entry = id.and_then(|id| record_of(&id, repository, registry, mark(&worktree))).cloned();
    Ok(WorktreeRow { worktree: Some(worktree), entry })
}

/// Returns the living record of that worktree of the repository.
#[must_use]
pub fn find_record<'a>(
    repository: &Repository,
    registry: &'a Registry,
    worktree: WorktreeMark<'_>,
) -> Option<&'a Entry> {
    record_of(&repository.find_id()?, repository, registry, worktree)
}

fn record_of<'a>(
    id: &RepositoryId,
    repository: &Repository,
    registry: &'a Registry,
    worktree: WorktreeMark<'_>,
) -> Option<&'a Entry> {
    let mut closest = Closest::to(worktree);
    for entry in registry.entries().filter(|entry| entry.repository_id == *id && entry.is_living()) {
        closest.consider(WorktreeMark::of(entry), || entry);
    }
    closest.find(|admin| repository.has_worktree(admin)).copied()
}

/// Returns the living record of the worktree that the repository stands in, whose folder is where it is now.
#[must_use]
pub fn find_current<'a>(repository: &Repository, registry: &'a Registry) -> Option<&'a Entry> {
    let current = repository.current()?;
    let mark = WorktreeMark { admin: current.admin.as_deref(), path: &current.path };
    find_record(repository, registry, mark)
}

/// Returns the words by which people know a row. One that was released in passing goes on being known by what it was
/// called, as long as git lists it.
#[must_use]
pub fn candidate(row: &WorktreeRow, registry: &Registry, repository: &Repository) -> NamedWorktree {
    let remembered = || {
        let (worktree, id) = (row.worktree.as_ref()?, repository.find_id()?);
        registry.find_former_identifier(&id, worktree.admin.as_deref()?, &worktree.path).map(str::to_owned)
    };
    let returning = row.worktree.as_ref().and_then(|worktree| worktree.returning.as_ref());
    let branch = row.branch().or_else(|| Some(returning?.branch.as_str()));
    NamedWorktree {
        name: row.name(),
        identifier: row.entry.as_ref().map(|entry| entry.identifier.clone()).or_else(remembered),
        branch: branch.map(ToOwned::to_owned),
        path: row.path().to_path_buf(),
    }
}

/// Returns the position of the innermost worktree that `folder` lies in.
#[must_use]
pub fn position_of(rows: &[WorktreeRow], folder: &Path) -> Option<usize> {
    let containing = rows.iter().enumerate().filter(|(_, row)| folder.starts_with(row.path()));
    containing.max_by_key(|(_, row)| row.path().components().count()).map(|(index, _)| index)
}

/// Resolves the links in `path` where it exists.
#[must_use]
pub fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
