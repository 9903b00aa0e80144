//! Who uses a service that serves all worktrees of the repository: it is noted in the worktree's record.

use crate::context::Context;
use crate::error::Result;
use crate::model::service::ServiceName;

/// Returns those that a worktree uses.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn uses(context: &Context, sequence: u64) -> Result<Vec<ServiceName>> {
    let registry = context.store()?.read()?;
    let mut known = registry.entries().filter(|entry| entry.sequence == sequence);
    Ok(known.next().map(|entry| entry.notes.uses.read_each()).unwrap_or_default())
}

/// Notes that a worktree uses these services; returns those of which that is new.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn note_use(context: &Context, sequence: u64, services: &[ServiceName]) -> Result<Vec<ServiceName>> {
    change(context, sequence, |uses| {
        let new: Vec<ServiceName> =
            services.iter().filter(|service| !uses.contains(service)).cloned().collect();
        uses.extend(new.iter().cloned());
        new
    })
}

/// Notes that a worktree uses these services no more; returns those that it used.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn drop_use(context: &Context, sequence: u64, services: &[ServiceName]) -> Result<Vec<ServiceName>> {
    change(context, sequence, |uses| {
        let (gone, left) = std::mem::take(uses).into_iter().partition(|service| services.contains(service));
        *uses = left;
        gone
    })
}

fn change(
    context: &Context,
    sequence: u64,
    change: impl Fn(&mut Vec<ServiceName>) -> Vec<ServiceName>,
) -> Result<Vec<ServiceName>> {
    let known = context.store()?.read()?;
    let entry = known.entries().find(|entry| entry.sequence == sequence);
    let Some(mut uses) = entry.map(|entry| entry.notes.uses.read_each()) else { return Ok(Vec::new()) };
    // Nearly always there is nothing to write.
    if change(&mut uses).is_empty() {
        return Ok(Vec::new());
    }
    context.store()?.update(|registry| {
        let Some(entry) = registry.find_by_sequence(sequence) else {
            return Ok(Vec::new());
        };
        let mut uses = entry.notes.uses.read_each();
        let changed = change(&mut uses);
        if uses.is_empty() {
            entry.notes.uses.clear();
        } else {
            entry.notes.uses.write(&uses);
        }
        Ok(changed)
    })
}
