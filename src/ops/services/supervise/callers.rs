//! Those who are connected: what they ask for, and what they are told. The connection is the wish: a start whose caller
//! goes away is taken back.

use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use super::supervisor::Supervisor;
use crate::host::services::line::Talk;
use crate::model::services::batch::{BatchId, Outcome};
use crate::model::services::machine::Event;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::{Cause, Reply, Request, ServiceFacts};

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Caller {
    talk: Talk,
    /// What they wait for.
    batch: Option<BatchId>,
    watches: bool,
    /// Whether everything ends with them.
    is_foreground: bool,
    has_asked: bool,
    is_gone: bool,
}

impl Caller {
    pub fn new(stream: UnixStream) -> Self {
        Self {
            talk: Talk::new(stream),
            batch: None,
            watches: false,
            is_foreground: false,
            has_asked: false,
            is_gone: false,
        }
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.talk.as_fd()
    }

    pub fn has_waiting(&self) -> bool {
        self.talk.has_waiting()
    }

    /// Answers whether they have what they came for.
    pub fn is_idle(&self) -> bool {
        self.is_gone || (self.has_asked && self.batch.is_none() && !self.talk.has_waiting())
    }

    fn tell(&mut self, reply: &Reply) {
        // Who does not read is not waited for.
        self.is_gone |= self.talk.queue(reply).is_err();
    }
}

impl Supervisor<'_> {
    /// Takes in what was said, and what it means that somebody left.
    pub fn hear(&mut self) {
        for at in 0..self.callers.len() {
            let Some(caller) = self.callers.get_mut(at) else { break };
            let lines = caller.talk.arrived().unwrap_or_else(|_| {
                caller.is_gone = true;
                Vec::new()
            });
            caller.is_gone |= caller.talk.is_closed();
            for line in lines {
                match serde_json::from_slice(&line) {
                    Ok(request) => self.answer(at, request),
                    Err(error) => {
                        let reason = format!("it is of another version: {error}");
                        self.refuse(at, reason, Cause::Service);
                        // Whoever cannot be understood is not listened to any longer.
                        if let Some(caller) = self.callers.get_mut(at) {
                            caller.is_gone = true;
                        }
                        break;
                    }
                }
            }
        }
        let gone = self.callers.extract_if(.., |caller| caller.is_gone);
        let gone: Vec<Caller> = gone.collect();
        for caller in gone {
            if caller.is_foreground {
                self.stop_everything();
            } else if let Some(batch) = caller.batch {
                self.events.push_back(Event::Abandon { batch });
            }
        }
    }

    fn answer(&mut self, at: usize, request: Request) {
        let news = std::mem::take(&mut self.news);
        let Some(caller) = self.callers.get_mut(at) else { return };
        caller.has_asked = true;
        for text in news {
            caller.tell(&Reply::Note { text });
        }
        match request {
            Request::Status => {
                let services = self.facts();
                self.tell(at, &Reply::Done { services });
            }
            Request::Watch => {
                caller.watches = true;
                let services = self.facts();
                self.tell(at, &Reply::Services { services });
            }
            Request::Start { plans, wait, foreground } => {
                caller.is_foreground = foreground;
                self.note_other_plans(at, &plans);
                self.begin(at, &plans.clone(), |batch| Event::Start { batch, plans, wait });
            }
            Request::Restart { plans, anew } => {
                self.begin(at, &plans.clone(), |batch| Event::Restart { batch, plans, anew });
            }
            Request::Stop => self.begin(at, &[], |batch| Event::Stop { batch }),
            Request::TakeBack => {
                if let Some(batch) = caller.batch {
                    self.events.push_back(Event::Abandon { batch });
                    return;
                }
                let services = self.facts();
                self.tell(at, &Reply::Done { services });
            }
        }
    }

    fn begin(&mut self, at: usize, plans: &[ServicePlan], event: impl FnOnce(BatchId) -> Event) {
        if let Err(refusal) = self.hold_ports(plans) {
            return self.refuse(at, refusal.reason, refusal.cause);
        }
        let batch = self.new_batch();
        if let Some(caller) = self.callers.get_mut(at) {
            caller.batch = Some(batch);
        }
        self.events.push_back(event(batch));
    }

    fn note_other_plans(&mut self, at: usize, plans: &[ServicePlan]) {
        for plan in plans {
            let running = self.fleet.services().get(&plan.name).filter(|service| !service.is_resting());
            if running.is_some_and(|service| !service.plan.is_run_like(plan)) {
                let text = format!(
                    "`{0}` runs as it was started; `wt restart {0}` starts it as it is configured now",
                    plan.name
                );
                self.tell(at, &Reply::Note { text });
            }
        }
    }

    fn refuse(&mut self, at: usize, reason: String, cause: Cause) {
        let services = self.facts();
        if let Some(caller) = self.callers.get_mut(at) {
            // What ran before is not theirs to end.
            caller.is_foreground = false;
        }
        self.tell(at, &Reply::Failed { service: None, reason, cause, services });
    }

    fn tell(&mut self, at: usize, reply: &Reply) {
        if let Some(caller) = self.callers.get_mut(at) {
            caller.tell(reply);
        }
    }

    /// Tells whoever waits for a wish how it ended.
    pub fn settle(&mut self, batch: BatchId, outcome: Outcome) {
        // Who is told that something has stopped finds its port free.
        self.release_resting();
        let services = self.facts();
        let Some(caller) = self.callers.iter_mut().find(|caller| caller.batch == Some(batch)) else { return };
        caller.batch = None;
        // A start that failed is taken back already: what ran before is not theirs to end.
        caller.is_foreground &= outcome == Outcome::Done;
        // Whoever stays to look on is told of changes from now on.
        caller.watches |= caller.is_foreground;
        let reply = match outcome {
            Outcome::Done => Reply::Done { services },
            Outcome::Failed { service, reason } => {
                let cause = self.causes.remove(&service).unwrap_or_default();
                Reply::Failed { service: Some(service), reason, cause, services }
            }
            Outcome::Ended => Reply::Failed {
                service: None,
                reason: "somebody stopped the services meanwhile".to_owned(),
                cause: Cause::Service,
                services,
            },
        };
        caller.tell(&reply);
    }

    /// Tells everybody who waits how things stand now.
    pub fn tell_all(&mut self, services: &[ServiceFacts]) {
        let reply = Reply::Services { services: services.to_vec() };
        for caller in self.callers.iter_mut().filter(|caller| caller.watches || caller.batch.is_some()) {
            caller.tell(&reply);
        }
    }

    /// Says something to everybody who waits, else to whoever calls next.
    pub fn note(&mut self, text: String) {
        let reply = Reply::Note { text: text.clone() };
        let mut listeners = self.callers.iter_mut().filter(|caller| caller.watches || caller.batch.is_some());
        let mut is_heard = false;
        listeners.by_ref().for_each(|caller| {
            caller.tell(&reply);
            is_heard = true;
        });
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
