//! Finds the disputes over ports: nearly all allocations are in nobody's way, and only the others are looked at closely.

use std::collections::{BTreeSet, HashMap};

use super::situations::{self, situations};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::listeners;
use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::dispute::{Dispute, DisputeTrouble};
use crate::model::port::doubled;
use crate::model::port::listener::Listener;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// Returns the disputes in which a worktree of the repository we stand in has part; outside of one, all of them.
///
/// # Errors
///
/// Fails when the registry or the kernel's sockets cannot be read.
pub fn disputes(context: &Context) -> Result<Vec<Dispute>> {
    let registry = context.store()?.read()?;
    Ok(of_here(context, all(context, &registry)?))
}

/// As [`disputes`], where the sockets of the machine were seen already.
#[must_use]
pub fn among(context: &Context, registry: &Registry, sockets: &[Listener]) -> Vec<Dispute> {
    let held = sockets.iter().map(|socket| socket.port).collect();
    let busy = owner::among(sockets, &doubtful(registry, &held));
    let found = situations::of_seen(context, registry, &busy);
    of_here(context, found.iter().filter_map(Dispute::find).collect())
}

/// Those in which a worktree of the repository we stand in has part; outside of one, all of them.
fn of_here(context: &Context, mut found: Vec<Dispute>) -> Vec<Dispute> {
    if let Some(repository) = &context.repository {
        let id = repository.find_id();
        found.retain(|dispute| id.as_ref().is_some_and(|id| dispute.concerns(id)));
    }
    found
}

/// Returns the disputes of all repositories, by port.
///
/// # Errors
///
/// As [`disputes`].
pub fn all(context: &Context, registry: &Registry) -> Result<Vec<Dispute>> {
    let held: BTreeSet<Port> = listeners()?.into_iter().map(|socket| socket.port).collect();
    let ports = doubtful(registry, &held);
    if ports.is_empty() {
        return Ok(Vec::new());
    }
    Ok(situations(context, registry, &ports)?.iter().filter_map(Dispute::find).collect())
}

/// The ports of the registry's that somebody holds, or that several have.
fn doubtful(registry: &Registry, held: &BTreeSet<Port>) -> Vec<Port> {
    let mut counted: HashMap<Port, usize> = HashMap::new();
    for port in registry.entries().filter(|entry| entry.is_living()).flat_map(Entry::ports) {
        *counted.entry(port).or_default() += 1;
    }
    let is_doubtful = |port: &Port| held.contains(port) || counted.get(port).is_some_and(|count| *count > 1);
    let mut ports: Vec<Port> = counted.keys().copied().filter(is_doubtful).collect();
    ports.sort_unstable();
    ports
}

/// Answers whether that claim to a doubled port is one that moves.
///
/// # Errors
///
/// As [`disputes`].
pub fn must_move(
    context: &Context,
    registry: &Registry,
    sequence: u64,
    service: &ServiceName,
    port: Port,
) -> Result<bool> {
    let found = situations(context, registry, &[port])?;
    Ok(found.iter().filter_map(Dispute::find).any(|dispute| match &dispute.trouble {
        DisputeTrouble::Doubled { tenants } => doubled::moves(tenants, sequence, service),
        DisputeTrouble::Held { .. } => false,
    }))
}
