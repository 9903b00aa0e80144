//! Finds the disputes over ports: nearly all allocations are in nobody's way, and only the others are looked at closely.

use std::collections::{BTreeSet, HashMap};

use super::situations::situations;
use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::listeners;
use crate::model::port::Port;
use crate::model::port::dispute::{Dispute, DisputeTrouble};
use crate::model::port::doubled;
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
    let mut found = all(context, &registry)?;
    if let Some(repository) = &context.repository {
        let id = repository.find_id();
        found.retain(|dispute| id.as_ref().is_some_and(|id| dispute.concerns(id)));
    }
    Ok(found)
}

/// Returns the disputes of all repositories, by port.
///
/// # Errors
///
/// As [`disputes`].
pub fn all(context: &Context, registry: &Registry) -> Result<Vec<Dispute>> {
    let held: BTreeSet<Port> = listeners()?.into_iter().map(|socket| socket.port).collect();
    let mut counted: HashMap<Port, usize> = HashMap::new();
    for port in registry.entries().filter(|entry| entry.is_living()).flat_map(Entry::ports) {
        *counted.entry(port).or_default() += 1;
    }
    let doubtful = |port: &Port| held.contains(port) || counted.get(port).is_some_and(|count| *count > 1);
    let mut ports: Vec<Port> = counted.keys().copied().filter(doubtful).collect();
    ports.sort_unstable();
    if ports.is_empty() {
        return Ok(Vec::new());
    }
    Ok(situations(context, registry, &ports)?.iter().filter_map(Dispute::find).collect())
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
