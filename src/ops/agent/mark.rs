//! What a session does, and that it ends: its marks are found by the session, wherever it stands by then.

use schemars::JsonSchema;
use serde::Serialize;

use super::sessions::{lives, marks, write};
use crate::context::Context;
use crate::error::Result;
use crate::model::agent::marker::{self, CallingAgent, Doing, Marker};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::ops::rows;

/// What became of it.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Marked {
    /// Whether a mark was changed.
    pub changed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Notes what the caller does: on its marks, else on the worktree that it stands in.
///
/// # Errors
///
/// When the registry cannot be read or written.
pub fn tell(context: &Context, caller: &CallingAgent, state: Doing) -> Result<bool> {
    let now = context.now();
    let told = |marks: &[Marker]| marker::told(marks, caller, state, now);
    let registry = context.store()?.read()?;
    if registry.entries().any(|entry| entry.is_living() && told(&marks(entry)).is_some()) {
        return change(context, |entry| told(&marks(entry)));
    }
    let Some(sequence) = here(context, &registry) else { return Ok(false) };
    if caller.session.is_none() && caller.process.is_none() {
        return Ok(false);
    }
    change(context, |entry| {
        let mut known = marker::living(marks(entry), now, &lives);
        known.push(marker::new(caller, state, now));
        (entry.sequence == sequence).then_some(known)
    })
}

/// Takes the caller's marks away, wherever they are; that there are none is fine.
///
/// # Errors
///
/// When the registry cannot be read or written.
pub fn leave(context: &Context, caller: &CallingAgent) -> Result<bool> {
    change(context, |entry| marker::left(&marks(entry), caller))
}

/// Changes the marks of living worktrees; without a change nothing is written.
fn change(context: &Context, changed: impl Fn(&Entry) -> Option<Vec<Marker>>) -> Result<bool> {
    let store = context.store()?;
    let is_news = |entry: &Entry| entry.is_living() && changed(entry).is_some_and(|new| new != marks(entry));
    if !store.read()?.entries().any(is_news) {
        return Ok(false);
    }
    store.update(|registry| {
        for entry in registry.entries_mut().filter(|entry| entry.is_living()) {
            if let Some(new) = changed(entry) {
                write(entry, &new);
            }
        }
        Ok(true)
    })
}

/// The sequence of the worktree that we stand in.
fn here(context: &Context, registry: &Registry) -> Option<u64> {
    let found = rows::find_current(context.repository.as_ref()?, registry)?;
    (found.state == EntryState::Active).then_some(found.sequence)
}
