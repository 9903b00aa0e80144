//! Writes processes and health into the registry and events into their log, in a thread of its own: somebody may hold the
//! registry's lock, for which no event waits.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use jiff::Timestamp;

use crate::error::Result;
use crate::host::events::{self, Writing};
use crate::host::machine::Host;
use crate::host::store::Store;
use crate::model::event::Event as Told;
use crate::model::health::recorded::{FRESH, HealthRecord};
use crate::model::port::Port;
use crate::model::process::ProcessId;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::services::live::health_of;
use crate::model::services::protocol::ServiceFacts;
use crate::ops::notify::start;

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
    /// How services are that have a port.
    health: Vec<(ServiceName, Port, HealthRecord)>,
}

/// Writes processes, health and events into the registry, one after the other, in a thread of its own: somebody may hold
/// the lock.
#[derive(Debug)]
pub(super) struct Registrar {
    sender: Option<Sender<News>>,
    ended: Receiver<()>,
    last: Vec<ProcessId>,
}

impl Registrar {
    pub fn start(host: &Host, sequence: u64) -> Result<Self> {
        let dirs = host.dirs()?;
        let folder = dirs.state().to_path_buf();
        let writing = Writing { command: host.command.clone(), ..Writing::default() };
        let store = Store::open(dirs, super::registrar::LOCK_TIMEOUT, host.interrupt.clone());
        let mut journal = Journal { folder, writing, place: None };
        let (sender, wishes) = channel();
        let (at_end, ended) = channel();
        let work = move || {
            write_all(&store, &mut journal, sequence, &wishes);
            drop::<Sender<()>>(at_end);
        };
        std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(work)
            .map_err(crate::ops::services::internal::internal("no thread for the registry"))?;
        Ok(Self { sender: Some(sender), ended, last: Vec::new() })
    }

    /// Has them recorded soon.
    pub fn record(&mut self, processes: Vec<ProcessId>) {
        if self.last == processes {
            return;
        }
        self.last.clone_from(&processes);
        self.send(News { processes: Some(processes), ..News::default() });
    }

    /// Has something written down soon that happened.
    pub fn tell(&mut self, at: Timestamp, event: Told) {
        self.send(News { events: vec![(at, event)], ..News::default() });
    }

    /// Has recorded soon how services are.
    pub fn tell_health<'a>(&mut self, services: impl Iterator<Item = &'a ServiceFacts>, at: Timestamp) {
        let known = |facts: &ServiceFacts| Some((facts.service.clone(), facts.port?, health_of(facts, at)?));
        let health: Vec<_> = services.filter_map(known).collect();
        if !health.is_empty() {
            self.send(News { health, ..News::default() });
        }
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

/// Where events go, and of which worktree they are.
#[derive(Debug)]
struct Journal {
    folder: PathBuf,
    writing: Writing,
    /// Its repository and its name when they were looked up last.
    place: Option<(PathBuf, String)>,
}

impl Journal {
    /// Writes the events down; answers whether they are.
    fn write(&mut self, store: &Store<Registry>, sequence: u64, told: &[(Timestamp, Told)]) -> bool {
        if told.is_empty() {
            return true;
        }
        if let Ok(registry) = store.read() {
            let mut entries = registry.entries();
            let entry = entries.find(|entry| entry.sequence == sequence);
            self.place =
                entry.map(|entry| (entry.repository.clone(), entry.name.clone())).or(self.place.take());
        }
        let Some((repository, name)) = &self.place else { return true };
        let named = told.iter().map(|(at, event)| event.clone().of(repository, name).numbered(0, *at));
        let is_written = events::append(&self.folder, named.collect(), &self.writing).is_ok();
        start::wake_beside(&self.folder);
        is_written
    }
}

fn write_all(store: &Store<Registry>, journal: &mut Journal, sequence: u64, wishes: &Receiver<News>) {
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
        if journal.write(store, sequence, &unwritten.events) {
            unwritten.events.clear();
        }
        if unwritten.is_only_events() {
            if is_last {
                return;
            }
            continue;
        }
        let written = store.update(|registry| {
            unwritten.write(registry, sequence);
            Ok(())
        });
        if is_last {
            return;
        }
        if written.is_ok() {
            unwritten = News { events: unwritten.events, ..News::default() };
        }
    }
}

impl News {
    fn is_nothing(&self) -> bool {
        self.is_only_events() && self.events.is_empty()
    }

    fn is_only_events(&self) -> bool {
        self.processes.is_none() && self.health.is_empty()
    }

    /// Of processes and health only the last word counts, of what happened everything, up to a limit while nothing can be
    /// written.
    fn add(&mut self, later: Self) {
        self.processes = later.processes.or(self.processes.take());
        self.health.retain(|(service, ..)| later.health.iter().all(|(newer, ..)| newer != service));
        self.health.extend(later.health);
        self.events.extend(later.events);
        let surplus = self.events.len().saturating_sub(MOST_UNWRITTEN);
        self.events.drain(..surplus);
    }

    fn write(&self, registry: &mut Registry, sequence: u64) {
        let Some(entry) = registry.find_by_sequence(sequence) else { return };
        if let Some(processes) = &self.processes {
            if processes.is_empty() {
                entry.notes.processes.clear();
            } else {
                entry.notes.processes.write(processes);
            }
        }
        for (service, port, recorded) in &self.health {
            // What was moved since is not what was looked at.
            let is_it =
                |known: &&mut Allocation| known.service == *service && known.find_port() == Some(*port);
            let Some(allocation) = entry.allocations.iter_mut().find(is_it) else { continue };
            let before = allocation.health.as_ref().and_then(HealthRecord::find);
            if recorded.is_news(before.as_ref(), FRESH) {
                recorded.write(allocation);
            }
        }
    }
}

/// How long it waits for somebody who holds the registry's lock.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
