//! The three kinds of conflict over ports, each with the command that resolves it. A look: nothing is recorded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::advice::{Advice, Adviser};
use super::disputes;
use super::ranges;
use super::sight::{self, PortLook};
use crate::context::Context;
use crate::error::Result;
use crate::host::net::owner;
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::port::dispute::{DisputeTrouble, Level};
use crate::model::port::listener::Listener;
use crate::model::port::own_server::OwnServer;
use crate::model::port::selection::owned_ports;
use crate::model::port::tenant::Tenant;
use crate::model::port::verdict::{PortVerdict, Ruling};
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::services::supervision;
use crate::ops::vanished;

/// The three kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// One port, two allocations.
    Registry,
    /// Held by a process that is not of the port's worktree, or by a stranger inside our ranges.
    System,
    /// Allocated, and nobody listens.
    Mismatch,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Conflict {
    pub kind: ConflictKind,
    pub level: Level,
    /// Why that level.
    pub level_reason: String,
    #[serde(flatten)]
    pub ruling: Ruling,
    pub worktrees: Vec<Allotment>,
    /// The command that resolves it; where a person must choose, that in words.
    pub fix: String,
    /// The commands of which a person runs one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

impl Conflict {
    /// Answers whether it is more than worth knowing: something should be done about it, or its server does not run.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.kind == ConflictKind::Mismatch || self.level > Level::Low
    }
}

/// Who has the port, by the registry.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Allotment {
    pub worktree: String,
    pub service: ServiceName,
    pub allocated_at: Timestamp,
}

/// What was found, with the totals.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub conflicts: Vec<Conflict>,
    pub summary: ConflictSummary,
}

/// The totals; rows of level low are no conflicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ConflictSummary {
    /// Those that something should be done about.
    pub conflicts: usize,
    /// Conflicts of level low or none.
    pub low: usize,
    pub mismatches: usize,
}

/// Finds the conflicts of the repository we stand in; outside of one, all of them.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn conflicts(context: &Context) -> Result<Report> {
    let registry = vanished::read_where_they_are(context)?;
    let (owned, ranges) = (owned_ports(&registry), ranges::all(context));
    let is_ours = |port: Port| owned.contains(&port) || ranges.iter().any(|(_, range)| range.contains(port));
    let sockets = owner::sight_on(&registry, is_ours)?;
    among(context, &registry, &sockets)
}

/// As [`conflicts`], where the sockets of the machine were seen already; `registry` has the worktrees where they are.
///
/// # Errors
///
/// As [`conflicts`].
pub fn among(context: &Context, registry: &Registry, sockets: &[Listener]) -> Result<Report> {
    let disputes = disputes::among(context, registry, sockets);
    let adviser = Adviser::new(context, registry);
    let mut found = Vec::new();
    let doubtful: Vec<Port> = disputes.iter().map(|dispute| dispute.port).collect();
    let mut judged: BTreeMap<Port, Ruling> = BTreeMap::new();
    let busy = owner::among(sockets, &doubtful);
    for (_, ruling) in sight::see_busy(context, registry, &busy, PortLook::Probed)? {
        judged.insert(ruling.port, ruling);
    }
    for dispute in &disputes {
        let Some(ruling) = judged.get(&dispute.port).cloned() else { continue };
        let (level, level_reason) = dispute.level();
        let remedy = adviser.remedy(dispute);
        let (kind, worktrees) = match &dispute.trouble {
            DisputeTrouble::Doubled { tenants } => {
                (ConflictKind::Registry, tenants.iter().map(allotment).collect())
            }
            DisputeTrouble::Held { tenant, .. } => (ConflictKind::System, vec![allotment(tenant)]),
        };
        let fix = remedy.words();
        let choices = if let Advice::Choice(choices) = remedy { choices } else { Vec::new() };
        found.push(Conflict { kind, level, level_reason, ruling, worktrees, fix, choices });
    }
    found.extend(strangers(context, registry, sockets)?);
    found.extend(mismatches(context, registry, sockets, &doubtful)?);
    found.sort_by_key(|conflict| (conflict.kind, conflict.ruling.port));
    let count = |is_it: &dyn Fn(&&Conflict) -> bool| found.iter().filter(is_it).count();
    let summary = ConflictSummary {
        conflicts: count(&|one| one.kind != ConflictKind::Mismatch && one.level > Level::Low),
        low: count(&|one| one.kind != ConflictKind::Mismatch && one.level <= Level::Low),
        mismatches: count(&|one| one.kind == ConflictKind::Mismatch),
    };
    Ok(Report { conflicts: found, summary })
}

/// Returns the row of a worktree's own server that no `wt up` started: no conflict, and shown to a command that chooses.
///
/// # Errors
///
/// Fails when the machine cannot be asked.
pub fn row_of_own(context: &Context, registry: &Registry, server: &OwnServer) -> Result<Option<Conflict>> {
    let ruling = sight::judge_all(context, registry, &[server.port], PortLook::Sockets)?.pop();
    let entry = registry.entries().find(|entry| entry.sequence == server.sequence);
    let is_it = |known: &&Allocation| known.service == server.service;
    let known = entry.and_then(|entry| entry.allocations.iter().find(is_it));
    Ok(ruling.zip(known).map(|(ruling, known)| Conflict {
        kind: ConflictKind::System,
        level: Level::Low,
        level_reason: server.told(),
        ruling,
        worktrees: vec![Allotment {
            worktree: server.worktree.clone(),
            service: server.service.clone(),
            allocated_at: known.allocated_at,
        }],
        fix: wt("up --take-over {}", &[&server.service]).of_worktree(&server.worktree).to_string(),
        choices: Vec::new(),
    }))
}

fn allotment(tenant: &Tenant) -> Allotment {
    Allotment {
        worktree: tenant.worktree.name.clone(),
        service: tenant.service.clone(),
        allocated_at: tenant.allocated_at,
    }
}

/// Ports of our ranges that the registry calls free and somebody else holds.
fn strangers(context: &Context, registry: &Registry, sockets: &[Listener]) -> Result<Vec<Conflict>> {
    let owned = owned_ports(registry);
    let ranges = ranges::all(context);
    let is_ours =
        |port: &Port| ranges.iter().any(|(_, range)| range.contains(*port)) && !owned.contains(port);
    let held: BTreeSet<Port> = sockets.iter().map(|socket| socket.port).filter(is_ours).collect();
    let held: Vec<Port> = held.into_iter().collect();
    let judged = sight::see_busy(context, registry, &owner::among(sockets, &held), PortLook::Sockets)?;
    let foreign = judged
        .into_iter()
        .map(|(_, ruling)| ruling)
        .filter(|ruling| ruling.verdict.is_foreign() && ruling.verdict != PortVerdict::Sibling);
    let rows = foreign.map(|ruling| Conflict {
        kind: ConflictKind::System,
        level: Level::Low,
        level_reason: "no worktree has it: it is passed over".to_owned(),
        fix: wt("ports exclude {} --reason {}", &[&ruling.port, &"held by others"]).to_string(),
        ruling,
        worktrees: Vec::new(),
        choices: Vec::new(),
    });
    Ok(rows.collect())
}

/// Ports on which nothing listens, but for those of `disputed`: who keeps such a one is told there.
fn mismatches(
    context: &Context,
    registry: &Registry,
    sockets: &[Listener],
    disputed: &[Port],
) -> Result<Vec<Conflict>> {
    let here = context.repository.as_ref().map(crate::host::git::Repository::find_id);
    let is_wanted = |entry: &&Entry| {
        entry.state == EntryState::Active
            && here.as_ref().is_none_or(|here| here.as_ref() == Some(&entry.repository_id))
    };
    let entries: Vec<&Entry> = registry.entries().filter(is_wanted).collect();
    let ports = entries.iter().flat_map(|entry| entry.ports()).filter(|port| !disputed.contains(port));
    let ports: BTreeSet<Port> = ports.collect();
    let ports: Vec<Port> = ports.into_iter().collect();
    let judged = sight::see_busy(context, registry, &owner::among(sockets, &ports), PortLook::Sockets)?;
    let judged: HashMap<Port, Ruling> = judged.into_iter().map(|(_, one)| (one.port, one)).collect();
    let adviser = Adviser::new(context, registry);
    let mut found = Vec::new();
    for entry in entries {
        let asleep = supervision::asleep(context, entry);
        for allocation in entry.allocations.iter().filter(|known| !asleep.contains(&known.service)) {
            let ruling = allocation.find_port().and_then(|port| judged.get(&port));
            let Some(ruling) = ruling.filter(|one| one.verdict == PortVerdict::Allocated) else { continue };
            found.push(Conflict {
                kind: ConflictKind::Mismatch,
                level: Level::None,
                level_reason: "its server does not run".to_owned(),
                ruling: ruling.clone(),
                worktrees: vec![Allotment {
                    worktree: entry.name.clone(),
                    service: allocation.service.clone(),
                    allocated_at: allocation.allocated_at,
                }],
                fix: adviser
                    .start(entry, &allocation.service)
                    .or_else(|| adviser.give_up(entry, ruling.port))
                    .unwrap_or_default(),
                choices: Vec::new(),
            });
        }
    }
    Ok(found)
}
