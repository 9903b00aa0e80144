//! Which sessions work in a worktree now, and whether its files are still being carried: marks of dead processes are shown
//! to nobody.

use crate::context::Context;
use crate::host::process::identity;
use crate::model::agent::marker::{self, Marker, SessionView};
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;

/// Returns the sessions of a worktree.
#[must_use]
pub fn sessions(context: &Context, entry: &Entry) -> Vec<SessionView> {
    if entry.notes.agents.is_absent() {
        return Vec::new();
    }
    marker::views(&marker::living(marks(entry), context.now(), &lives))
}

/// Answers whether ignored files are being carried into a worktree that is made ready.
#[must_use]
pub fn is_carrying(entry: &Entry) -> bool {
    entry.notes.readying.read().is_some_and(|readying| readying.is_carrying(identity::is_alive))
}

/// Returns the marks on a worktree, those of dead processes too.
#[must_use]
pub fn marks(entry: &Entry) -> Vec<Marker> {
    entry.notes.agents.read_each()
}

/// Writes the marks down.
pub(super) fn write(entry: &mut Entry, marks: &[Marker]) {
    match marks {
        [] => entry.notes.agents.clear(),
        marks => entry.notes.agents.write(&marks.to_vec()),
    }
}

/// Tells whether a process lives, where that can be told from here.
#[must_use]
pub fn lives(process: &ProcessId) -> Option<bool> {
    if !process.boot.is_empty() && !identity::is_of_this_boot(process) {
        return Some(false);
    }
    identity::is_from_here(process).then(|| identity::is_alive(process))
}
