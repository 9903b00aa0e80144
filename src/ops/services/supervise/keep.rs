//! What is written down: the record of the services, and their processes in the registry, where every `wt` finds whose a
//! listener is. Written when something changed, never waited for.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::supervisor::Supervisor;
use crate::error::Result;
use crate::host::machine::Host;
use crate::host::services::record_file;
use crate::host::store::Store;
use crate::model::event::Event as Told;
use crate::model::port::Port;
use crate::model::process::ProcessId;
use crate::model::registry::table::Registry;
use crate::model::services::machine::Event;
use crate::model::services::news;
use crate::model::services::protocol::ServiceFacts;
use crate::model::services::record::{Kept, Record, SCHEMA};
use crate::model::services::service::Service;

/// How long the end of the last writing is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many events wait at most for a registry that cannot be written.
const MOST_UNWRITTEN: usize = 1000;

/// Between two tries to write into the registry.
const RETRY: Duration = Duration::from_secs(1);

/// What the registry is to be told.
#[derive(Debug, Default)]
struct News {
    /// The processes of all services; `None` where they are as they were.
    processes: Option<Vec<ProcessId>>,
    events: Vec<(Timestamp, Told)>,
}

/// Writes processes and events into the registry, one after the other, in a thread of its own: somebody may hold the lock.
#[derive(Debug)]
pub(super) struct Registrar {
    sender: Option<Sender<News>>,
    ended: Receiver<()>,
    last: Vec<ProcessId>,
}

impl Registrar {
    pub fn start(host: &Host, sequence: u64) -> Result<Self> {
        let store = Store::open(host.dirs()?, super::supervisor::LOCK_TIMEOUT, host.interrupt.clone());
        let (sender, wishes) = channel();
        let (at_end, ended) = channel();
        let writing = move || {
            write_all(&store, sequence, &wishes);
            drop::<Sender<()>>(at_end);
        };
        std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(writing)
            .map_err(crate::ops::services::failures::internal("no thread for the registry"))?;
        Ok(Self { sender: Some(sender), ended, last: Vec::new() })
    }

    /// Has them recorded soon.
    pub fn record(&mut self, processes: Vec<ProcessId>) {
        if self.last == processes {
            return;
        }
        self.last.clone_from(&processes);
        self.send(News { processes: Some(processes), events: Vec::new() });
    }

    /// Has something recorded soon that happened.
    pub fn tell(&mut self, at: Timestamp, event: Told) {
        self.send(News { processes: None, events: vec![(at, event)] });
    }

    fn send(&mut self, news: News) {
        if let Some(sender) = &self.sender {
            // Without the thread the record in the state folder is what there is.
            let _ = sender.send(news);
        }
    }

    /// Waits until everything is recorded, but not long: who waits for our end is not to wait for somebody who holds the
    /// registry's lock, and processes that have ended are nobody's whatever is on record.
    pub fn finish(&mut self) {
        self.sender = None;
        // It sends nothing: its end is what comes.
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

fn write_all(store: &Store<Registry>, sequence: u64, wishes: &Receiver<News>) {
    let mut unwritten = News::default();
    loop {
        // What could not be written is tried again: the disk may have room by then, or the lock be free.
        let heard = if unwritten.is_nothing() {
            wishes.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            wishes.recv_timeout(RETRY)
        };
        let is_last = matches!(heard, Err(RecvTimeoutError::Disconnected));
        for news in heard.into_iter().chain(wishes.try_iter()) {
            unwritten.add(news);
        }
        if unwritten.is_nothing() {
            return;
        }
        let written = store.update(|registry| {
            unwritten.write(registry, sequence);
            Ok(())
        });
        if is_last {
            return;
        }
        if written.is_ok() {
            unwritten = News::default();
        }
    }
}

impl News {
    fn is_nothing(&self) -> bool {
        self.processes.is_none() && self.events.is_empty()
    }

    /// Of the processes only the last word counts, of what happened everything, up to a limit while nothing can be written.
    fn add(&mut self, later: Self) {
        self.processes = later.processes.or(self.processes.take());
        self.events.extend(later.events);
        let surplus = self.events.len().saturating_sub(MOST_UNWRITTEN);
        self.events.drain(..surplus);
    }

    fn write(&self, registry: &mut Registry, sequence: u64) {
        let Some(entry) = registry.find_by_sequence(sequence) else { return };
        if let Some(processes) = &self.processes {
            if processes.is_empty() {
                entry.extra.shift_remove("processes");
            } else {
                let value = serde_json::to_value(processes).unwrap_or(Value::Null);
                entry.extra.insert("processes".to_owned(), value);
            }
        }
        let (repository, name) = (entry.repository.clone(), entry.name.clone());
        for (at, event) in &self.events {
            registry.record_event(*at, event.clone().of(&repository, &name));
        }
    }
}

impl Supervisor<'_> {
    /// Returns how all services stand.
    pub fn facts(&self) -> Vec<ServiceFacts> {
        let fleet = self.fleet.services();
        let services = fleet.values();
        services
            .map(|service| {
                let run = self.runs.get(&service.plan.name);
                let pids: Vec<u32> = run.iter().flat_map(|run| run.alive()).map(|id| id.pid).collect();
                ServiceFacts {
                    service: service.plan.name.clone(),
                    state: service.state(),
                    port: service.plan.port,
                    pid: pids.first().copied(),
                    pids,
                    since: run.map(|run| run.since),
                    restarts: service.restarts,
                    reason: news::reason(service, fleet),
                    news: news::said(service, fleet),
                }
            })
            .collect()
    }

    fn kept(&self, service: &Service) -> Kept {
        let run = self.runs.get(&service.plan.name);
        Kept {
            plan: service.plan.clone(),
            state: service.state(),
            restarts: service.restarts,
            reason: service.reason.clone(),
            is_set_up: service.is_set_up,
            since: run.map(|run| run.since),
            processes: run.map(|run| run.known.clone()).unwrap_or_default(),
        }
    }

    /// Lets go of the ports of everything that rests, unless somebody has just asked for some of it.
    pub fn release_resting(&mut self) {
        let is_wish = |event: &Event| matches!(event, Event::Start { .. } | Event::Restart { .. });
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
        let wanted: BTreeSet<Port> = self.fleet.services().values().flat_map(Service::ports).collect();
        self.holds.retain(|port, _| wanted.contains(port));
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
        if self.fleet.is_idle() {
            // What is started from now on is not theirs who stayed with what has ended.
            self.let_go();
        }
        let services: Vec<Kept> = self.fleet.services().values().map(|service| self.kept(service)).collect();
        let record = Record {
            schema: SCHEMA,
            sequence: self.wish.sequence,
            supervisor: Some(self.ourselves.clone()),
            adopted: self.unclaimed(),
            services,
        };
        if record == self.written {
            return;
        }
        self.tell_changes();
        self.registrar.record(record.processes().cloned().collect());
        // A full disk keeps nobody from being supervised.
        self.written = record;
        self.write();
    }

    /// Writes down what could not be written before: the disk may have room again.
    pub fn write_again(&mut self) {
        if self.unwritten.is_some() {
            self.write();
        }
    }

    fn write(&mut self) {
        match record_file::write(&self.wish.folder, &self.written) {
            Ok(()) => self.unwritten = None,
            Err(_) => drop(self.unwritten.get_or_insert(self.host.clock.instant())),
        }
    }
}
