//! What the services of many worktrees use, and how they stand: by their supervisors, else by what is on record.

use std::time::Duration;

use jiff::Timestamp;

use super::supervision;
use crate::context::Context;
use crate::host::services::kin;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::state::ServiceState;

/// How long the supervisors may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// A service, and what its processes use.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceUsage {
    pub service: ServiceName,
    pub state: ServiceState,
    pub port: Option<Port>,
    pub restarts: u32,
    /// `None` where nothing of it runs.
    pub memory_bytes: Option<u64>,
    pub cpu_seconds: Option<f64>,
    pub uptime_s: Option<f64>,
    /// How long its supervisor's checks took, the oldest first.
    pub latencies_ms: Vec<f64>,
}

/// Returns the services of each of `entries`, in the same order, with how fast they answered since then.
#[must_use]
pub fn of_all(context: &Context, entries: &[&Entry], since: Timestamp) -> Vec<Vec<ServiceUsage>> {
    let until = context.host.clock.instant() + PATIENCE;
    let now = context.now();
    let said = supervision::of_all(context, entries, Some(since), until);
    let usage = |facts: &crate::model::services::protocol::ServiceFacts| {
        let used = (!facts.pids.is_empty()).then(|| kin::usage(&facts.pids));
        ServiceUsage {
            service: facts.service.clone(),
            state: facts.state,
            port: facts.port,
            restarts: facts.restarts,
            memory_bytes: used.map(|used| used.memory_bytes),
            cpu_seconds: used.map(|used| (used.cpu_time + used.cpu_time_of_ended).as_secs_f64()),
            latencies_ms: facts.samples.iter().filter_map(|sample| sample.latency_ms).collect(),
            uptime_s: facts.since.map(|since| now.duration_since(since).as_secs_f64().max(0.0)),
        }
    };
    said.iter().map(|one| one.services().iter().map(usage).collect()).collect()
}
