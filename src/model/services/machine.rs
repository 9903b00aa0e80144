//! All services of a worktree as one pure machine: events in, actions out. Starts go as far as dependencies allow at once,
//! stops go in reverse, and nothing here reads a clock: `now` counts from when the machine began.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch::{Batch, BatchId, BatchKind, BatchOutcome, CALM, GRACE};
use super::plan::{self, ServicePlan};
use super::service::{NextPhase, Phase, SupervisedService};
use super::state::{LookResult, ServiceExit};
use crate::model::service::ServiceName;
use leaving::Needed;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum MachineEvent {
    /// Somebody wants these to run, dependencies included; `named` are those that were asked for by name.
    Start { batch: BatchId, plans: Vec<ServicePlan>, wait: bool, named: Vec<ServiceName> },
    /// Somebody wants these to run anew; those that they need are only started where they do not run.
    Restart { batch: BatchId, plans: Vec<ServicePlan>, anew: Vec<ServiceName>, named: Vec<ServiceName> },
    /// Somebody wants these to end; everything where none is named.
    Stop { batch: BatchId, services: Vec<ServiceName> },
    /// Somebody asks for services that sleep.
    Wake { batch: BatchId, services: Vec<ServiceName> },
    /// Nobody was connected to a service for long.
    Doze { service: ServiceName },
    /// Whoever wished it is gone.
    Abandon { batch: BatchId },
    /// A service could not be started at all; it is final when the next time cannot be better.
    LaunchFailed { service: ServiceName, reason: String, is_final: bool },
    /// Nothing of a service, or of its setup, runs any more.
    Ended { service: ServiceName, exit: ServiceExit },
    /// A service was looked at.
    Seen { service: ServiceName, sight: LookResult },
    /// Time passed.
    Tick,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum MachineAction {
    SetUp(ServiceName),
    Launch(ServiceName),
    Stop(ServiceName),
    Settled { batch: BatchId, outcome: BatchOutcome },
}

/// The services of a worktree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    services: BTreeMap<ServiceName, SupervisedService>,
    batches: Vec<Batch>,
}

impl Fleet {
    /// Returns the services by their names.
    #[must_use]
    pub fn services(&self) -> &BTreeMap<ServiceName, SupervisedService> {
        &self.services
    }

    /// Puts in a service as it was found: it runs, or rests as recorded.
    pub fn insert(&mut self, service: SupervisedService) {
        self.services.insert(service.plan.name.clone(), service);
    }

    /// Answers whether nothing runs, will run, or is waited for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.batches.is_empty() && self.services.values().all(SupervisedService::is_resting)
    }

    /// Returns when a [`MachineEvent::Tick`] is due at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let of_services = self.services.values().filter_map(|service| match service.phase {
            Phase::Backoff { until } => Some(until),
            _ => service.start_deadline(),
        });
        // One that is ending waits for ends, which tell themselves.
        let open = || self.batches.iter().filter(|batch| batch.ending.is_none());
        let calm = open().filter_map(|batch| Some(batch.calm_since? + CALM));
        let failing = open().filter_map(|batch| Some(batch.failing_since? + GRACE));
        of_services.chain(calm).chain(failing).min()
    }

    /// Takes in what happened at one time, and returns what is to be done about it, in order.
    pub fn step_all(&mut self, events: Vec<MachineEvent>, now: Duration) -> Vec<MachineAction> {
        let mut actions = Vec::new();
        for event in events {
            self.take(event, now, &mut actions);
        }
        loop {
            let before = self.batches.clone();
            let is_moving = self.advance(now, &mut actions);
            self.end_batches(now, &mut actions);
            let is_asleep_again = self.sleep_on(now);
            if !is_moving && !is_asleep_again && self.batches == before {
                return actions;
            }
        }
    }

    fn take(&mut self, event: MachineEvent, now: Duration, actions: &mut Vec<MachineAction>) {
        match event {
            MachineEvent::Start { batch, plans, wait, named } => {
                self.start(Batch::new(batch, BatchKind::Start { wait }, named), plans, &[], actions);
            }
            MachineEvent::Restart { batch, plans, anew, named } => {
                self.start(Batch::new(batch, BatchKind::Restart, named), plans, &anew, actions);
            }
            MachineEvent::Stop { batch, services } => self.stop(batch, &services),
            MachineEvent::Wake { batch, services } => self.wake(batch, &services),
            MachineEvent::Doze { service } => self.put_to_sleep(&service),
            MachineEvent::Abandon { batch } => self.abandon(batch, actions),
            MachineEvent::LaunchFailed { service, reason, is_final } => {
                if let Some(service) = self.services.get_mut(&service) {
                    match service.leaving {
                        Some(_) => service.end(ServiceExit::Unknown, now),
                        None if is_final => {
                            service.is_called = false;
                            service.fail(reason);
                        }
                        None => service.judge(reason, now),
                    }
                }
            }
            MachineEvent::Ended { service, exit } => {
                if let Some(service) = self.services.get_mut(&service) {
                    service.end(exit, now);
                }
            }
            MachineEvent::Seen { service: name, sight } => {
                if let Some(service) = self.services.get_mut(&name)
                    && service.see(sight, now)
                {
                    service.begin_stop(NextPhase::Judged);
                    actions.push(MachineAction::Stop(name));
                }
            }
            MachineEvent::Tick => {}
        }
    }

    fn start(
        &mut self,
        mut batch: Batch,
        plans: Vec<ServicePlan>,
        anew: &[ServiceName],
        actions: &mut Vec<MachineAction>,
    ) {
        let is_anything_up = self.services.values().any(|service| !service.is_resting());
        batch.wanted = plans.iter().map(|plan| plan.name.clone()).collect();
        let awake = plan::awake(&plans, &batch.named);
        for plan in plans {
            let name = plan.name.clone();
            let service = self
                .services
                .entry(name.clone())
                .or_insert_with(|| SupervisedService::new(plan.clone(), false));
            let is_ending = matches!(service.phase, Phase::Stopping { then: NextPhase::Stopped })
                || service.leaving == Some(NextPhase::Stopped);
            let is_over = match service.phase {
                // A job that was done stays done for as long as those live that it was done for.
                Phase::Completed => !is_anything_up || !service.plan.is_run_like(&plan),
                _ => service.is_resting(),
            };
            let is_asleep = service.phase == Phase::Asleep;
            if (is_over || is_asleep) && plan.on_demand && !awake.contains(&name) {
                service.doze(plan);
                // Whoever registered it before goes on having it.
                batch.started.extend((!is_asleep).then_some(name));
            } else if anew.contains(&name) || is_over || is_ending || is_asleep {
                service.want(plan);
                batch.started.push(name);
            }
        }
        // Who waits for the end of what is to run again would wait for ever; what else they stopped goes on ending.
        self.batches.retain(|stop| {
            let meant = stop.wanted.iter().filter(|name| batch.started.contains(name));
            let again: Vec<ServiceName> = meant.filter(|_| stop.kind == BatchKind::Stop).cloned().collect();
            let is_undone = !again.is_empty();
            actions.extend(
                is_undone.then_some(MachineAction::Settled {
                    batch: stop.id,
                    outcome: BatchOutcome::Undone(again),
                }),
            );
            !is_undone
        });
        self.batches.push(batch);
    }

    fn stop(&mut self, id: BatchId, named: &[ServiceName]) {
        let is_meant = |name: &ServiceName| named.is_empty() || named.contains(name);
        for batch in self.batches.iter_mut().filter(|batch| batch.kind != BatchKind::Stop) {
            if batch.wanted.iter().any(is_meant) {
                batch.ending.get_or_insert(BatchOutcome::Ended);
                batch.started.retain(is_meant);
            }
        }
        let mut batch = Batch::new(id, BatchKind::Stop, Vec::new());
        for (name, service) in self.services.iter_mut().filter(|(name, _)| is_meant(name)) {
            service.leave(NextPhase::Stopped);
            batch.wanted.push(name.clone());
        }
        self.batches.push(batch);
    }

    fn abandon(&mut self, id: BatchId, actions: &mut Vec<MachineAction>) {
        let Some(at) = self.batches.iter().position(|batch| batch.id == id) else { return };
        if matches!(self.batches[at].kind, BatchKind::Start { .. }) {
            self.take_back(at, BatchOutcome::Ended);
        } else {
            // What was begun goes on, but nobody waits for it any more.
            self.batches.remove(at);
            actions.push(MachineAction::Settled { batch: id, outcome: BatchOutcome::Ended });
        }
    }

    /// Stops what the wish started, unless somebody else waits for it: then it is theirs.
    fn take_back(&mut self, at: usize, ending: BatchOutcome) {
        if self.batches[at].ending.is_some() {
            return;
        }
        self.batches[at].ending = Some(ending);
        let started = std::mem::take(&mut self.batches[at].started);
        for name in started {
            let heir = self.batches.iter_mut().find(|batch| batch.is_open() && batch.wanted.contains(&name));
            if let Some(heir) = heir {
                heir.started.push(name);
                continue;
            }
            if let Some(service) = self.services.get_mut(&name) {
                service.leave(NextPhase::Stopped);
            }
            self.batches[at].started.push(name);
        }
    }

    /// Answers whether a service has moved on.
    fn advance(&mut self, now: Duration, actions: &mut Vec<MachineAction>) -> bool {
        let needed = Needed::of(&self.services);
        let is_due = |service: &&SupervisedService| self.verdict(service, &needed, now) != Verdict::Nothing;
        let due: Vec<ServiceName> =
            self.services.values().filter(is_due).map(|service| service.plan.name.clone()).collect();
        let is_moving = !due.is_empty();
        for name in due {
            let verdict = self.services.get(&name).map(|service| self.verdict(service, &needed, now));
            let Some((verdict, service)) = verdict.zip(self.services.get_mut(&name)) else { continue };
            match verdict {
                Verdict::Nothing => {}
                Verdict::Doomed(reason) => {
                    service.fail(reason);
                    service.is_doomed = true;
                }
                Verdict::Go if service.plan.setup.is_some() && !service.is_set_up => {
                    service.phase = Phase::SettingUp;
                    actions.push(MachineAction::SetUp(name));
                }
                Verdict::Go => {
                    service.launch(now);
                    actions.push(MachineAction::Launch(name));
                }
                Verdict::TryAgain => {
                    service.restarts = service.restarts.saturating_add(1);
                    service.phase = Phase::Waiting;
                }
                Verdict::GiveUp => {
                    service.give_up();
                    service.begin_stop(NextPhase::Judged);
                    actions.push(MachineAction::Stop(name));
                }
                Verdict::Leave(then) => {
                    service.begin_stop(then);
                    actions.push(MachineAction::Stop(name));
                }
            }
        }
        is_moving
    }

    fn verdict(&self, service: &SupervisedService, needed: &Needed, now: Duration) -> Verdict {
        if let Some(then) = service.leaving {
            let goes = then == NextPhase::Judged || needed.may_go(&self.services, service);
            return if goes { Verdict::Leave(then) } else { Verdict::Nothing };
        }
        match service.phase {
            Phase::Waiting => self.dependencies(service),
            Phase::Backoff { until } if until <= now => Verdict::TryAgain,
            _ if service.start_deadline().is_some_and(|deadline| deadline <= now) => Verdict::GiveUp,
            _ => Verdict::Nothing,
        }
    }

    fn dependencies(&self, service: &SupervisedService) -> Verdict {
        for (name, condition) in &service.plan.needs {
            let Some(need) = self.services.get(name) else {
                return Verdict::Doomed(format!("needs `{name}`, which is not there"));
            };
            let is_met = need.meets(*condition);
            let is_lost = matches!(need.phase, Phase::Failed | Phase::Stopped);
            if !is_met && is_lost {
                let how = if need.phase == Phase::Failed { "failed" } else { "is stopped" };
                return Verdict::Doomed(format!("needs `{name}`, which {how}"));
            }
            if let Some(why) = need.keeps_waiting(*condition)
                && self
                    .batches
                    .iter()
                    .any(|batch| batch.is_open() && batch.wanted.contains(&service.plan.name))
            {
                return Verdict::Doomed(format!("needs `{name}`, {why}"));
            }
            if !is_met || need.leaving.is_some() {
                return Verdict::Nothing;
            }
        }
        Verdict::Go
    }

    fn end_batches(&mut self, now: Duration, actions: &mut Vec<MachineAction>) {
        let mut at = 0;
        while at < self.batches.len() {
            match self.outcome(at, now) {
                Some(outcome) => {
                    let batch = self.batches.remove(at);
                    if outcome == BatchOutcome::Done && batch.kind != BatchKind::Stop {
                        // Somebody was told that they run: nobody else takes them back.
                        for other in &mut self.batches {
                            other.started.retain(|name| !batch.wanted.contains(name));
                        }
                    }
                    actions.push(MachineAction::Settled { batch: batch.id, outcome });
                }
                None => at += 1,
            }
        }
    }

    fn outcome(&mut self, at: usize, now: Duration) -> Option<BatchOutcome> {
        let batch = self.batches.get(at)?;
        if let Some(ending) = &batch.ending {
            return batch.is_taken_back(&self.services).then(|| ending.clone());
        }
        let failures = batch.failures(&self.services);
        if !failures.is_empty() {
            let (kind, is_undecided) = (batch.kind, batch.is_undecided(&self.services));
            let batch = self.batches.get_mut(at)?;
            batch.calm_since = None;
            let since = *batch.failing_since.get_or_insert(now);
            if is_undecided && now.saturating_sub(since) < GRACE {
                return None;
            }
            let failed = BatchOutcome::Failed(failures);
            match kind {
                BatchKind::Start { .. } => self.take_back(at, failed),
                BatchKind::Restart | BatchKind::Stop => return Some(failed),
            }
            return None;
        }
        let is_fulfilled = batch.is_fulfilled(&self.services);
        let batch = self.batches.get_mut(at)?;
        batch.failing_since = None;
        match (is_fulfilled, batch.kind) {
            (true, BatchKind::Start { wait: true }) => {
                let since = *batch.calm_since.get_or_insert(now);
                (now.saturating_sub(since) >= CALM).then_some(BatchOutcome::Done)
            }
            (true, _) => Some(BatchOutcome::Done),
            (false, _) => {
                batch.calm_since = None;
                None
            }
        }
    }
}

#[derive(PartialEq)]
enum Verdict {
    Nothing,
    /// Its dependencies are there.
    Go,
    /// Its dependencies will never be there.
    Doomed(String),
    /// Its pause is over.
    TryAgain,
    /// Its start takes too long.
    GiveUp,
    Leave(NextPhase),
}

mod leaving;
mod sleeping;

#[cfg(test)]
mod tests;
