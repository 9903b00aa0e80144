//! Services that sleep: their ports are held, whoever connects to a socket that is handed over wakes them, and one to which
//! nobody was connected for long sleeps again. A sleeper is never asked anything: a look would wake it.

use std::os::fd::{AsFd, OwnedFd};

use super::launching::is_listened_on;
use super::supervisor::Supervisor;
use crate::host::net::listeners::clients;
use crate::host::services::waiting;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::ServicePlan;
use crate::model::services::quiet::{Quiet, SeenConnections};
use crate::model::services::record::lost_port;
use crate::model::services::service::{Phase, SupervisedService};

impl Supervisor<'_> {
    /// Those that sleep and have a socket that listens, with it.
    pub fn sleepers(&self) -> impl Iterator<Item = (&ServiceName, &OwnedFd)> {
        // Who waits in vain is still connected: that alone is no reason to try again at once.
        let now = self.now();
        let asleep = self.fleet.services().iter();
        let asleep = asleep.filter(move |(_, one)| one.phase == Phase::Asleep && !one.is_pausing(now));
        asleep.filter_map(|(name, service)| Some((name, self.ports.socket(service.plan.port?)?)))
    }

    /// Makes the sockets of those that sleep and are handed one.
    pub fn listen_for_sleepers(&mut self) {
        let asleep = self.fleet.services().values().filter(|service| service.phase == Phase::Asleep);
        let plans: Vec<ServicePlan> = asleep.map(|service| service.plan.clone()).collect();
        for plan in plans {
            // A port that somebody else has is refused with his name when the service is to start.
            let _ = self.require_socket(&plan);
        }
    }

    /// Wakes those to whose socket somebody has connected.
    pub fn hear_clients_of_sleepers(&mut self) {
        let called: Vec<ServiceName> = self
            .sleepers()
            .filter(|(_, socket)| waiting::is_readable(socket.as_fd()))
            .map(|(name, _)| name.clone())
            .collect();
        if !called.is_empty() {
            let batch = self.new_batch();
            self.events.push_back(MachineEvent::Wake { batch, services: called });
        }
    }

    /// Stops those that sleep and whose port was given up or moved: nobody is to find it held by us, or wait for them there.
    pub fn give_up_lost_ports(&mut self) {
        let asleep = self.fleet.services().values().filter(|service| service.phase == Phase::Asleep);
        let asleep: Vec<(ServiceName, Vec<Port>)> =
            asleep.map(|service| (service.plan.name.clone(), service.plan.ports().collect())).collect();
        if asleep.is_empty() {
            return self.seen_registry = None;
        }
        let Ok(store) = self.store() else { return };
        let stamp = store.stamp();
        if stamp.is_none() || stamp == self.seen_registry {
            return;
        }
        let Ok(registry) = store.read() else { return };
        self.seen_registry = stamp;
        let known = registry.entries().find(|entry| entry.sequence == self.wish.sequence && entry.may_run());
        // One that is just being removed is not ours to judge.
        let Some(ours) = known.map(|entry| entry.ports().collect::<Vec<Port>>()) else { return };
        for (name, ports) in asleep {
            let Some(lost) = ports.into_iter().find(|port| !ours.contains(port)) else { continue };
            let batch = self.new_batch();
            self.events.push_back(MachineEvent::Stop { batch, services: vec![name.clone()] });
            self.work();
            self.fleet.explain(&name, Some(lost_port(lost)));
            self.lost_ports.insert(name);
        }
    }

    /// Forgets of those that sleep that somebody else had their port, once nobody has.
    pub fn forget_past_conflicts(&mut self) {
        let is_free = |service: &&SupervisedService| {
            service.plan.ports().all(|port| {
                self.ports.has(port) && (self.ports.socket(port).is_some() || !is_listened_on(port))
            })
        };
        let asleep = self.fleet.services().values().filter(|service| {
            service.phase == Phase::Asleep && self.refused_ports.contains(&service.plan.name)
        });
        let free: Vec<ServiceName> =
            asleep.filter(is_free).map(|service| service.plan.name.clone()).collect();
        for name in free {
            self.refused_ports.remove(&name);
            self.fleet.explain(&name, None);
        }
    }

    /// Has those sleep to which nobody was connected for long.
    pub fn let_sleep(&mut self) {
        let is_watched = |service: &&SupervisedService| {
            let is_up = matches!(service.phase, Phase::Ready { .. } | Phase::Unhealthy { .. });
            service.plan.idle_stop.is_some() && is_up && service.leaving.is_none()
        };
        let watched = self.fleet.services().values().filter(is_watched);
        let watched: Vec<ServicePlan> = watched.map(|service| service.plan.clone()).collect();
        self.quiet.retain(|name, _| watched.iter().any(|plan| plan.name == *name));
        if watched.is_empty() {
            return;
        }
        let ports: Vec<Port> = watched.iter().flat_map(ServicePlan::ports).collect();
        // Where nobody can tell who is connected, nothing is put to sleep.
        let Ok(clients) = clients(&ports) else { return self.quiet.clear() };
        let now = self.now();
        for plan in watched {
            let Some(run) = self.runs.get_mut(&plan.name) else { continue };
            let is_asked = run.look.is_asked;
            let of_it = clients.iter().filter(|client| plan.ports().any(|port| port == client.port));
            let seen = SeenConnections {
                clients: of_it.map(|client| (client.address, client.is_past)).collect(),
                own: run.look.calls.take(),
                commands: std::mem::take(&mut run.look.commands)
                    + usize::from(run.look.is_asked && plan.check_words.is_some()),
                is_needed: self.fleet.is_needed(&plan.name),
            };
            let quiet = self.quiet.entry(plan.name.clone()).or_insert_with(|| Quiet::since(now));
            let time = quiet.take_in(&seen, now);
            // Our own question, still on its way when the server goes, would wait on the socket, and wake it.
            if !is_asked && plan.idle_stop.is_some_and(|limit| time >= limit) {
                self.events.push_back(MachineEvent::Doze { service: plan.name });
            }
        }
        // Before the next question is put.
        self.work();
    }
}
