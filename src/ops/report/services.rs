//! The services of a report: by their supervisors, the last checks and the record of events.

use jiff::Timestamp;

use crate::context::Context;
use crate::model::event::tally::Tally;
use crate::model::health::recorded::HealthRecord;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::report::tables::{Latency, Service};
use crate::model::service::ServiceName;
use crate::model::short_names::ShortNames;
use crate::ops::services::usage::{self, ServiceUsage};

pub(super) fn services(
    context: &Context,
    entries: &[&Entry],
    names: &ShortNames,
    tally: &Tally,
    since: Timestamp,
) -> Vec<Service> {
    let used = usage::of_all(context, entries, since);
    let mut rows = Vec::new();
    for (entry, used) in entries.iter().zip(&used) {
        let has_port = |name: &ServiceName| entry.allocations.iter().any(|known| known.service == *name);
        let allocated = entry.allocations.iter().map(|known| &known.service);
        let others = used.iter().map(|one| &one.service).filter(|name| !has_port(name));
        for name in allocated.chain(others) {
            let one = used.iter().find(|one| one.service == *name);
            rows.push(service(entry, names.name(&entry.repository_id), name, one, tally));
        }
    }
    rows
}

fn service(
    entry: &Entry,
    repository_name: &str,
    name: &ServiceName,
    used: Option<&ServiceUsage>,
    tally: &Tally,
) -> Service {
    let allocation = entry.allocations.iter().find(|known| known.service == *name);
    let recorded = allocation.and_then(|known| known.health.as_ref());
    // What its supervisor saw tells more than the last look of somebody else.
    let mut taken = used.map(|one| one.latencies_ms.clone()).unwrap_or_default();
    if taken.is_empty() {
        taken.extend(recorded.and_then(HealthRecord::find).and_then(|seen| seen.latency_ms));
    }
    let cpu = used.and_then(|one| {
        let (spent, time) = (one.cpu_seconds?, one.uptime_s?);
        (time > 0.0).then(|| (spent / time * 1000.0).round() / 10.0)
    });
    Service {
        repository: entry.repository.clone(),
        repository_name: repository_name.to_owned(),
        worktree: entry.name.clone(),
        service: name.clone(),
        port: allocation.and_then(Allocation::find_port),
        state: used.map(|one| one.state),
        health: HealthRecord::state_of(recorded),
        restarts: tally.restarts_of(&entry.repository, &entry.name, name.as_str()),
        latency_ms: Latency::of(taken),
        memory_bytes: used.and_then(|one| one.memory_bytes),
        cpu_percent: cpu,
    }
}
