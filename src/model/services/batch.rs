//! A wish about several services at once, and when it is settled: a start that fails takes back what it started.

use std::collections::BTreeMap;
use std::time::Duration;

use super::service::{Phase, SupervisedService};
use crate::model::service::ServiceName;

/// How long everything must have been well for a start that was asked to wait.
pub const CALM: Duration = Duration::from_secs(2);

/// How long others that are just starting may take to fail too, so that all are told at once and not one after the other.
pub const GRACE: Duration = Duration::from_millis(500);

/// Which wish it is.
pub type BatchId = u64;

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// To run; what was started for it is stopped again when it fails.
    Start {
        wait: bool,
    },
    Restart,
    Stop,
}

/// How a wish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    Done,
    /// These, the causes first.
    Failed(Vec<ServiceFailure>),
    /// Whoever wished it went away, or somebody else wished the opposite.
    Ended,
    /// These were to stop, and somebody wished them to run again.
    Undone(Vec<ServiceName>),
}

/// A service that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFailure {
    pub service: ServiceName,
    pub reason: String,
    /// Whether it only failed because another one did that it needs.
    pub is_consequence: bool,
}

/// A wish that is not settled yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    pub id: BatchId,
    pub kind: BatchKind,
    pub wanted: Vec<ServiceName>,
    /// Those that were asked for by name: the wish fails with them, critical or not.
    pub named: Vec<ServiceName>,
    /// Those that run because of it.
    pub started: Vec<ServiceName>,
    /// How it ends once those are stopped again.
    pub ending: Option<BatchOutcome>,
    pub calm_since: Option<Duration>,
    pub failing_since: Option<Duration>,
}

impl Batch {
    /// A wish that is about nothing yet.
    pub fn new(id: BatchId, kind: BatchKind, named: Vec<ServiceName>) -> Self {
        let (wanted, started) = (Vec::new(), Vec::new());
        Self { id, kind, wanted, named, started, ending: None, calm_since: None, failing_since: None }
    }

    /// Answers whether somebody waits for its services to run.
    pub fn is_open(&self) -> bool {
        self.kind != BatchKind::Stop && self.ending.is_none()
    }

    /// Returns the services that make the wish fail; what failed by itself is the cause of what only failed with it.
    pub fn failures(&self, services: &BTreeMap<ServiceName, SupervisedService>) -> Vec<ServiceFailure> {
        if self.kind == BatchKind::Stop {
            return Vec::new();
        }
        let failed = self.wanted.iter().filter_map(|name| services.get(name)).filter(|service| {
            let matters = service.plan.critical || self.named.contains(&service.plan.name);
            service.phase == Phase::Failed && matters
        });
        let mut failures: Vec<ServiceFailure> = failed
            .map(|service| ServiceFailure {
                service: service.plan.name.clone(),
                reason: service.reason.clone().unwrap_or_default(),
                is_consequence: service.is_doomed,
            })
            .collect();
        failures.sort_by_key(|failure| (failure.is_consequence, failure.service.clone()));
        failures
    }

    /// Answers whether something of it runs that is neither ready nor lost yet.
    pub fn is_undecided(&self, services: &BTreeMap<ServiceName, SupervisedService>) -> bool {
        self.wanted.iter().filter_map(|name| services.get(name)).any(|service| {
            matches!(service.phase, Phase::Starting { .. } | Phase::SettingUp) && service.leaving.is_none()
        })
    }

    /// Answers whether everything wished is so.
    pub fn is_fulfilled(&self, services: &BTreeMap<ServiceName, SupervisedService>) -> bool {
        self.wanted.iter().filter_map(|name| services.get(name)).all(|service| match self.kind {
            BatchKind::Stop => service.is_resting(),
            BatchKind::Start { .. } | BatchKind::Restart => {
                let is_there = matches!(
                    service.phase,
                    Phase::Ready { .. }
                        | Phase::Unhealthy { .. }
                        | Phase::Completed
                        | Phase::Failed
                        | Phase::Asleep
                );
                is_there && service.leaving.is_none()
            }
        })
    }

    /// Answers whether what was started for it rests again.
    pub fn is_taken_back(&self, services: &BTreeMap<ServiceName, SupervisedService>) -> bool {
        self.started.iter().filter_map(|name| services.get(name)).all(SupervisedService::is_resting)
    }
}
