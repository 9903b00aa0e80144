//! Looks which services of a worktree are served by a process of its own that no `wt up` started. One look for all
//! commands, so that they say the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::place::ServicesPlace;
use crate::context::Context;
use crate::host::net::owner::attribute;
use crate::host::process::identity;
use crate::host::services::{kin, record_file};
use crate::model::advised::wt;
use crate::model::config::settings::ServiceSettings;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::elsewhere::{Elsewhere, server};
use crate::model::services::plan::ServicePlan;
use crate::ops::ports::advice::Adviser;

/// Returns the services among `wanted`, all where none is named, that are served like that on their own port. Where the
/// machine cannot be asked nobody is seen.
pub(super) fn find(
    context: &Context,
    entry: &Entry,
    place: &ServicesPlace,
    wanted: &[ServiceName],
) -> Vec<Elsewhere> {
    let is_meant = |name: &ServiceName| {
        let settings = context.config.services.get(name);
        let is_run = settings.is_some_and(is_server);
        (is_run || !context.is_config_whole) && (wanted.is_empty() || wanted.contains(name))
    };
    let meant = entry.allocations.iter().filter(|known| is_meant(&known.service));
    let ports =
        meant.filter_map(|known| Some((known.service.clone(), known.find_port()?))).collect::<Vec<_>>();
    find_on(context, entry, place, &ports)
}

/// A container's port is held by the engine, which its own check asks.
fn is_server(settings: &ServiceSettings) -> bool {
    settings.is_runnable() && settings.listens && settings.compose.is_none()
}

/// Returns which of the `ports` are served like that.
pub(super) fn find_on(
    context: &Context,
    entry: &Entry,
    place: &ServicesPlace,
    ports: &[(ServiceName, Port)],
) -> Vec<Elsewhere> {
    let record = record_file::find(&place.wish.folder, place.wish.sequence).unwrap_or_default();
    let supervisor = record
        .supervisor
        .clone()
        .filter(|id| identity::is_from_here(id) && identity::is_alive(id))
        .map(|supervisor| supervisor.pid);
    // Nearly always all of them run, and nobody has to be looked for.
    let runs = |service: &ServiceName| {
        supervisor.is_some() && record.find(service).is_some_and(|kept| !kept.state.is_resting())
    };
    let ports: Vec<&(ServiceName, Port)> = ports.iter().filter(|(service, _)| !runs(service)).collect();
    if ports.is_empty() {
        return Vec::new();
    }
    let numbers: Vec<Port> = ports.iter().map(|(_, port)| *port).collect();
    let Ok(mut registry) = context.store().and_then(|store| store.read()) else { return Vec::new() };
    // The folder may have moved since it was written down.
    let is_it = |known: &Entry| known.sequence == entry.sequence && known.path != entry.path;
    if registry.entries().any(is_it)
        && let Some(known) = Arc::make_mut(&mut registry).find_by_sequence(entry.sequence)
    {
        known.path.clone_from(&entry.path);
    }
    let Ok(busy) = attribute(&numbers, &registry) else { return Vec::new() };
    if busy.iter().all(|busy| busy.listeners.is_empty()) {
        return Vec::new();
    }
    let recorded: Vec<ProcessId> = record.processes().cloned().collect();
    let Ok(kin) = kin::of_worktree(&place.wish.marker, &recorded, supervisor) else { return Vec::new() };
    let supervised: BTreeSet<u32> = kin.iter().map(|kin| kin.id.pid).chain(supervisor).collect();
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    let found = ports.iter().zip(&busy).filter_map(|((service, port), busy)| {
        let pid = server(&busy.listeners, &key, &supervised)?;
        Some(Elsewhere { service: service.clone(), port: *port, pid })
    });
    found.collect()
}

/// Takes those out of `plans` that are served like that, and returns them; who needs them need not wait for them.
pub(super) fn part(
    context: &Context,
    entry: &Entry,
    place: &ServicesPlace,
    plans: &mut Vec<ServicePlan>,
) -> Vec<Elsewhere> {
    let names: Vec<ServiceName> = plans.iter().map(|plan| plan.name.clone()).collect();
    let found = find(context, entry, place, &names);
    let is_found = |name: &ServiceName| found.iter().any(|known| known.service == *name);
    plans.retain(|plan| !is_found(&plan.name));
    for plan in plans.iter_mut() {
        plan.needs.retain(|name, _| !is_found(name));
    }
    found
}

/// Says that it was left, with the command that ends it.
pub(super) fn is_left(context: &Context, known: &Elsewhere) -> String {
    let registry = context.store().and_then(|store| store.read()).unwrap_or_default();
    let command = match Adviser::new(context, &registry).end(known.port) {
        Some(command) => format!("`{command}` ends it"),
        None => format!("`{}` tells more", wt("ports owner {}", &[&known.port])),
    };
    known.is_left(&command)
}
