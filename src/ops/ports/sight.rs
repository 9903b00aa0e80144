//! Verdicts about ports: what the registry says of them, beside one look at the machine.

use std::collections::{HashMap, HashSet};

use super::situations;
use crate::context::Context;
use crate::error::Result;
use crate::host::net::listeners::connections;
use crate::host::net::{container, owner, probe};
use crate::model::port::Port;
use crate::model::port::listener::{Busy, Probe, WorktreeKey};
use crate::model::port::situation::Situation;
use crate::model::port::verdict::{self, PortEvidence, Ruling, Traffic};
use crate::model::registry::table::Registry;
use crate::ops::host_ports;
use crate::ops::{choose, vanished};

/// How closely is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortLook {
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
pub fn judge(context: &Context, port: Port) -> Result<Ruling> {
    let registry = vanished::read_where_they_are(context)?;
    let mut all = judge_all(context, &registry, &[port], PortLook::Closely)?;
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
    look: PortLook,
) -> Result<Vec<Ruling>> {
    Ok(see_all(context, registry, ports, look)?.into_iter().map(|(_, ruling)| ruling).collect())
}

/// Returns the situation of each of `ports`, in their order, with the verdict that follows from it.
///
/// # Errors
///
/// As [`judge_all`].
pub fn see_all(
    context: &Context,
    registry: &Registry,
    ports: &[Port],
    look: PortLook,
) -> Result<Vec<(Situation, Ruling)>> {
    see_busy(context, registry, &owner::attribute(ports, registry)?, look)
}

/// As [`see_all`], of ports whose sockets were seen already.
///
/// # Errors
///
/// As [`judge_all`].
pub fn see_busy(
    context: &Context,
    registry: &Registry,
    busy: &[Busy],
    look: PortLook,
) -> Result<Vec<(Situation, Ruling)>> {
    let ports: Vec<Port> = busy.iter().map(|busy| busy.port).collect();
    let held: HashSet<Port> =
        busy.iter().filter(|busy| !busy.listeners.is_empty()).map(|busy| busy.port).collect();
    let mut ask = (look != PortLook::Sockets).then(probe::prober);
    let mut answers: HashMap<Port, Probe> = HashMap::new();
    for port in &ports {
        let answer = match &mut ask {
            _ if held.contains(port) => Probe::Busy,
            Some(probe) => probe(*port)?,
            None => Probe::Free,
        };
        answers.insert(*port, answer);
    }
    let unexplained = |port: &&Port| answers.get(port) == Some(&Probe::Busy) && !held.contains(port);
    let asks_connections = look == PortLook::Closely || ports.iter().any(|port| unexplained(&port));
    let connections = if asks_connections { connections(&ports)? } else { Vec::new() };
    let asks_docker = busy.iter().flat_map(|busy| &busy.listeners).any(situations::is_dark)
        || ports.iter().any(|port| {
            unexplained(&port) && !connections.iter().any(|one| one.port == *port && !one.is_past)
        });
    let published = if asks_docker { container::published() } else { Vec::new() };
    let exclusions = choose::exclusions(context, registry);
    // A folder that cannot be used is said where ports are given.
    let others = host_ports::others(context).unwrap_or_default();
    let ruled = situations::of_busy(context, registry, busy, &published).into_iter().map(|situation| {
        let port = situation.port;
        let traffic = connections.iter().filter(|one| one.port == port).fold(Traffic::None, |seen, one| {
            if one.is_past && seen == Traffic::None {
                Traffic::Past
            } else if one.is_past {
                seen
            } else {
                Traffic::Present
            }
        });
        let own_range = context.config.is_carved_out(port);
        let exclusion = exclusions.iter().find(|exclusion| exclusion.applies_to(port, own_range));
        let evidence = PortEvidence {
            probe: answers.get(&port).copied().unwrap_or(Probe::Free),
            exclusion: exclusion.map(|exclusion| exclusion.reason.as_str()),
            traffic,
            claim: others.get(&port),
        };
        let ruling = verdict::rule(&situation, &evidence);
        (situation, ruling)
    });
    Ok(ruled.collect())
}

/// Returns the verdict as one of several worktrees that have the port sees it: the other's server is a sibling's.
#[must_use]
pub fn seen_from(situation: &Situation, ruling: &Ruling, worktree: &WorktreeKey) -> Ruling {
    if situation.tenants.len() < 2 || situation.holders.is_empty() {
        return ruling.clone();
    }
    let evidence = PortEvidence { probe: Probe::Busy, exclusion: None, traffic: Traffic::None, claim: None };
    verdict::rule(&situation.seen_from(worktree), &evidence)
}
