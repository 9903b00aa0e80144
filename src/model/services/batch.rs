//! A wish about several services at once, and when it is settled: a start that fails takes back what it started.

use std::collections::BTreeMap;
use std::time::Duration;

use super::service::{Phase, Service};
use crate::model::service::ServiceName;

/// How long everything must have been well for a start that was asked to wait.
pub const CALM: Duration = Duration::from_secs(2);

/// Which wish it is.
pub type BatchId = u64;

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To run; what was started for it is stopped again when it fails.
    Start {
        wait: bool,
    },
    Restart,
    Stop,
}

/// How a wish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// This service, for that reason.
    Failed {
        service: ServiceName,
        reason: String,
    },
    /// Whoever wished it went away, or somebody else wished the opposite.
    Ended,
}

/// A wish that is not settled yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    pub id: BatchId,
    pub kind: Kind,
    pub wanted: Vec<ServiceName>,
    /// Those that run because of it.
    pub started: Vec<ServiceName>,
    /// How it ends once those are stopped again.
    pub ending: Option<Outcome>,
    pub calm_since: Option<Duration>,
}

impl Batch {
    /// Returns the first service that makes the wish fail.
    pub fn find_failure(&self, services: &BTreeMap<ServiceName, Service>) -> Option<Outcome> {
        if self.kind == Kind::Stop {
            return None;
        }
        // What failed by itself is the cause of what only failed with it.
        let find = |of_itself: bool| {
            self.wanted.iter().find_map(|name| {
                let service = services.get(name)?;
                let is_cause = !service.plan.needs.keys().any(|need| {
                    services.get(need).is_some_and(|need| need.phase == Phase::Failed && need.plan.critical)
                });
                let is_it = service.phase == Phase::Failed && service.plan.critical && is_cause == of_itself;
                is_it.then(|| Outcome::Failed {
                    service: name.clone(),
                    reason: service.reason.clone().unwrap_or_default(),
                })
            })
        };
        find(true).or_else(|| find(false))
    }

    /// Answers whether everything wished is so.
    pub fn is_fulfilled(&self, services: &BTreeMap<ServiceName, Service>) -> bool {
        self.wanted.iter().filter_map(|name| services.get(name)).all(|service| match self.kind {
            Kind::Stop => service.is_resting(),
            Kind::Start { .. } | Kind::Restart => {
                let is_there = matches!(
                    service.phase,
                    Phase::Ready { .. } | Phase::Unhealthy { .. } | Phase::Completed | Phase::Failed
                );
                is_there && service.leaving.is_none()
            }
        })
    }

    /// Answers whether what was started for it rests again.
    pub fn is_taken_back(&self, services: &BTreeMap<ServiceName, Service>) -> bool {
        self.started.iter().filter_map(|name| services.get(name)).all(Service::is_resting)
    }
}
