//! Verdicts about ports: what the registry says of them, beside one look at the machine.

use std::collections::HashMap;

use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::connections;
use crate::host::net::{container, owner, probe};
use crate::host::process::users;
use crate::model::port::Port;
use crate::model::port::listener::{Listener, Probe, WorktreeKey};
use crate::model::port::verdict::{self, Evidence, Judgement, Tenant, Traffic};
use crate::model::registry::table::Registry;
use crate::ops::{choose, vanished};

/// How closely is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Sockets only: whatever has none counts as free.
    Sockets,
    /// Each port without a socket is probed, and connections are asked for where one is busy.
    Probed,
    /// Connections are asked for in any case.
    Closely,
}

/// Judges one port, closely.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn judge(context: &Context, port: Port) -> Result<Judgement> {
    let registry = vanished::read_where_they_are(context)?;
    let mut all = judge_all(context, &registry, &[port], Look::Closely)?;
    Ok(all.swap_remove(0))
}

/// Judges `ports`, in their order.
///
/// # Errors
///
/// Fails when the machine cannot be asked.
pub fn judge_all(
    context: &Context,
    registry: &Registry,
    ports: &[Port],
    look: Look,
) -> Result<Vec<Judgement>> {
    let mut sockets: HashMap<Port, Vec<Listener>> = HashMap::new();
    for busy in owner::attribute(ports, registry)? {
        if !busy.listeners.is_empty() {
            sockets.insert(busy.port, busy.listeners);
        }
    }
    let mut ask = (look != Look::Sockets).then(probe::prober);
    let mut answers: HashMap<Port, Probe> = HashMap::new();
    for port in ports {
        let answer = match &mut ask {
            _ if sockets.contains_key(port) => Probe::Busy,
            Some(probe) => probe(*port)?,
            None => Probe::Free,
        };
        answers.insert(*port, answer);
    }
    let unexplained = |port: &&Port| answers.get(port) == Some(&Probe::Busy) && !sockets.contains_key(port);
    let asks_connections = look == Look::Closely || ports.iter().any(|port| unexplained(&port));
    let connections = if asks_connections { connections(ports)? } else { Vec::new() };
    let is_dark = |socket: &Listener| {
        socket.owners.is_empty()
            || socket.owners.iter().any(|owner| verdict::serves_containers(&owner.command))
    };
    let asks_docker = sockets.values().flatten().any(is_dark)
        || ports.iter().any(|port| {
            unexplained(&port) && !connections.iter().any(|one| one.port == *port && !one.is_past)
        });
    let published = if asks_docker { container::published() } else { Vec::new() };
    let tenants = tenants(registry);
    let exclusions = choose::exclusions(context, registry);
    let user = users::ourselves();
    let judged = ports.iter().map(|port| {
        let traffic = connections.iter().filter(|one| one.port == *port).fold(Traffic::None, |seen, one| {
            if one.is_past && seen == Traffic::None {
                Traffic::Past
            } else if one.is_past {
                seen
            } else {
                Traffic::Present
            }
        });
        let own_range = context.config.is_carved_out(*port);
        let exclusion = exclusions.iter().find(|exclusion| exclusion.applies_to(*port, own_range));
        let evidence = Evidence {
            probe: answers.get(port).copied().unwrap_or(Probe::Free),
            sockets: sockets.get(port).map(Vec::as_slice).unwrap_or_default(),
            tenants: tenants.get(port).map(Vec::as_slice).unwrap_or_default(),
            exclusion: exclusion.map(|exclusion| exclusion.reason.as_str()),
            traffic,
            container: container::find(&published, *port),
            user,
        };
        verdict::judge(*port, &evidence)
    });
    Ok(judged.collect())
}

/// Who has which port, by the registry.
fn tenants(registry: &Registry) -> HashMap<Port, Vec<Tenant>> {
    let mut found: HashMap<Port, Vec<Tenant>> = HashMap::new();
    for entry in registry.entries().filter(|entry| entry.is_living()) {
        for allocation in &entry.allocations {
            let Some(port) = allocation.find_port() else { continue };
            let worktree = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
            found.entry(port).or_default().push(Tenant { worktree, service: allocation.service.clone() });
        }
    }
    found
}
