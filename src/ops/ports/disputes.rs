//! Finds the disputes over ports: the registry's allocations beside who holds their ports now.

use std::collections::{BTreeSet, HashMap};

use super::holders::holders_of;
use super::{kill, strays};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::listeners;
use crate::host::place::Surroundings;
use crate::model::port::Port;
use crate::model::port::dispute::{self, Dispute, Holding, Trouble};
use crate::model::port::doubled;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::tenant::Contender;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::origin;
use crate::ops::vanished::Lookout;

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

/// Returns the disputes of all repositories.
///
/// # Errors
///
/// As [`disputes`].
pub fn all(context: &Context, registry: &Registry) -> Result<Vec<Dispute>> {
    let held: BTreeSet<Port> = listeners()?.into_iter().map(|socket| socket.port).collect();
    let mut counted: HashMap<Port, usize> = HashMap::new();
    for port in active(registry).flat_map(Entry::ports) {
        *counted.entry(port).or_default() += 1;
    }
    // Nearly all allocations are in nobody's way: only the others are looked at closely.
    let doubtful = |port: &Port| held.contains(port) || counted.get(port).is_some_and(|count| *count > 1);
    let ports: Vec<Port> = counted.keys().copied().filter(doubtful).collect();
    if ports.is_empty() {
        return Ok(Vec::new());
    }
    let claims = claims(context, registry, &ports);
    Ok(dispute::disputes(&claims, &holdings(context, registry, &ports)?))
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
    Ok(all(context, registry)?.iter().any(|dispute| match &dispute.trouble {
        Trouble::Doubled { claims, .. } => dispute.port == port && doubled::moves(claims, sequence, service),
        Trouble::Held { .. } => false,
    }))
}

fn active(registry: &Registry) -> impl Iterator<Item = &Entry> {
    registry.entries().filter(|entry| entry.state == EntryState::Active)
}

fn claims(context: &Context, registry: &Registry, ports: &[Port]) -> Vec<Contender> {
    let here = Surroundings::read();
    let mut locks: HashMap<RepositoryId, Vec<u64>> = HashMap::new();
    let mut found = Vec::new();
    for entry in active(registry).filter(|entry| entry.ports().any(|port| ports.contains(&port))) {
        let locked = locks
            .entry(entry.repository_id.clone())
            .or_insert_with(|| locked(context, registry, entry))
            .contains(&entry.sequence);
        let is_elsewhere =
            entry.place.as_ref().is_some_and(|place| place.is_other_network(&here.place_of(&entry.path)));
        for allocation in &entry.allocations {
            let Some(port) = allocation.find_port().filter(|port| ports.contains(port)) else { continue };
            found.push(Contender {
                sequence: entry.sequence,
                worktree: WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() },
                service: allocation.service.clone(),
                port,
                allocated_at: allocation.allocated_at,
                pinned: allocation.pinned,
                locked,
                visible: !is_elsewhere,
                runs: false,
            });
        }
    }
    found
}

/// The entries of the repository of `one` whose worktrees a user locked; none where git cannot be asked.
fn locked(context: &Context, registry: &Registry, one: &Entry) -> Vec<u64> {
    let Some(repository) = origin::find_repository(context, one) else { return Vec::new() };
    let Ok(lookout) = Lookout::new(context, Some(&repository)) else { return Vec::new() };
    let is_locked = |entry: &&Entry| {
        let worktree = lookout.find_worktree(entry);
        worktree.is_some_and(|worktree| worktree.lock.is_some() && !worktree.initializing)
    };
    registry.living(&one.repository_id).filter(is_locked).map(|entry| entry.sequence).collect()
}

fn holdings(context: &Context, registry: &Registry, ports: &[Port]) -> Result<Vec<Holding>> {
    let ourselves = kill::ourselves();
    let past = strays::past(context, registry);
    let mut found = Vec::new();
    for (port, holders) in holders_of(ports, registry)? {
        for holder in holders {
            found.push(Holding {
                port,
                pid: holder.pid,
                started: holder.started,
                is_stray: strays::why_stray(&holder, &past).is_some(),
                refusal: kill::refusal(&holder, &ourselves, false),
                command: holder.command.unwrap_or_default(),
                folder: holder.folder,
                belongs_to: holder.belongs_to,
            });
        }
    }
    Ok(found)
}
