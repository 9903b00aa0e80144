//! Takes ports away together with the worktree that had them: it gets them back when it comes back.

use crate::context::Context;
use crate::error::Result;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::ops::claims;

/// Puts a record away as removed: its ports are free, and remembered for a restore. Returns it as it was.
///
/// # Errors
///
/// Fails when its claims cannot be noted.
pub fn put_away(
    context: &Context,
    registry: &mut Registry,
    sequence: u64,
    state: EntryState,
) -> Result<Option<Entry>> {
    let Some(known) = registry.find_by_sequence(sequence) else { return Ok(None) };
    let before = known.clone();
    known.state = state;
    known.allocations.clear();
    claims::note(context, known)?;
    registry.remember_ports(&before);
    Ok(Some(before))
}

/// Takes out the record for which `is_it` holds, and remembers its ports.
pub fn drop_one(registry: &mut Registry, is_it: impl Fn(&Entry) -> bool) -> Option<Entry> {
    let entry = registry.take(is_it)?;
    registry.remember_ports(&entry);
    Some(entry)
}

/// Takes out all records for which `is_it` holds, as those of worktrees that vanished.
pub fn drop_vanished(registry: &mut Registry, is_it: impl Fn(&Entry) -> bool) -> Vec<Entry> {
    let taken = registry.take_all(is_it);
    registry.remember_vanished(&taken);
    taken
}
