//! Each change of a service and each conflict is an event, and a line of the supervisor's own log, which is there when nobody
//! is left to ask.

use std::collections::BTreeMap;

use super::refusal::PortsRefusal;
use super::supervisor::Supervisor;
use crate::host::net::owner;
use crate::model::event::{By, Event};
use crate::model::port::Port;
use crate::model::port::refused::RefusedPort;
use crate::model::service::ServiceName;
use crate::model::services::protocol::Cause;
use crate::model::services::service::SupervisedService;
use crate::model::services::state::ServiceState;
use crate::model::services::story;

impl Supervisor<'_> {
    /// Writes down which services have changed since it was called last.
    pub fn chronicle(&mut self) {
        // One that a request woke and that could not be started slept on: it starts with its process.
        let is_called = |service: &SupervisedService, state: ServiceState| {
            let was_asleep = || {
                self.chronicled
                    .iter()
                    .any(|(name, was)| *name == service.plan.name && *was == ServiceState::Asleep)
            };
            state == ServiceState::Starting && !self.runs.contains_key(&service.plan.name) && was_asleep()
        };
        let state = |service: &SupervisedService| match service.state() {
            state if is_called(service, state) => ServiceState::Asleep,
            state => state,
        };
        let states = || self.fleet.services().values().map(|service| (&service.plan.name, state(service)));
        if states().eq(self.chronicled.iter().map(|(name, state)| (name, *state))) {
            return;
        }
        let now: Vec<(ServiceName, ServiceState)> =
            states().map(|(name, state)| (name.clone(), state)).collect();
        let before: BTreeMap<_, _> = std::mem::replace(&mut self.chronicled, now).into_iter().collect();
        let told: BTreeMap<_, _> = self.chronicled.iter().cloned().collect();
        for facts in self.facts() {
            let from = before.get(&facts.service).copied().unwrap_or_default();
            if from == facts.state || told.get(&facts.service) != Some(&facts.state) {
                continue;
            }
            let crash = self.fleet.services().get(&facts.service).and_then(SupervisedService::crash);
            let at = self.host.clock.now();
            for name in story::events(from, facts.state, crash) {
                let mut event = Event::new(name)
                    .with("service", facts.service.as_str())
                    .with("from", from.as_str())
                    .with("state", facts.state.as_str());
                if let Some(port) = facts.port {
                    event = event.with("port", port.number());
                }
                if let Some(reason) = &facts.reason {
                    event = event.with("reason", reason.as_str());
                }
                self.registrar.tell(at, event);
            }
            self.registrar.tell_health(std::iter::once(&facts), at);
            let said = if facts.news.is_empty() { facts.state.as_str() } else { &facts.news };
            self.log(&format!("{} {said}", facts.service));
        }
    }

    /// Writes down that somebody has a port which a service was to have; `by` is who asked for it, where somebody did.
    pub fn chronicle_conflict(
        &mut self,
        service: Option<&ServiceName>,
        by: Option<By>,
        port: Port,
        reason: &str,
    ) {
        let registry = self.store().and_then(|store| store.read()).unwrap_or_default();
        let entry = registry.entries().find(|entry| entry.sequence == self.wish.sequence);
        let allocated = entry.into_iter().flat_map(|entry| &entry.allocations);
        let allocated =
            allocated.filter(|known| known.find_port() == Some(port)).map(|known| &known.service).next();
        let holders = owner::attribute(&[port], &registry).unwrap_or_default();
        let refused = RefusedPort {
            service: service.or(allocated),
            purpose: entry.and_then(|entry| entry.purpose.as_ref()),
            port,
            holders: &holders,
        };
        let mut event = refused.told(reason);
        event.by = by;
        self.registrar.tell(self.host.clock.now(), event);
    }

    /// The same for what kept a wish from being begun, where it was that.
    pub(super) fn chronicle_refusal(
        &mut self,
        service: Option<&ServiceName>,
        by: Option<By>,
        refusal: &PortsRefusal,
    ) {
        self.log(&refusal.reason);
        if let Cause::PortConflict(port) = refusal.cause {
            self.chronicle_conflict(service, by, port, &refusal.reason);
        }
    }

    /// Says something in the supervisor's own log.
    pub fn log(&mut self, text: &str) {
        // A full disk keeps nobody from being supervised.
        let _ = self.own_log.say(self.host.clock.now(), text);
    }
}
