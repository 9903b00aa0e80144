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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::services::plan::ServicePlan;
    use crate::model::services::sample::plan;
    use crate::model::services::service::NextPhase;

    const AT: Duration = Duration::ZERO;

    fn with(phase: Phase, leaving: Option<NextPhase>) -> BTreeMap<ServiceName, SupervisedService> {
        let mut service = SupervisedService::new(plan("web", &[]), false);
        (service.phase, service.leaving) = (phase, leaving);
        [(service.plan.name.clone(), service)].into()
    }

    fn batch(kind: BatchKind) -> Batch {
        let web: ServiceName = "web".parse().unwrap();
        Batch { wanted: vec![web.clone()], started: vec![web], ..Batch::new(1, kind, Vec::new()) }
    }

    #[test]
    fn a_wish_is_fulfilled_once_its_services_stand_as_it_says() {
        let (start, leaving) = (BatchKind::Start { wait: false }, Some(NextPhase::Again));
        for (phase, leaving, runs, rests, is_undecided) in [
            (Phase::Stopped, None, false, true, false),
            (Phase::Waiting, None, false, false, false),
            (Phase::SettingUp, None, false, false, true),
            (Phase::SettingUp, leaving, false, false, false),
            (Phase::Starting { since: AT }, None, false, false, true),
            (Phase::Starting { since: AT }, leaving, false, false, false),
            (Phase::Ready { since: AT }, None, true, false, false),
            (Phase::Ready { since: AT }, leaving, false, false, false),
            (Phase::Unhealthy { since: AT }, None, true, false, false),
            (Phase::Stopping { then: NextPhase::Stopped }, None, false, false, false),
            (Phase::Backoff { until: AT }, None, false, false, false),
            (Phase::Failed, None, true, true, false),
            (Phase::Completed, None, true, true, false),
            (Phase::Asleep, None, true, false, false),
        ] {
            let services = with(phase, leaving);
            for kind in [start, BatchKind::Restart] {
                assert_eq!(batch(kind).is_fulfilled(&services), runs, "{kind:?} {phase:?} {leaving:?}");
                assert_eq!(batch(kind).is_undecided(&services), is_undecided, "{phase:?} {leaving:?}");
                assert_eq!(batch(kind).is_taken_back(&services), rests, "{phase:?}");
            }
            assert_eq!(batch(BatchKind::Stop).is_fulfilled(&services), rests, "{phase:?}");
        }
    }

    #[test]
    fn a_wish_is_open_until_it_ends_and_a_stop_never_is() {
        assert!(batch(BatchKind::Restart).is_open() && batch(BatchKind::Start { wait: true }).is_open());
        assert!(!batch(BatchKind::Stop).is_open());
        assert!(!Batch { ending: Some(BatchOutcome::Ended), ..batch(BatchKind::Restart) }.is_open());
    }

    #[test]
    fn the_failures_of_a_wish_are_those_that_matter_the_causes_first() {
        let failed = |name: &str, critical, is_doomed| {
            let mut service = SupervisedService::new(ServicePlan { critical, ..plan(name, &[]) }, false);
            service.fail(format!("{name} failed"));
            service.is_doomed = is_doomed;
            (service.plan.name.clone(), service)
        };
        let services = [
            failed("a", true, true),
            failed("b", true, false),
            failed("c", false, false),
            failed("d", false, false),
            failed("e", true, false),
        ]
        .into();
        let names = |all: &[&str]| all.iter().map(|name| name.parse().unwrap()).collect::<Vec<ServiceName>>();
        let wish = Batch {
            wanted: names(&["a", "b", "c", "d", "gone"]),
            ..Batch::new(1, BatchKind::Restart, names(&["c"]))
        };
        let failures = wish.failures(&services);
        let said: Vec<(&str, bool)> =
            failures.iter().map(|failure| (failure.service.as_str(), failure.is_consequence)).collect();
        assert_eq!(said, [("b", false), ("c", false), ("a", true)]);
        assert_eq!(failures[0].reason, "b failed");
        assert!(Batch { kind: BatchKind::Stop, ..wish }.failures(&services).is_empty());
    }
}
