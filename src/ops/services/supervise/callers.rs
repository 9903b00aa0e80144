//! Those who are connected: what they ask for, and what they are told. The connection is the wish: a start whose caller
//! goes away is taken back, and what is heard of one who has gone already, or gave up, is not begun.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::refusal::PortsRefusal;
use super::supervisor::Supervisor;
use crate::model::advised::wt;
use crate::model::services::batch::{BatchId, BatchOutcome, ServiceFailure};
use crate::model::services::machine::MachineEvent;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::{Cause, Failing, Numbered, Reply, Request, ServiceFacts};
use crate::model::services::service::Phase;
use crate::ops::services::supervise::caller::Caller;

/// How many may be connected at once.
const MOST: usize = 128;

/// How long somebody who has connected may take until their first request is there.
const FIRST_REQUEST: Duration = Duration::from_secs(3);

impl Supervisor<'_> {
    /// Lets somebody in who has connected. Where there are too many, one who has what they came for makes room.
    pub fn let_in(&mut self, stream: UnixStream) {
        let mut caller = Caller::new(stream, self.host.clock.instant());
        if self.callers.len() >= MOST {
            let makes_room =
                |caller: &Caller| caller.is_idle() && !caller.is_listening() && !caller.is_foreground;
            let Some(at) = self.callers.iter().position(makes_room) else {
                let reason = format!("{MOST} others talk with the supervisor already; try again");
                return caller.tell(0, failed(reason, Cause::Service, self.facts()));
            };
            self.callers.remove(at);
        }
        self.callers.push(caller);
    }

    /// Takes in what was said, and what it means that somebody left.
    pub fn hear(&mut self) {
        for at in 0..self.callers.len() {
            let Some(caller) = self.callers.get_mut(at) else { break };
            let lines = caller.talk.arrived().unwrap_or_else(|_| {
                caller.is_gone = true;
                Vec::new()
            });
            caller.is_gone |= caller.talk.is_closed();
            if caller.is_gone {
                // Nobody waits for it any more: we may have been stopped since it was said.
                continue;
            }
            let now = u64::try_from(self.host.clock.since_start().as_millis()).unwrap_or(u64::MAX);
            for line in lines {
                match serde_json::from_slice::<Numbered<Request>>(&line) {
                    Ok(late) if late.is_late(now) => {
                        let reason = "it was heard too late, and not done".to_owned();
                        let reply = failed(reason, Cause::Service, self.facts());
                        self.tell(at, late.number, reply);
                    }
                    Ok(Numbered { number, said, asker, .. }) => {
                        if let Some(caller) = self.callers.get_mut(at) {
                            caller.command = asker;
                        }
                        self.answer(at, number, said);
                    }
                    Err(error) => {
                        let reason = format!("it is of another version: {error}");
                        let reply = failed(reason, Cause::Service, self.facts());
                        self.tell(at, 0, reply);
                        // Whoever cannot be understood is not listened to any longer.
                        if let Some(caller) = self.callers.get_mut(at) {
                            caller.is_gone = true;
                        }
                        break;
                    }
                }
            }
        }
        // Nobody is waited for who connects and asks nothing.
        let is_silent =
            |caller: &Caller| !caller.has_asked && self.host.clock.since(caller.since) >= FIRST_REQUEST;
        let gone = self.callers.extract_if(.., |caller| caller.is_gone || is_silent(caller));
        let gone: Vec<Caller> = gone.collect();
        for caller in gone {
            if caller.is_foreground {
                self.stop_all_but(&caller.spared);
                continue;
            }
            for (batch, _) in caller.wishes {
                if !self.withdraw(batch) {
                    self.events.push_back(MachineEvent::Abandon { batch });
                }
            }
        }
    }

    /// From now on nothing ends with those who stayed in the foreground and wait for nothing.
    pub fn let_go(&mut self) {
        for caller in self.callers.iter_mut().filter(|caller| caller.wishes.is_empty()) {
            caller.is_foreground = false;
        }
    }

    fn answer(&mut self, at: usize, number: u64, request: Request) {
        let news = std::mem::take(&mut self.news);
        let Some(caller) = self.callers.get_mut(at) else { return };
        caller.has_asked = true;
        for text in news {
            caller.tell(0, Reply::Note { text });
        }
        match request {
            Request::Status => {
                let services = self.facts();
                self.tell(at, number, Reply::Done { services });
            }
            Request::Samples { since } => {
                let services = self.facts_with_samples(since);
                self.tell(at, number, Reply::Done { services });
            }
            Request::Watch => {
                caller.watches = true;
                let services = self.facts();
                self.tell(at, number, Reply::Services { services });
            }
            Request::Start { plans, wait, foreground, spared, named } => {
                caller.is_foreground = foreground;
                caller.spared = spared;
                self.note_other_plans(at, &plans);
                self.begin(at, number, plans.clone(), |batch| MachineEvent::Start {
                    batch,
                    plans,
                    wait,
                    named,
                });
            }
            Request::Restart { plans, anew, named } => {
                self.begin(at, number, plans.clone(), |batch| MachineEvent::Restart {
                    batch,
                    plans,
                    anew,
                    named,
                });
            }
            Request::Stop { services } => {
                self.withdraw_all(&services);
                self.begin(at, number, Vec::new(), |batch| MachineEvent::Stop { batch, services });
            }
            Request::Wake { services } => match self.fleet.find_not_up(&services) {
                Some(name) => {
                    let reply = failed(format!("`{name}` is not up"), Cause::Service, self.facts());
                    self.tell(at, number, reply);
                }
                None => self.begin(at, number, Vec::new(), |batch| MachineEvent::Wake { batch, services }),
            },
            Request::Resize { rows, columns } => self.resize_terminals(rows, columns),
            Request::TakeBack => {
                let wishes = caller.wishes.clone();
                for (batch, _) in &wishes {
                    if self.withdraw(*batch) {
                        self.tell_outcome(*batch, BatchOutcome::Ended);
                    } else {
                        self.events.push_back(MachineEvent::Abandon { batch: *batch });
                    }
                }
                if wishes.is_empty() {
                    let services = self.facts();
                    self.tell(at, number, Reply::Done { services });
                }
            }
        }
    }

    fn begin(
        &mut self,
        at: usize,
        number: u64,
        plans: Vec<ServicePlan>,
        event: impl FnOnce(BatchId) -> MachineEvent,
    ) {
        let batch = self.new_batch();
        for plan in &plans {
            self.ports.forget_unshared(&plan.name);
        }
        if let Some(caller) = self.callers.get_mut(at) {
            caller.wishes.push((batch, number));
        }
        // How it stood before: what changes from here on is news.
        let services = self.facts();
        self.tell(at, 0, Reply::Services { services });
        self.claim(batch, plans, event(batch));
    }

    fn note_other_plans(&mut self, at: usize, plans: &[ServicePlan]) {
        for plan in plans {
            let known = self.fleet.services().get(&plan.name);
            let running = known.filter(|service| !service.is_resting() && service.phase != Phase::Asleep);
            if running.is_some_and(|service| !service.plan.is_run_like(plan)) {
                let text = format!(
                    "`{0}` runs as it was started; `{restart}` starts it as it is configured now",
                    plan.name,
                    restart = wt("restart {}", &[&plan.name])
                );
                self.tell(at, 0, Reply::Note { text });
            }
        }
    }

    /// Tells whoever wished it that nothing was begun.
    pub fn refuse_wish(&mut self, batch: BatchId, refusal: PortsRefusal) {
        let is_wisher = |caller: &&Caller| caller.wishes.iter().any(|(wish, _)| *wish == batch);
        let by = self.callers.iter().find(is_wisher).and_then(Caller::by);
        self.chronicle_refusal(None, by, &refusal);
        let services = self.facts();
        let Some((caller, number)) = self.wisher(batch) else { return };
        // What ran before is not theirs to end.
        caller.is_foreground = false;
        caller.tell(number, failed(refusal.reason, refusal.cause, services));
    }

    /// Returns who waits for a wish, and as which request; they wait for it no longer.
    fn wisher(&mut self, batch: BatchId) -> Option<(&mut Caller, u64)> {
        self.callers.iter_mut().find_map(|caller| {
            let at = caller.wishes.iter().position(|(wish, _)| *wish == batch)?;
            let (_, number) = caller.wishes.remove(at);
            Some((caller, number))
        })
    }

    fn tell(&mut self, at: usize, number: u64, reply: Reply) {
        if let Some(caller) = self.callers.get_mut(at) {
            caller.tell(number, reply);
        }
    }

    /// Tells whoever waits for a wish how it ended.
    pub fn tell_outcome(&mut self, batch: BatchId, outcome: BatchOutcome) {
        // Who is told that something has stopped finds its port free.
        self.release_resting();
        let services = self.facts();
        let mut causes = std::mem::take(&mut self.causes);
        let Some((caller, number)) = self.wisher(batch) else { return self.causes = causes };
        // A start that failed is taken back already: what ran before is not theirs to end.
        caller.is_foreground &= outcome == BatchOutcome::Done;
        // Whoever stays to look on is told of changes from now on.
        caller.watches |= caller.is_foreground;
        let reply = match outcome {
            BatchOutcome::Done => Reply::Done { services },
            BatchOutcome::Failed(failures) => {
                let failing = |failure: ServiceFailure| Failing {
                    cause: causes.remove(&failure.service).unwrap_or_default(),
                    service: failure.service,
                    reason: failure.reason,
                    is_consequence: failure.is_consequence,
                };
                let failures: Vec<Failing> = failures.into_iter().map(failing).collect();
                let (reason, cause) =
                    failures.first().map(|first| (first.reason.clone(), first.cause)).unwrap_or_default();
                Reply::Failed { failures, reason, cause, services }
            }
            BatchOutcome::Ended => {
                failed("somebody stopped the services meanwhile".to_owned(), Cause::Service, services)
            }
            BatchOutcome::Undone(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let reason = format!("somebody started {} again meanwhile", names.join(", "));
                failed(reason, Cause::Service, services)
            }
        };
        caller.tell(number, reply);
        self.causes = causes;
    }

    /// Tells everybody who waits how things stand, where that has changed.
    pub fn tell_changes(&mut self) {
        if !self.callers.iter().any(Caller::is_listening) {
            return;
        }
        let services = self.facts();
        if services == self.told {
            return;
        }
        self.told.clone_from(&services);
        let reply = Reply::Services { services };
        for caller in self.callers.iter_mut().filter(|caller| caller.is_listening()) {
            caller.tell(0, reply.clone());
        }
    }

    /// Says something to everybody who waits, else to whoever calls next.
    pub fn note(&mut self, text: String) {
        let reply = Reply::Note { text: text.clone() };
        let mut is_heard = false;
        for caller in self.callers.iter_mut().filter(|caller| caller.is_listening()) {
            caller.tell(0, reply.clone());
            is_heard = true;
        }
        if !is_heard {
            self.news.push(text);
        }
    }

    pub fn send_waiting(&mut self) {
        for caller in self.callers.iter_mut().filter(|caller| caller.talk.has_waiting()) {
            caller.is_gone |= caller.talk.send_waiting().is_err();
        }
    }
}

/// Says that a wish failed for a reason that is not one service's.
fn failed(reason: String, cause: Cause, services: Vec<ServiceFacts>) -> Reply {
    Reply::Failed { failures: Vec::new(), reason, cause, services }
}
