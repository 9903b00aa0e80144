//! Services that serve all worktrees of a repository: their ports are the main worktree's, and stand in every env block; who uses
//! one is noted in his record.

use crate::context::Context;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// Returns the record of the main worktree, where it is a member.
#[must_use]
pub fn find_main<'a>(registry: &'a Registry, repository: &'a RepositoryId) -> Option<&'a Entry> {
    registry.living(repository).find(|entry| entry.is_main())
}

/// Puts the ports of shared services in the place of those that a worktree may have of its own from before.
pub fn lay_over(context: &Context, entry: &Entry, ports: &mut Vec<(ServiceName, Port)>) {
    let names = context.config.shared_ports();
    if names.is_empty() || entry.is_main() {
        return;
    }
    let Ok(registry) = context.store().and_then(|store| store.read()) else { return };
    let Some(main) = find_main(&registry, &entry.repository_id) else { return };
    let shared: Vec<(ServiceName, Port)> =
        main.services().into_iter().filter(|(service, _)| names.contains(service)).collect();
    ports.retain(|(service, _)| !names.contains(service));
    ports.extend(shared);
}

/// Returns the names of the worktrees of a repository that use a shared service, without the one whose record has this number.
///
/// # Errors
///
/// Fails when the registry cannot be read.
pub fn users(
    context: &Context,
    repository: &RepositoryId,
    service: &ServiceName,
    without: Option<u64>,
) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    let uses =
        |entry: &&Entry| Some(entry.sequence) != without && entry.notes.uses.read_each().contains(service);
    Ok(registry.living(repository).filter(uses).map(|entry| entry.name.clone()).collect())
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

/// Notes that a worktree uses these services no more, none where none is named; returns those that it used.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn drop_use(context: &Context, sequence: u64, services: &[ServiceName]) -> Result<Vec<ServiceName>> {
    change(context, sequence, |uses| {
        let is_meant = |service: &ServiceName| services.is_empty() || services.contains(service);
        let (gone, left) = std::mem::take(uses).into_iter().partition(is_meant);
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
