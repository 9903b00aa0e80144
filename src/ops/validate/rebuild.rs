//! A registry made anew where the old one is beyond reading: its rows that are whole, and git's worktrees with what their
//! env blocks say. The latter come as unregistered worktrees, which the next look finds.

use crate::context::Context;
use crate::error::Result;
use crate::model::event::Event;

/// Puts what can be salvaged in the place of a registry that cannot be read; the damaged bytes are kept.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn rebuild(context: &Context) -> Result<Vec<String>> {
    let store = context.store()?;
    let mut registry = store.salvage();
    if let Some(repository) = context.repository.as_ref().filter(|repository| repository.find_id().is_some())
    {
        registry.remember_repository(repository.record()?);
    }
    let rows = registry.worktrees.len();
    if !store.replace_damaged(&registry)? {
        return Ok(Vec::new());
    }
    let now = context.now();
    store.update(|registry| {
        registry.record_event(now, Event::new("registry_rebuilt").with("rows", rows));
        Ok(())
    })?;
    Ok(vec![format!(
        "the registry was rebuilt with {rows} rows that were whole; the damaged bytes are kept beside it"
    )])
}
