//! The report as it is shown: the same for people, programs and the page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::health::state::Health;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::services::state::ServiceState;
use crate::model::view::as_text;

/// A report.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub since: Timestamp,
    pub ports: Ports,
    pub conflicts: Conflicts,
    pub actions: Vec<ActionCount>,
    pub services: Vec<Service>,
    pub idle: Vec<Idle>,
    pub recommendations: Vec<Recommendation>,
}

/// The machine's ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Ports {
    /// How many ports all ranges have together.
    pub in_ranges: usize,
    /// How many of them a worktree could be given now.
    pub free: usize,
    pub allocated: usize,
    /// How many ports of the ranges others hold that no worktree has.
    pub strangers: usize,
    /// The most that were allocated at one time, by the record of events.
    pub peak: usize,
    pub ranges: Vec<Range>,
}

/// A range, and how full it is.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Range {
    /// That of a service is `service/NAME`.
    pub range: String,
    pub capacity: usize,
    pub used: usize,
}

/// The conflicts that commands met.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Conflicts {
    pub total: u64,
    pub by_kind: BTreeMap<String, u64>,
    /// `high` where one stopped a command, `low` where other ports were taken.
    pub by_level: BTreeMap<String, u64>,
    pub by_holder: Vec<HolderCount>,
    /// By the hour of the day (UTC).
    pub by_hour: Vec<u64>,
}

/// Who held ports that others were to have, and in how many conflicts.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HolderCount {
    /// The name of the process, or of the worktree it is of.
    pub holder: String,
    pub count: u64,
}

/// What was done about conflicts.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ActionCount {
    pub action: String,
    pub outcome: String,
    pub count: u64,
}

/// A service of a worktree.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Service {
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    pub repository_name: String,
    pub worktree: String,
    pub service: ServiceName,
    pub port: Option<Port>,
    /// `null` where nobody supervises it.
    pub state: Option<ServiceState>,
    /// What the last check found.
    pub health: Health,
    /// How often it was started again in that time.
    pub restarts: u64,
    /// `null` where it was never asked.
    pub latency_ms: Option<Latency>,
    pub memory_bytes: Option<u64>,
    /// Of one processor, since its start.
    pub cpu_percent: Option<f64>,
}

/// How long checks took.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Latency {
    pub median: f64,
    pub p95: f64,
}

/// A worktree that nothing happened in: no server, no commit, no file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Idle {
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    pub repository_name: String,
    pub worktree: String,
    pub idle_s: i64,
    pub disk_bytes: u64,
}

/// What may be done.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Recommendation {
    pub text: String,
    pub command: String,
}

impl Latency {
    /// Sums up how long checks took; `None` of nothing. The nearest rank counts.
    #[must_use]
    pub fn of(mut taken: Vec<f64>) -> Option<Self> {
        taken.retain(|one| one.is_finite());
        taken.sort_by(f64::total_cmp);
        let rank = |percent: usize| {
            let at = (taken.len() * percent).div_ceil(100).max(1) - 1;
            taken.get(at).copied()
        };
        Some(Self { median: rank(50)?, p95: rank(95)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slowest_but_a_twentieth_are_told() {
        assert_eq!(Latency::of(Vec::new()), None);
        assert_eq!(Latency::of(vec![3.0]), Some(Latency { median: 3.0, p95: 3.0 }));
        let many = (1..=100).rev().map(f64::from).collect();
        assert_eq!(Latency::of(many), Some(Latency { median: 50.0, p95: 95.0 }));
    }
}
