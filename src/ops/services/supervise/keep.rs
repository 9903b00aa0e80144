//! What is written down: the record of the services, and their processes in the registry, where every `wt` finds whose a
//! listener is. Written when something changed, never waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use super::supervisor::Supervisor;
use crate::host::process::identity::Here;
use crate::model::port::Port;
use crate::model::process::ProcessId;
use crate::model::service::ServiceName;
use crate::model::services::machine::MachineEvent;
use crate::model::services::news;
use crate::model::services::protocol::ServiceFacts;
use crate::model::services::record::{KeptService, SCHEMA, ServicesRecord};
use crate::model::services::service::SupervisedService;

/// How often the health of what runs is recorded anew where nothing changes.
const RENEWAL: Duration = Duration::from_mins(10);

impl Supervisor<'_> {
    /// Returns how all services stand.
    pub fn facts(&self) -> Vec<ServiceFacts> {
        let fleet = self.fleet.services();
        let services = fleet.values();
        let here = Here::read();
        services
            .map(|service| {
                let run = self.runs.get(&service.plan.name);
                let pids: Vec<u32> = run.iter().flat_map(|run| run.alive(&here)).map(|id| id.pid).collect();
                ServiceFacts {
                    service: service.plan.name.clone(),
                    state: service.state(),
                    port: service.plan.port,
                    pid: pids.first().copied(),
                    pids,
                    since: run.map(|run| run.since),
                    restarts: service.restarts,
                    reason: news::reason(service, fleet).or_else(|| self.sampling.reason(service)),
                    news: news::said(service, fleet),
                    samples: Vec::new(),
                }
            })
            .collect()
    }

    fn kept(&self, service: &SupervisedService) -> KeptService {
        let run = self.runs.get(&service.plan.name);
        KeptService {
            plan: service.plan.clone(),
            state: service.state(),
            restarts: service.restarts,
            reason: service.reason.clone(),
            has_lost_port: service.is_resting() && self.lost_ports.contains(&service.plan.name),
            is_set_up: service.is_set_up,
            since: run.map(|run| run.since),
            processes: run.map(|run| run.known.clone()).unwrap_or_default(),
        }
    }

    /// Lets go of the ports of everything that rests, unless somebody has just asked for some of it.
    pub fn release_resting(&mut self) {
        let is_wish =
            |event: &MachineEvent| matches!(event, MachineEvent::Start { .. } | MachineEvent::Restart { .. });
        if self.events.iter().any(is_wish) {
            return;
        }
        let resting = self.fleet.services().values().filter(|service| service.is_resting());
        let resting: Vec<_> = resting.map(|service| service.plan.name.clone()).collect();
        for name in resting {
            if !self.runs.contains_key(&name) {
                self.release_ports(&name, true);
            }
        }
        // What was held for a start that did not come, or for a port that a service has moved away from.
        let wanted: BTreeSet<Port> =
            self.fleet.services().values().flat_map(SupervisedService::ports).collect();
        let activated = self.fleet.services().values().filter(|service| service.plan.activated);
        let handed_over: BTreeSet<Port> = activated.flat_map(SupervisedService::ports).collect();
        self.ports.keep_only(&wanted, &handed_over);
    }

    /// Returns what was adopted and is known to be no service's.
    fn unclaimed(&self) -> Vec<ProcessId> {
        let is_known = |id: &ProcessId| self.runs.values().any(|run| run.known.contains(id));
        self.adopted.iter().filter(|id| !is_known(id)).cloned().collect()
    }

    /// Writes down what changed, and tells those who wait for changes.
    pub fn keep(&mut self) {
        // Also where nothing changed on record: a start may have failed as it had before.
        self.release_resting();
        self.hold_in_pauses();
        self.listen_for_sleepers();
        if self.fleet.is_idle() {
            // What is started from now on is not theirs who stayed with what has ended.
            self.let_go();
        }
        let record = self.record();
        if self.journal.has(&record) {
            return;
        }
        self.tell_changes();
        self.registrar.record(record.processes().cloned().collect());
        self.journal.write(record);
    }

    fn record(&self) -> ServicesRecord {
        ServicesRecord {
            schema: SCHEMA,
            sequence: self.wish.sequence,
            supervisor: Some(self.ourselves.clone()),
            adopted: self.unclaimed(),
            services: self.fleet.services().values().map(|service| self.kept(service)).collect(),
        }
    }

    /// Writes down that a service starts before anything of it runs: whoever comes after us looks for processes of what is on
    /// record as not at rest, and of nothing else.
    pub fn announce(&mut self, name: &ServiceName) {
        let is_known = |kept: &KeptService| kept.plan.name == *name && !kept.state.is_resting();
        if !self.journal.services().iter().any(is_known) {
            let record = self.record();
            self.journal.write(record);
        }
    }

    /// Records how services are that run, from time to time: a record that nobody renews would be taken for an old one.
    pub fn renew_health(&mut self) {
        let now = self.host.clock.instant();
        if now >= self.next_health {
            self.next_health = now + RENEWAL;
            let facts = self.facts();
            let running = facts.iter().filter(|facts| !facts.state.is_resting());
            self.registrar.tell_health(running, self.host.clock.now());
        }
    }
}
