//! Which of the idle worktrees a report may advise to remove: those that `wt remove` would take away without a question.

use jiff::SignedDuration;

use crate::context::Context;
use crate::host::net::owner;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::report::tables::Idle;
use crate::ops::find::FoundWorktree;
use crate::ops::remove::{self, RemovalLook};
use crate::ops::rows::{self, WorktreeRow, canonical};
use crate::ops::{occupants, origin};

/// How long nothing happened at least in a worktree that is better removed, whatever time a report is about.
const LEAST_IDLE: SignedDuration = SignedDuration::from_hours(24);

/// Returns those of `idle` in which nothing happened for a day, nothing would be lost, nobody is at work, and we do not stand;
/// at most that many, since every file of theirs is looked at.
pub(super) fn removable<'a>(
    context: &Context,
    registry: &Registry,
    entries: &[&Entry],
    idle: &'a [Idle],
    most: usize,
) -> Vec<&'a Idle> {
    let is_long = |one: &&Idle| one.idle_s >= LEAST_IDLE.as_secs();
    let mut long = idle.iter().filter(is_long).peekable();
    if long.peek().is_none() {
        return Vec::new();
    }
    let listeners = owner::sight(registry).ok();
    let is_removable = |one: &&Idle| {
        let is_it = |entry: &&&Entry| entry.repository == one.repository && entry.name == one.worktree;
        entries.iter().find(is_it).is_some_and(|entry| {
            occupants::business(context, entry, listeners.as_deref()).is_none()
                && goes_without_loss(context, registry, entry)
        })
    };
    long.filter(is_removable).take(most).collect()
}

fn goes_without_loss(context: &Context, registry: &Registry, entry: &Entry) -> bool {
    let Some(repository) = origin::find_repository(context, entry) else { return false };
    let Ok(Some(row)) = rows::find_row(&repository, registry, &entry.admin) else { return false };
    let is_sound = |row: &WorktreeRow| {
        row.worktree.as_ref().is_some_and(|known| known.broken.is_none() && known.lock.is_none())
            && row.entry.as_ref().is_some_and(|known| known.sequence == entry.sequence)
    };
    if !is_sound(&row) || canonical(&context.folder).starts_with(canonical(row.path())) {
        return false;
    }
    let look = RemovalLook::Losses { with_branch: false };
    let target = remove::inspect(context, &repository, FoundWorktree::from(row), look);
    target.is_ok_and(|target| target.losses.is_empty())
}
