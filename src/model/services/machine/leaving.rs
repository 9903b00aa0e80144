//! The order of stopping: who is still needed stays, unless all that is left only waits for each other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::service::{NextPhase, Phase, SupervisedService};
use crate::model::service::ServiceName;

type Services = BTreeMap<ServiceName, SupervisedService>;

/// Answers whether a service that is to be stopped may be stopped now.
pub(super) fn may_go(services: &Services, service: &SupervisedService) -> bool {
    dependents(services, service).next().is_none() || is_tangled(services, service)
}

/// Those that are to be stopped too, run still, and need it.
fn dependents<'a>(
    services: &'a Services,
    service: &'a SupervisedService,
) -> impl Iterator<Item = &'a SupervisedService> {
    services.values().filter(|other| {
        let stopping = match other.phase {
            Phase::Stopping { then } => Some(then),
            _ => other.leaving,
        };
        let goes = stopping.is_some_and(|then| then != NextPhase::Judged);
        goes && other.is_running() && other.plan.needs.contains_key(&service.plan.name)
    })
}

/// Answers whether it waits for itself in the end, and for nobody who ends by himself: what runs may have been planned at
/// different times, so that each needs the other.
fn is_tangled(services: &Services, service: &SupervisedService) -> bool {
    let mut waited_for: BTreeSet<&ServiceName> = BTreeSet::new();
    let mut here = vec![service];
    while let Some(next) = here.pop() {
        let before = waited_for.len();
        let mut is_held_up = false;
        for other in dependents(services, next) {
            is_held_up = true;
            if waited_for.insert(&other.plan.name) {
                here.push(other);
            }
        }
        let is_ending = matches!(next.phase, Phase::Stopping { .. });
        if is_ending || (!is_held_up && before == waited_for.len()) {
            return false;
        }
    }
    waited_for.contains(&service.plan.name)
}
