//! The last steps of a create: the env block and the record as *active*. Also what finishes a create that was whole when
//! its process died.

use super::claim;
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::env_files::{WrittenEnv, follow};

/// Writes the env block, locks where wished, and marks the entry active; returns it with what was written.
///
/// # Errors
///
/// Fails when the env block cannot be written or the entry was taken away meanwhile.
pub fn finish(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    admin: &str,
) -> Result<(Entry, Option<WrittenEnv>)> {
    context.host.interrupt.check()?;
    let mut active = entry.clone();
    admin.clone_into(&mut active.admin);
    let written = active.env.then(|| follow(context, repository, &active)).transpose()?;
    if let EntryState::Creating { journal, .. } = &entry.state
        && let Some(reason) = &journal.lock
    {
        repository.lock_worktree(admin, Some(reason.as_str()).filter(|reason| !reason.is_empty()))?;
    }
    context.host.interrupt.check()?;
    repository.unmark(admin)?;
    active.state = EntryState::Active;
    let now = context.now();
    let finished = active.clone();
    context.store()?.update(move |registry| {
        let known = registry.find_by_sequence(finished.sequence).filter(|known| known.state == entry.state);
        let Some(known) = known else { return Err(claim::vanished(&finished.name)) };
        finished.admin.clone_into(&mut known.admin);
        known.state = EntryState::Active;
        let done = Event::new("created")
            .of(&finished.repository, &finished.name)
            .with("path", finished.path.display().to_string());
        registry.record_event(now, done);
        Ok(())
    })?;
    Ok((active, written))
}
