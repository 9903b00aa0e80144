//! Wishes that wait until the ports of their services are held. That is done under the registry's lock, which somebody may
//! hold for long: so a thread waits for it, and everything else goes on.

use std::io::Write;

use super::refusal::{PortsRefusal, cause_of_port};
use super::supervisor::Supervisor;
use super::waiting::{HoldsOrRefusal, WaitingBatch};
use crate::host::services::hold::PortHold;
use crate::host::store::Store;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::services::batch::{BatchId, BatchOutcome};
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::Cause;
use crate::model::services::service::Phase;
use crate::ops::services::occupied;

/// The stack of the thread that waits, in bytes.
const STACK: usize = 512 * 1024;

impl Supervisor<'_> {
    /// Tells the machine of a wish as soon as the ports of all that do not run yet are held, so that no other `wt` gives
    /// them away.
    pub fn claim(&mut self, batch: BatchId, plans: Vec<ServicePlan>, event: MachineEvent) {
        if self.unheld(&plans, &event).is_empty() {
            return self.events.push_back(event);
        }
        self.claims.waiting.push_back(WaitingBatch { batch, plans, event });
        self.claim_next();
    }

    /// Takes back a wish that still waits; false when it does not.
    pub fn withdraw(&mut self, batch: BatchId) -> bool {
        let before = self.claims.waiting.len();
        self.claims.waiting.retain(|claim| claim.batch != batch);
        self.claims.waiting.len() < before
    }

    /// Takes back all that wait for these services, or at all where none is named: somebody wants them stopped.
    pub fn withdraw_all(&mut self, services: &[ServiceName]) {
        let is_meant = |claim: &WaitingBatch| {
            services.is_empty() || claim.plans.iter().any(|plan| services.contains(&plan.name))
        };
        let meant: Vec<BatchId> =
            self.claims.waiting.iter().filter(|claim| is_meant(claim)).map(|claim| claim.batch).collect();
        for batch in meant {
            self.withdraw(batch);
            self.tell_outcome(batch, BatchOutcome::Ended);
        }
    }

    /// Takes in what was held.
    pub fn hear_claims(&mut self) {
        self.claims.bell.rang();
        while let Ok((batch, held)) = self.claims.results.try_recv() {
            self.claims.is_asked = false;
            // One that was withdrawn meanwhile lets go of its ports here.
            if let Some(claim) = self.claims.waiting.pop_front_if(|claim| claim.batch == batch) {
                match held {
                    Ok(holds) => {
                        self.ports.add(holds);
                        self.events.push_back(claim.event);
                    }
                    Err(refusal) => self.refuse_wish(batch, refusal),
                }
            }
            self.claim_next();
        }
    }

    fn claim_next(&mut self) {
        while !self.claims.is_asked
            && let Some(first) = self.claims.waiting.front()
        {
            let (batch, wanted) = (first.batch, self.unheld(&first.plans, &first.event));
            if wanted.is_empty() {
                let first = self.claims.waiting.pop_front();
                self.events.extend(first.map(|claim| claim.event));
                continue;
            }
            if let Err(error) = self.ask_for(batch, wanted) {
                self.withdraw(batch);
                let reason = format!("no thread to wait for the registry: {error}");
                self.refuse_wish(batch, PortsRefusal { reason, cause: Cause::Service });
            }
        }
    }

    /// The ports that are still to be held: of those that rest, and of those that run and are to run on other ports.
    fn unheld(&self, plans: &[ServicePlan], event: &MachineEvent) -> Vec<(ServiceName, Port)> {
        let anew = match event {
            MachineEvent::Restart { anew, .. } => &anew[..],
            _ => &[],
        };
        let is_to_hold = |plan: &ServicePlan, port: Port| match self.fleet.services().get(&plan.name) {
            Some(service) if !service.is_resting() && service.phase != Phase::Asleep => {
                anew.contains(&plan.name) && service.plan.ports().all(|known| known != port)
            }
            _ => true,
        };
        let plans = plans.iter().filter(|plan| !plan.contained);
        plans
            .flat_map(|plan| plan.ports().map(move |port| (plan, port)))
            .filter(|(_, port)| !self.ports.has(*port))
            .filter(|(plan, port)| is_to_hold(plan, *port))
            .map(|(plan, port)| (plan.name.clone(), port))
            .collect()
    }

    fn ask_for(&mut self, batch: BatchId, wanted: Vec<(ServiceName, Port)>) -> std::io::Result<()> {
        let store = self.store().map_err(|failure| std::io::Error::other(failure.to_string()))?;
        let (host, sequence) = (self.host.name(), self.wish.sequence);
        let (sender, mut ringer) = (self.claims.sender.clone(), self.claims.ringer.try_clone()?);
        let asking = move || {
            // Nobody may be left to hear it; a bell that is full rings already.
            let _ = sender.send((batch, hold(&store, &host, sequence, &wanted)));
            let _ = ringer.write(&[1]);
        };
        std::thread::Builder::new().stack_size(STACK).spawn(asking)?;
        self.claims.is_asked = true;
        Ok(())
    }
}

/// Holds them all, or none, while nobody else can give them away.
fn hold(
    store: &Store<Registry>,
    host: &str,
    sequence: u64,
    wanted: &[(ServiceName, Port)],
) -> HoldsOrRefusal {
    // The look leaves held sockets, and nothing is changed.
    let look = |registry: &Registry| {
        let entry = registry.entries().find(|entry| entry.sequence == sequence && entry.may_run());
        let ports: Vec<Port> = entry.into_iter().flat_map(Entry::ports).collect();
        let mut holds: Vec<PortHold> = Vec::new();
        for (service, port) in wanted {
            if !ports.contains(port) {
                return Ok(Err(Box::new((service, *port, None, registry.clone()))));
            }
            match PortHold::take(*port) {
                Ok(hold) => holds.push(hold),
                Err(error) => return Ok(Err(Box::new((service, *port, Some(error), registry.clone())))),
            }
        }
        Ok(Ok(holds))
    };
    match store.update_after(look, |_, _| Ok(())).map(|((), taken)| taken) {
        Ok(Ok(holds)) => Ok(holds),
        Ok(Err(refused)) => Err(match *refused {
            (service, port, None, _) => PortsRefusal {
                reason: format!("port {port} of `{service}` is no longer allocated to this worktree"),
                cause: Cause::PortConflict(port),
            },
            (service, port, Some(error), registry) => PortsRefusal {
                reason: format!(
                    "port {port} of `{service}` is {}",
                    occupied::why(host, (sequence, port), &error, &registry)
                ),
                cause: cause_of_port(port, &error),
            },
        }),
        Err(failure) => Err(PortsRefusal { reason: failure.to_string(), cause: Cause::Service }),
    }
}
