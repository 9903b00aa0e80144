//! The metrics of this repository, or of all: everything is read at the moment it is asked for, and nothing is written.

use std::collections::HashMap;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use super::{events, ports, validate, vanished};
use crate::context::Context;
use crate::error::Result;
use crate::host::events::counters;
use crate::host::net::owner;
use crate::model::config::problem::Problem;
use crate::model::event::tally::Tally;
use crate::model::finding::Severity;
use crate::model::health::recorded::HealthRecord;
use crate::model::health::state::Health;
use crate::model::metrics::{self, Family, ServiceRow, Snapshot};
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::services::state::ServiceState;
use crate::model::short_names::ShortNames;
use crate::ops::services::usage::{self, ServiceUsage};

/// How old the last look of a supervisor may be: it looks every few seconds.
const RECENT: SignedDuration = SignedDuration::from_mins(2);

/// The metrics.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub families: Vec<Family>,
    /// What is wrong with what was read.
    #[serde(skip)]
    pub warning: Option<String>,
}

/// Returns the metrics; everybody's where `all` says so, or outside of a repository. What was counted is everybody's always.
///
/// # Errors
///
/// Fails when the registry, the log or the machine cannot be read.
pub fn metrics(context: &Context, config_problems: Vec<Problem>) -> Result<Report> {
    let registry = vanished::read_where_they_are(context)?;
    // One look at the machine's sockets for all who ask about them.
    let sockets = owner::sight(&registry)?;
    let names = ShortNames::of(&registry);
    let here = context.repository.as_ref().map(crate::host::git::Repository::find_id);
    let is_wanted =
        |entry: &&Entry| here.as_ref().is_none_or(|here| here.as_ref() == Some(&entry.repository_id));
    let entries: Vec<&Entry> = registry.entries().filter(is_wanted).collect();
    let living: Vec<&Entry> = entries.iter().copied().filter(|entry| entry.is_living()).collect();
    let (tally, warning) = tally(context, &registry)?;
    let allocations = living.iter().flat_map(|entry| {
        let purpose = entry.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
        entry
            .allocations
            .iter()
            .map(move |known| (purpose.clone(), HealthRecord::state_of(known.health.as_ref()).as_str()))
    });
    let looks = living.iter().flat_map(|entry| &entry.allocations);
    let looks =
        looks.filter_map(|known| HealthRecord::find(known.health.as_ref()?)).map(|seen| seen.checked_at);
    let request = validate::Request {
        verify_ports: true,
        all: context.repository.is_none(),
        config_problems,
        ..validate::Request::default()
    };
    let findings = validate::validate_among(context, &request, &sockets)?.findings;
    let snapshot = Snapshot {
        version: env!("CARGO_PKG_VERSION"),
        worktrees: entries
            .iter()
            .map(|entry| (names.name(&entry.repository_id).to_owned(), state(&entry.state)))
            .collect(),
        allocations: allocations.collect(),
        ranges: ports::list::capacities(context, &registry),
        conflicts: conflicts(context, &registry, &sockets)?,
        services: services(context, &living, &names, &tally),
        tally,
        findings: findings.iter().map(|finding| (finding.code.code(), word(finding.severity))).collect(),
        last_look: looks.max(),
    };
    Ok(Report { families: metrics::families(&snapshot, context.config.metrics), warning })
}

/// Returns how often everything happened, and what is wrong with the file that keeps it. What the registry counted before there were counters beside it stays counted.
///
/// # Errors
///
/// Fails when the log cannot be read.
fn tally(context: &Context, registry: &Registry) -> Result<(Tally, Option<String>)> {
    let dirs = context.host.dirs()?;
    let (mut tally, is_damaged) =
        counters::count(dirs.state()).map_err(|error| events::unread(dirs.state(), error))?;
    for known in registry.counters.iter() {
        let purpose = known.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
        tally.at_least(&known.kind, &purpose, known.service.as_str(), known.count);
    }
    let warning = is_damaged.then(|| {
        let file = dirs.state().join("counters.json");
        format!("{} is damaged: what happened is counted from the log of events alone", file.display())
    });
    Ok((tally, warning))
}

fn state(state: &EntryState) -> &'static str {
    match state {
        EntryState::Creating { .. } => "creating",
        EntryState::Active => "active",
        EntryState::Removing { .. } => "removing",
        EntryState::Removed { .. } => "removed",
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn conflicts(
    context: &Context,
    registry: &Registry,
    sockets: &[Listener],
) -> Result<Vec<(&'static str, usize)>> {
    use ports::conflicts::ConflictKind;
    let report = ports::conflicts::among(context, registry, sockets)?;
    let kinds = [
        (ConflictKind::Registry, "registry"),
        (ConflictKind::System, "system"),
        (ConflictKind::Mismatch, "mismatch"),
    ];
    let count =
        |kind: ConflictKind| report.conflicts.iter().filter(|one| one.kind == kind && one.counts()).count();
    Ok(kinds.into_iter().map(|(kind, word)| (word, count(kind))).collect())
}

fn services(context: &Context, entries: &[&Entry], names: &ShortNames, tally: &Tally) -> Vec<ServiceRow> {
    let active: Vec<&Entry> =
        entries.iter().copied().filter(|entry| entry.state == EntryState::Active).collect();
    let used = usage::of_all(context, &active, context.now().checked_sub(RECENT).unwrap_or_default());
    let mut rows = Vec::new();
    for (entry, used) in active.iter().zip(&used) {
        let repository = names.name(&entry.repository_id);
        let known: HashMap<&ServiceName, &ServiceUsage> =
            used.iter().map(|one| (&one.service, one)).collect();
        let allocated = entry.allocations.iter().map(|allocation| &allocation.service);
        let others = used
            .iter()
            .map(|one| &one.service)
            .filter(|name| entry.allocations.iter().all(|allocation| allocation.service != **name));
        let seen_at = entry.allocations.iter().filter_map(|known| known.last_listening.read());
        let given_at = entry.allocations.iter().map(|known| known.allocated_at);
        let active_at = seen_at.chain(given_at).chain([entry.created_at]).max().unwrap_or(entry.created_at);
        for service in allocated.chain(others) {
            let allocation = entry.allocations.iter().find(|known| known.service == *service);
            let recorded = allocation.and_then(|known| HealthRecord::find(known.health.as_ref()?));
            let one = known.get(service);
            let is_healthy = recorded.as_ref().is_some_and(|seen| seen.state == Health::Healthy);
            rows.push(ServiceRow {
                repository: repository.to_owned(),
                worktree: entry.name.clone(),
                service: service.to_string(),
                // Where nobody supervises it the last look tells.
                is_up: one.map_or(is_healthy, |one| {
                    matches!(one.state, ServiceState::Ready | ServiceState::Asleep)
                }),
                port: allocation.and_then(Allocation::find_port).map(Port::number),
                restarts: tally.restarts_of(&entry.repository, &entry.name, service.as_str()),
                memory_bytes: one.and_then(|one| one.memory_bytes),
                cpu_seconds: one.and_then(|one| one.cpu_seconds),
                check_seconds: one
                    .and_then(|one| one.latencies_ms.last().copied())
                    .or_else(|| recorded.and_then(|seen| seen.latency_ms))
                    .map(|ms| ms / 1000.0),
                active_at,
            });
        }
    }
    rows
}
