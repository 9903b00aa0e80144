//! What follows a change of hands: the env files, and where they cannot follow, the record as it was. They would tell a
//! server the old port while the record says the new one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::ops::claims;
use crate::ops::env_files::{WrittenEnv, follow};
use crate::ops::{env, env_behind, rows};

/// A record before and after it was changed under the lock.
#[derive(Clone, Debug)]
pub struct RecordChange {
    /// `None` for a record that is new.
    pub before: Option<Entry>,
    pub after: Entry,
    /// Says to others that the env files are behind, for as long as this is known.
    behind: Option<Arc<FileHold>>,
}

impl RecordChange {
    /// A change that the env files follow: where it gives or takes ports it is said first that they are behind.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`; nothing may be recorded then.
    pub fn new(context: &Context, before: Option<Entry>, after: Entry) -> Result<Self> {
        let mut change = Self::alone(before, after);
        if change.after.env && (change.won().next().is_some() || change.lost().next().is_some()) {
            change.behind = Some(Arc::new(env_behind::say(context, &change.after)?));
        }
        Ok(change)
    }

    /// A change that no env file follows yet.
    #[must_use]
    pub fn alone(before: Option<Entry>, after: Entry) -> Self {
        Self { before, after, behind: None }
    }

    /// The allocations that the change took away, with where they stood.
    fn lost(&self) -> impl Iterator<Item = (usize, &Allocation)> {
        let before = self.before.iter().flat_map(|before| before.allocations.iter().enumerate());
        before.filter(|(_, known)| !has(&self.after, known))
    }

    /// The allocations that the change gave.
    fn won(&self) -> impl Iterator<Item = &Allocation> {
        let is_new = |known: &&Allocation| !self.before.as_ref().is_some_and(|before| has(before, known));
        self.after.allocations.iter().filter(is_new)
    }
}

/// Takes and gives back the claims of a change that was recorded, and has the env files follow. Where that cannot be, the
/// record is as it was, with `undone` in the history, but for a port that somebody was given meanwhile. `place` is where the
/// worktree stands; without it git is asked. A folder that is gone reads no port: a change that only gives up needs no env
/// file there.
///
/// # Errors
///
/// What stops the env files; the change is taken back then.
pub fn follow_or_take_back(
    context: &Context,
    repository: &Repository,
    change: &RecordChange,
    place: Option<&Path>,
    undone: Option<&Event>,
) -> Result<Option<WrittenEnv>> {
    let taken = claims::take(context, change.before.as_ref(), &change.after);
    let written = taken.and_then(|()| {
        if !change.after.env {
            return Ok(None);
        }
        let path = place_of(context, repository, &change.after, place)?;
        if change.won().next().is_none() && change.lost().next().is_some() && !path.is_dir() {
            return Ok(None);
        }
        follow(context, repository, &Entry { path, ..change.after.clone() }).map(Some)
    });
    match written {
        Ok(written) => {
            claims::let_go(context, change.before.as_ref(), Some(&change.after));
            Ok(written)
        }
        Err(failure) => {
            let mut failure = undo(context, change, undone, failure);
            if change.before.as_ref().is_none_or(|before| !before.env)
                && let Err(further) = env::forget_exclude(context, repository, &change.after.repository_id)
            {
                failure = beside(&failure, &further);
            }
            Err(failure)
        }
    }
}

/// Takes the claims of a change that no env file follows yet; where they are not to be had, the record is as it was.
pub(super) fn claim_or_take_back(context: &Context, change: &RecordChange) -> Result<()> {
    claims::take(context, change.before.as_ref(), &change.after)
        .map_err(|failure| undo(context, change, None, failure))
}

/// Takes the change back, its claims too: an answer that never came may have granted them. Returns why, and what could not
/// be taken back.
fn undo(context: &Context, change: &RecordChange, undone: Option<&Event>, failure: Failure) -> Failure {
    let taken_back = take_back(context, change, undone);
    claims::let_go(context, Some(&change.after), change.before.as_ref());
    match taken_back {
        Ok(()) => failure,
        Err(further) => beside(&failure, &further),
    }
}

fn beside(failure: &Failure, further: &Failure) -> Failure {
    let message = format!("{}\nand it could not be taken back: {}", failure.message(), further.message());
    let hint = failure.next_step().map(ToOwned::to_owned);
    let both = Failure::new(failure.code(), message);
    if let Some(hint) = hint { both.hint(hint) } else { both }
}

/// Refuses a record whose worktree is being made or put away.
///
/// # Errors
///
/// `locked` while it is being created or removed.
pub fn require_active(entry: &Entry) -> Result<()> {
    let doing = if entry.is_being_renamed() { "being renamed" } else { entry.state.as_str() };
    if entry.state == EntryState::Active && !entry.is_being_renamed() {
        return Ok(());
    }
    let message = format!("`{}` is {doing} just now", entry.name);
    Err(Failure::new(Code::Locked, message).hint("try again when that is done"))
}

/// git knows where a worktree stands that was moved since it was recorded.
fn place_of(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    place: Option<&Path>,
) -> Result<PathBuf> {
    if let Some(place) = place {
        return Ok(place.to_path_buf());
    }
    let rows = rows::rows(repository, &*context.store()?.read()?)?;
    let is_it =
        |row: &&rows::WorktreeRow| row.entry.as_ref().is_some_and(|known| known.sequence == entry.sequence);
    Ok(rows.iter().find(is_it).map_or_else(|| entry.path.clone(), |row| row.path().to_path_buf()))
}

fn take_back(context: &Context, change: &RecordChange, undone: Option<&Event>) -> Result<()> {
    let now = context.now();
    let sequence = change.after.sequence;
    context.store()?.update(|registry| {
        match &change.before {
            None => drop(registry.take(|known| known.sequence == sequence)),
            Some(before) => put_back(context, registry, change, before)?,
        }
        if let (Some(event), true) = (undone, registry.find_by_sequence(sequence).is_some()) {
            registry.record_event(now, event.clone());
        }
        Ok(())
    })
}

fn put_back(context: &Context, registry: &mut Registry, change: &RecordChange, before: &Entry) -> Result<()> {
    let after = &change.after;
    // What the change itself gave is nobody else's.
    let others: Vec<Port> = registry
        .entries()
        .filter(|entry| entry.is_living() && entry.sequence != after.sequence)
        .flat_map(|entry| entry.ports().collect::<Vec<_>>())
        .collect();
    let Some(known) = registry.find_by_sequence(after.sequence) else { return Ok(()) };
    known.allocations.retain(|known| !change.won().any(|won| is_same(won, known)));
    for (at, lost) in change.lost() {
        let is_theirs = lost.find_port().is_some_and(|port| others.contains(&port));
        if !is_theirs && !has(known, lost) {
            known.allocations.insert(at.min(known.allocations.len()), lost.clone());
        }
    }
    if before.notes.claims != after.notes.claims {
        known.notes.claims = before.notes.claims.clone();
        claims::note(context, known)?;
    }
    if before.branch != after.branch && known.branch == after.branch {
        known.branch.clone_from(&before.branch);
    }
    if before.env != after.env {
        known.env = before.env;
    }
    Ok(())
}

fn is_same(one: &Allocation, other: &Allocation) -> bool {
    one.service == other.service && one.port == other.port
}

fn has(entry: &Entry, allocation: &Allocation) -> bool {
    entry.allocations.iter().any(|known| is_same(known, allocation))
}
