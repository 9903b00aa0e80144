//! Services that start when somebody asks for them, and sleep again when nobody does.

use std::time::Duration;

use super::super::batch::{Batch, BatchId, BatchKind};
use super::super::service::{NextPhase, Phase, SupervisedService};
use super::Fleet;
use crate::model::service::ServiceName;

impl Fleet {
    /// Returns one of `services` that no request may start: nobody started it before, it was stopped, or it failed.
    #[must_use]
    pub fn find_not_up(&self, services: &[ServiceName]) -> Option<ServiceName> {
        let is_up =
            |name: &&ServiceName| self.services.get(name).is_some_and(|service| !service.is_called_off());
        services.iter().find(|name| !is_up(name)).cloned()
    }

    /// Starts those of `services` that sleep, and what they need. Whoever asked may go: what was begun goes on.
    pub(super) fn wake(&mut self, id: BatchId, services: &[ServiceName]) {
        let mut batch = Batch::new(id, BatchKind::Restart, services.to_vec());
        let mut next = services.to_vec();
        while let Some(name) = next.pop() {
            let service = self.services.get_mut(&name).filter(|service| !service.is_called_off());
            // Nobody waits for a service that was stopped: whoever needs it fails over it.
            let Some(service) = service.filter(|_| !batch.wanted.contains(&name)) else { continue };
            service.wake();
            next.extend(service.plan.needs.keys().cloned());
            batch.wanted.push(name);
        }
        self.batches.push(batch);
    }

    /// Has those sleep again that a request woke in vain: what they need is stopped, or somebody else has their port. Answers
    /// whether there were any.
    pub(super) fn sleep_on(&mut self, now: Duration) -> bool {
        let mut is_any = false;
        let batches = &self.batches;
        let is_waited_for =
            |name: &ServiceName| batches.iter().any(|batch| batch.is_open() && batch.wanted.contains(name));
        for (name, service) in &mut self.services {
            if service.phase == Phase::Failed && service.is_called && !is_waited_for(name) {
                service.sleep_on(now);
                is_any = true;
            }
        }
        is_any
    }

    /// Says why a service rests or sleeps, or that nothing keeps it from waking any more.
    pub fn explain(&mut self, name: &ServiceName, reason: Option<String>) {
        let service = self.services.get_mut(name);
        if let Some(service) = service.filter(|one| one.is_resting() || one.phase == Phase::Asleep) {
            service.reason = reason;
        }
    }

    /// Has a service sleep that nobody needs.
    pub(super) fn put_to_sleep(&mut self, name: &ServiceName) {
        if self.is_needed(name) {
            return;
        }
        let Some(service) = self.services.get_mut(name) else { return };
        let is_up = matches!(service.phase, Phase::Ready { .. } | Phase::Unhealthy { .. });
        if is_up && service.leaving.is_none() && service.plan.on_demand {
            service.leave(NextPhase::Asleep);
        }
    }

    /// Answers whether another service that is up, or on its way, needs it.
    #[must_use]
    pub fn is_needed(&self, name: &ServiceName) -> bool {
        let is_up = |service: &&SupervisedService| !service.is_resting() && service.phase != Phase::Asleep;
        self.services.values().filter(is_up).any(|service| service.plan.needs.contains_key(name))
    }
}
