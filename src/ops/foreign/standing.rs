//! The one answer to whether a worktree's code is a stranger's. Every room that runs what a configuration names, or carries
//! files, asks here.

use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::interrupt::Interrupt;
use crate::host::machine::Host;
use crate::host::store::Store;
use crate::model::advised::wt;
use crate::model::branch::Head;
use crate::model::descent::MarkedCode;
use crate::model::foreign::{self, ForeignMark, ForeignStanding, WrittenMark};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::note::Note;
use crate::model::registry::table::Registry;
use crate::ops::rows::{self, WorktreeRow};

/// Why nothing is run in a worktree that nobody named.
pub const SKIPPED: &str = "foreign";

/// Answers whether the code in a recorded worktree is a stranger's that nobody allowed: then nothing runs there but what the
/// user types, and nothing of the user's is carried into it.
#[must_use]
pub fn is_foreign(repository: &Repository, entry: &Entry) -> bool {
    of_entry(repository, entry).is_foreign
}

/// Returns how the code in a recorded worktree stands.
#[must_use]
pub fn of_entry(repository: &Repository, entry: &Entry) -> ForeignStanding {
    let is_unmade = entry.admin.is_empty() && matches!(entry.state, EntryState::Creating { .. });
    let admin = Some(entry.admin.as_str()).filter(|admin| !admin.is_empty());
    if is_unmade {
        return judged(repository, None, Some(&entry.notes.foreign), entry.branch.as_deref(), || None);
    }
    let head = head(repository, admin);
    judged(repository, admin, Some(&entry.notes.foreign), branch(head.as_ref()), || {
        commit(repository, head.as_ref())
    })
}

/// Returns how the code in a worktree stands, recorded or not.
#[must_use]
pub fn of_row(repository: &Repository, row: &WorktreeRow) -> ForeignStanding {
    let note = row.entry.as_ref().map(|entry| &entry.notes.foreign);
    match (&row.worktree, &row.entry) {
        (Some(worktree), _) => {
            judged(repository, worktree.admin.as_deref(), note, row.branch(), || worktree.commit.clone())
        }
        (None, Some(entry)) => of_entry(repository, entry),
        (None, None) => ForeignStanding::default(),
    }
}

/// Answers the same of the worktree we stand in, before any configuration was read.
#[must_use]
pub fn is_foreign_here(host: &Host, repository: &Repository) -> bool {
    let Some(current) = repository.current() else { return false };
    let registry = host.dirs().and_then(|dirs| {
        Store::<Registry>::open(dirs, std::time::Duration::ZERO, Interrupt::default()).read()
    });
    let registry = registry.unwrap_or_default();
    let entry = rows::find_current(repository, &registry);
    let head = head(repository, current.admin.as_deref());
    let note = entry.map(|entry| &entry.notes.foreign);
    let commit = || commit(repository, head.as_ref());
    judged(repository, current.admin.as_deref(), note, branch(head.as_ref()), commit).is_foreign
}

/// Returns the marked worktrees of the repository, those put away included, whichever of the two places has the mark.
pub(super) fn marked(repository: &Repository, registry: &Registry) -> Vec<MarkedCode> {
    let id = repository.find_id();
    let of_repository = |entry: &&Entry| Some(&entry.repository_id) == id.as_ref();
    let entries: Vec<&Entry> = registry.entries().filter(of_repository).collect();
    let of_record = entries.iter().filter(|entry| !entry.notes.foreign.is_absent()).filter_map(|entry| {
        let commit = match &entry.state {
            EntryState::Removing { trash, .. } | EntryState::Removed { trash } => trash.head.clone(),
            // It has no folder of git's yet, and the HEAD without one is the main worktree's.
            _ if entry.admin.is_empty() && !entry.is_main() => None,
            EntryState::Creating { .. } | EntryState::Active => {
                let admin = Some(entry.admin.as_str()).filter(|admin| !admin.is_empty());
                commit(repository, head(repository, admin).as_ref())
            }
        };
        Some(MarkedCode { mark: of_entry(repository, entry).mark?, commit })
    });
    let is_unrecorded = |admin: &String| {
        !entries.iter().any(|entry| entry.admin == *admin && !entry.notes.foreign.is_absent())
    };
    let admins = repository.marked_admins().into_iter().filter(is_unrecorded);
    let of_git = admins.filter_map(|admin| {
        let head = head(repository, Some(&admin));
        let commit = commit(repository, head.as_ref());
        let mark = judged(repository, Some(&admin), None, branch(head.as_ref()), || commit.clone()).mark?;
        Some(MarkedCode { mark, commit })
    });
    of_record.chain(of_git).collect()
}

fn head(repository: &Repository, admin: Option<&str>) -> Option<Head> {
    repository.read_head_alone(admin).ok()
}

fn branch(head: Option<&Head>) -> Option<&str> {
    match head? {
        Head::Branch(name) | Head::Unborn(name) => Some(name),
        Head::Detached(_) | Head::Unreadable(_) => None,
    }
}

fn commit(repository: &Repository, head: Option<&Head>) -> Option<String> {
    match head? {
        Head::Branch(name) | Head::Unborn(name) => repository.find_branch(name).ok().flatten(),
        Head::Detached(commit) => Some(commit.clone()),
        Head::Unreadable(_) => None,
    }
}

fn judged(
    repository: &Repository,
    admin: Option<&str>,
    note: Option<&Note<ForeignMark>>,
    branch: Option<&str>,
    commit: impl FnOnce() -> Option<String>,
) -> ForeignStanding {
    let record = match note {
        Some(note) if !note.is_absent() => {
            note.read().map_or(WrittenMark::Unreadable, |mark| WrittenMark::Mark(Box::new(mark)))
        }
        _ => WrittenMark::Nothing,
    };
    let git = admin.map_or(WrittenMark::Nothing, |admin| repository.foreign_mark(admin));
    let is_certain = branch.is_some_and(|branch| repository.followed(branch).is_pull());
    // What is checked out counts only beside a mark, which few worktrees have.
    let is_marked = [&record, &git].into_iter().any(|one| matches!(one, WrittenMark::Mark(_)));
    let commit = is_marked.then(commit).flatten();
    foreign::standing(&record, &git, is_certain, commit.as_deref())
}

/// Refuses what a configuration wants to have run in a stranger's code.
///
/// # Errors
///
/// `untrusted`.
pub fn require_own(repository: &Repository, entry: &Entry) -> Result<()> {
    let standing = of_entry(repository, entry);
    if standing.is_foreign { Err(refusal(entry, &standing)) } else { Ok(()) }
}

/// The refusal of what a configuration wants to have run in a stranger's code.
#[must_use]
pub fn refusal(entry: &Entry, standing: &ForeignStanding) -> Failure {
    let whose = standing.pull().map(|pull| format!(" (pull request {})", pull.number)).unwrap_or_default();
    let message = format!(
        "`{}` has a stranger's code{whose}: nothing that the configuration names is run there, and nothing is carried into it",
        entry.name
    );
    let trust = wt("trust --here", &[]).at(entry.path.display());
    Failure::new(Code::Untrusted, message)
        .hint(format!("look at the code; `{trust}` allows the commit that is checked out"))
        .detail("foreign", true)
        .detail("worktree", entry.name.as_str())
}
