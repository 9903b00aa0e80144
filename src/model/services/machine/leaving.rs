//! The order of stopping: who is still needed stays, unless all that is left only waits for each other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::service::{NextPhase, Phase, SupervisedService};
use crate::model::service::ServiceName;

type Services = BTreeMap<ServiceName, SupervisedService>;

/// By whom each is needed of those that are to be stopped too, and run still.
#[derive(Default)]
pub(super) struct Needed(BTreeMap<ServiceName, Vec<ServiceName>>);

impl Needed {
    pub fn of(services: &Services) -> Self {
        let going = services.values().filter(|service| {
            let stopping = match service.phase {
                Phase::Stopping { then } => Some(then),
                _ => service.leaving,
            };
            stopping.is_some_and(|then| then != NextPhase::Judged) && service.is_running()
        });
        let mut needed = Self::default();
        for service in going {
            for need in service.plan.needs.keys() {
                needed.0.entry(need.clone()).or_default().push(service.plan.name.clone());
            }
        }
        needed
    }

    /// Answers whether a service that is to be stopped may be stopped now.
    pub fn may_go(&self, services: &Services, service: &SupervisedService) -> bool {
        self.by(&service.plan.name).is_empty() || self.is_tangled(services, service)
    }

    fn by(&self, name: &ServiceName) -> &[ServiceName] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Answers whether it waits for itself in the end, and for nobody who ends by himself: what runs may have been planned at
    /// different times, so that each needs the other.
    fn is_tangled(&self, services: &Services, service: &SupervisedService) -> bool {
        let mut waited_for: BTreeSet<&ServiceName> = BTreeSet::new();
        let mut here = vec![service];
        while let Some(next) = here.pop() {
            let before = waited_for.len();
            let others = self.by(&next.plan.name);
            for other in others.iter().filter_map(|name| services.get(name)) {
                if waited_for.insert(&other.plan.name) {
                    here.push(other);
                }
            }
            let is_ending = matches!(next.phase, Phase::Stopping { .. });
            if is_ending || (others.is_empty() && before == waited_for.len()) {
                return false;
            }
        }
        waited_for.contains(&service.plan.name)
    }
}
