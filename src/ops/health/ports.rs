//! The health of ports as a monitor asks for it: every port that a worktree has, one port, and the sums. By the registry, one
//! look at the kernel's sockets, and the last results of the checks; nothing is checked or recorded.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::report::HealthSummary;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::listeners::listeners;
use crate::model::health::recorded::HealthRecord;
use crate::model::health::state::Health;
use crate::model::port::holder::{Holder, Relation};
use crate::model::port::listener::WorktreeKey;
use crate::model::port::selection::owned_ports;
use crate::model::port::verdict::{PortVerdict, Ruling};
use crate::model::port::{Port, PortRange};
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::view::as_text;
use crate::ops::choose;
use crate::ops::ports::advice::Adviser;
use crate::ops::ports::ranges;
use crate::ops::ports::sight::{self, PortLook};

/// A port.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct PortHealth {
    pub port: Port,
    /// Who has it; absent where nobody does.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<PortTenant>,
    /// What the last check of its service found; `null` where nobody has the port, or nobody looked.
    pub healthy: Option<bool>,
    /// The same as the check said it.
    #[serde(skip)]
    pub health: Health,
    /// Whether a process holds it.
    pub in_use: bool,
    /// Whether a server may be given it.
    pub available: bool,
    pub verdict: PortVerdict,
    pub reason: String,
    pub owners: Vec<Holder>,
    /// What may be done next.
    pub recommendations: Vec<Recommendation>,
}

/// Who has a port.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PortTenant {
    pub service: ServiceName,
    pub worktree: String,
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
}

/// What may be done, in words, and the command of them.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Recommendation {
    pub text: String,
    /// `null` where a person has to choose.
    pub command: Option<String>,
}

/// Every port that a worktree has.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct AllPorts {
    pub summary: PortSummary,
    pub ports: Vec<PortHealth>,
}

/// How many of them are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PortSummary {
    pub total: usize,
    #[serde(flatten)]
    pub by_state: HealthSummary,
}

/// The sums over all ranges of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Totals {
    /// How many ports there are in all ranges.
    pub total: usize,
    /// Those that neither the registry nor the machine calls taken, and that are not excluded.
    pub free: usize,
    /// Those that a process holds.
    pub in_use: usize,
    /// Those that a worktree has.
    pub tracked: usize,
    /// Those of them that are pinned.
    pub locked: usize,
    /// What could not be looked at.
    pub errors: Vec<String>,
}

/// Looks at every port that a worktree of this machine has.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn all(context: &Context) -> Result<AllPorts> {
    let registry = context.store()?.read()?;
    let host = context.host.name();
    let entries: Vec<&Entry> =
        registry.entries().filter(|entry| entry.is_living() && entry.host == host).collect();
    let ports: BTreeSet<Port> = entries.iter().flat_map(|entry| entry.ports()).collect();
    let ports: Vec<Port> = ports.into_iter().collect();
    let seen = sight::see_all(context, &registry, &ports, PortLook::Sockets)?;
    let adviser = Adviser::new(context, &registry);
    let mut summary = PortSummary::default();
    let mut found = Vec::new();
    for entry in entries {
        let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
        for allocation in &entry.allocations {
            let Some(port) = allocation.find_port() else { continue };
            let Ok(at) = seen.binary_search_by_key(&port, |(situation, _)| situation.port) else { continue };
            let (situation, ruling) = &seen[at];
            let ruling = sight::seen_from(situation, ruling, &key);
            let health = HealthRecord::state_of(allocation.health.as_ref());
            let tenant = PortTenant {
                service: allocation.service.clone(),
                worktree: entry.name.clone(),
                repository: entry.repository.clone(),
            };
            let row = of(&adviser, Some((tenant, health)), ruling)?;
            let counted = &mut summary.by_state;
            summary.total += 1;
            *match row.health {
                Health::Unknown => &mut counted.unknown,
                Health::Healthy => &mut counted.healthy,
                Health::Unhealthy => &mut counted.unhealthy,
                Health::NotRunning => &mut counted.not_running,
            } += 1;
            found.push(row);
        }
    }
    Ok(AllPorts { summary, ports: found })
}

/// Looks at one port.
///
/// # Errors
///
/// `not_found` for one that no worktree has and no range holds.
pub fn one(context: &Context, port: Port) -> Result<PortHealth> {
    let registry = context.store()?.read()?;
    let tenant = tenant(&registry, port);
    let is_ours = ranges::all(context).iter().any(|(_, range)| range.contains(port));
    if tenant.is_none() && !is_ours {
        let message = format!("no worktree has port {port}, and no range of the configuration holds it");
        return Err(Failure::new(Code::NotFound, message));
    }
    let mut rulings = sight::judge_all(context, &registry, &[port], PortLook::Closely)?;
    of(&Adviser::new(context, &registry), tenant, rulings.swap_remove(0))
}

/// Counts the ports of all ranges.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn totals(context: &Context) -> Result<Totals> {
    let registry = context.store()?.read()?;
    Ok(match listeners() {
        Ok(sockets) => {
            totals_among(context, &registry, &sockets.into_iter().map(|socket| socket.port).collect())
        }
        Err(failure) => {
            let errors = vec![failure.message().to_owned()];
            Totals { errors, ..totals_among(context, &registry, &HashSet::new()) }
        }
    })
}

/// As [`totals`], where it is known which ports are held.
#[must_use]
pub fn totals_among(context: &Context, registry: &Registry, held: &HashSet<Port>) -> Totals {
    let exclusions = choose::exclusions(context, registry);
    let tracked = owned_ports(registry);
    let ranges = ranges::all(context);
    let all: BTreeSet<Port> = ranges.iter().flat_map(|(_, range): &(_, PortRange)| range.ports()).collect();
    let is_free = |port: &&Port| {
        let excluded = ranges
            .iter()
            .filter(|(_, range)| range.contains(**port))
            .all(|(drawer, _)| ranges::is_excluded(context, &exclusions, drawer, **port));
        !excluded && !tracked.contains(port) && !held.contains(port)
    };
    let allocations =
        registry.entries().filter(|entry| entry.is_living()).flat_map(|entry| &entry.allocations);
    Totals {
        total: all.len(),
        free: all.iter().filter(is_free).count(),
        in_use: all.iter().filter(|port| held.contains(port)).count(),
        tracked: tracked.len(),
        locked: allocations.filter(|known| known.pinned).count(),
        errors: Vec::new(),
    }
}

fn tenant(registry: &Registry, port: Port) -> Option<(PortTenant, Health)> {
    let entry = registry.find_owner(port)?;
    let allocation = entry.allocations.iter().find(|known| known.find_port() == Some(port))?;
    let tenant = PortTenant {
        service: allocation.service.clone(),
        worktree: entry.name.clone(),
        repository: entry.repository.clone(),
    };
    Some((tenant, HealthRecord::state_of(allocation.health.as_ref())))
}

fn of(adviser: &Adviser<'_>, tenant: Option<(PortTenant, Health)>, ruling: Ruling) -> Result<PortHealth> {
    let next = adviser.next_step(&ruling)?;
    let recommendations = next.iter().flat_map(|text| recommendations(text));
    // Whoever else answers there is seen now, whatever the last check found.
    let health = match &tenant {
        Some(_) if is_disputed(&ruling.owners) => Health::Unhealthy,
        Some((_, health)) => *health,
        None => Health::Unknown,
    };
    let healthy = match health {
        Health::Healthy => Some(true),
        Health::Unhealthy | Health::NotRunning => Some(false),
        Health::Unknown => None,
    };
    Ok(PortHealth {
        port: ruling.port,
        tenant: tenant.map(|(tenant, _)| tenant),
        healthy,
        health,
        in_use: !ruling.owners.is_empty() || ruling.verdict == PortVerdict::Outgoing,
        available: ruling.verdict.is_free(),
        verdict: ruling.verdict,
        reason: ruling.reason,
        owners: ruling.owners,
        recommendations: recommendations.collect(),
    })
}

/// Answers whether somebody else than a worktree that has the port holds it, or answers beside its server. What may be the engine of
/// containers is left to the check: it may publish the worktree's own.
fn is_disputed(holders: &[Holder]) -> bool {
    let is_own = |holder: &Holder| holder.relation == Relation::Own;
    let mut others = holders.iter().filter(|holder| !is_own(holder) && !holder.may_serve_containers());
    let is_served = holders.iter().any(|holder| is_own(holder) && holder.is_listening());
    others.any(|holder| !is_served || holder.is_near())
}

/// What a sentence advises, a recommendation for each command where each has words of its own.
fn recommendations(text: &str) -> Vec<Recommendation> {
    let parted = text.replace(", `", "; `");
    let parts: Vec<&str> = parted.split("; ").collect();
    let has_one = |part: &&str| part.matches('`').count() == 2;
    let texts = if parts.iter().all(has_one) { parts } else { vec![text] };
    let recommended = |text: &str| Recommendation { text: text.to_owned(), command: command_in(text) };
    texts.into_iter().map(recommended).collect()
}

/// The one command that a sentence advises; `None` where it has several.
fn command_in(text: &str) -> Option<String> {
    let mut commands = text.split('`').skip(1).step_by(2);
    let command = commands.next()?;
    commands.next().is_none().then(|| command.to_owned())
}
