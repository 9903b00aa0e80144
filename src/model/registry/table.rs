//! The registry as a value: look-ups over its entries, and the few changes that keep its invariants.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::debt::Debt;
use super::entry::Entry;
pub use super::former::Former;
use super::note::Note;
use super::record::RegistryRow;
use super::repository::{RepositoryId, RepositoryRecord};
use super::rows::Rows;
use crate::model::compose_project;
use crate::model::event::{Event, holders_of};
use crate::model::passage::OverdueSince;
use crate::model::port::Port;
use crate::model::port::exclusion::Exclusion;
use crate::model::port::listener::Busy;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// The newest schema this program writes and reads.
pub const SCHEMA: u64 = 1;

/// Everything in `registry.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    pub schema: u64,
    /// Grows by one with every event: orders what clocks cannot.
    #[serde(default)]
    pub sequence: u64,
    #[serde(default)]
    pub repositories: Rows<RepositoryRecord>,
    #[serde(default)]
    pub worktrees: Vec<RegistryRow>,
    #[serde(default)]
    pub exclusions: Rows<Exclusion>,
    #[serde(default)]
    pub former: Rows<Former>,
    #[serde(default)]
    pub counters: Rows<Counter>,
    /// The teardowns of worktrees that are on record no more.
    #[serde(default)]
    pub debts: Rows<Debt>,
    /// When the clock alone said of the history that it is over.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub history_over: Note<OverdueSince>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
    /// What happened in this change, written to `events.jsonl` once the registry is.
    #[serde(skip)]
    pub events: Vec<Event>,
}

/// How often a kind of conflict was met, by purpose and service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    pub kind: String,
    pub purpose: Option<Purpose>,
    pub service: ServiceName,
    pub count: u64,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A conflict that was met.
#[derive(Clone, Copy, Debug)]
pub struct Met<'a> {
    pub ports: &'a [Port],
    pub holders: &'a [Busy],
    /// `fail` or `retry`.
    pub policy: &'static str,
    /// `refused`, `passed_over` or `given_up`.
    pub outcome: &'static str,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            sequence: 0,
            repositories: Rows::default(),
            worktrees: Vec::new(),
            exclusions: Rows::default(),
            former: Rows::default(),
            counters: Rows::default(),
            debts: Rows::default(),
            history_over: Note::default(),
            extra: Map::new(),
            events: Vec::new(),
        }
    }
}

impl Registry {
    /// Returns every readable entry, removed ones too.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.worktrees.iter().filter_map(|record| match record {
            RegistryRow::Entry(entry) => Some(&**entry),
            RegistryRow::Unreadable(_) => None,
        })
    }

    /// Returns the ports that rows claim which cannot be read: nobody else may have them until that is settled.
    pub fn ports_of_unreadable(&self) -> impl Iterator<Item = Port> {
        let rows = self.worktrees.iter().filter_map(|record| match record {
            RegistryRow::Unreadable(row) if row.get("state").and_then(Value::as_str) != Some("removed") => {
                Some(row)
            }
            RegistryRow::Unreadable(_) | RegistryRow::Entry(_) => None,
        });
        rows.filter_map(|row| row.get("allocations")?.as_array())
            .flatten()
            .filter_map(|allocation| Port::deserialize(allocation.get("port")?).ok())
    }

    /// Returns every row that cannot be read, with the name of its list in the file.
    pub fn unreadable_rows(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let worktrees = self.worktrees.iter().filter_map(|record| match record {
            RegistryRow::Unreadable(row) => Some(("worktrees", row)),
            RegistryRow::Entry(_) => None,
        });
        let others = [
            ("repositories", self.repositories.unreadable()),
            ("exclusions", self.exclusions.unreadable()),
            ("former", self.former.unreadable()),
            ("counters", self.counters.unreadable()),
            ("debts", self.debts.unreadable()),
        ];
        worktrees.chain(others.into_iter().flat_map(|(list, rows)| rows.iter().map(move |row| (list, row))))
    }

    /// Takes out what could not be read of every list but the worktrees'.
    pub fn take_unreadable_rows(&mut self) -> Vec<Value> {
        let mut taken = self.repositories.take_unreadable();
        taken.extend(self.exclusions.take_unreadable());
        taken.extend(self.former.take_unreadable());
        taken.extend(self.counters.take_unreadable());
        taken.extend(self.debts.take_unreadable());
        taken
    }

    /// Returns every readable entry for changing.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.worktrees.iter_mut().filter_map(|record| match record {
            RegistryRow::Entry(entry) => Some(&mut **entry),
            RegistryRow::Unreadable(_) => None,
        })
    }

    /// Returns the entries of one repository that are not removed.
    pub fn living<'a>(&'a self, repository: &'a RepositoryId) -> impl Iterator<Item = &'a Entry> {
        self.entries().filter(move |entry| entry.is_living() && entry.repository_id == *repository)
    }

    /// Returns the living entry of that name, if any.
    #[must_use]
    pub fn find_living(&self, repository: &RepositoryId, name: &str) -> Option<&Entry> {
        self.entries()
            .find(|entry| entry.is_living() && entry.repository_id == *repository && entry.name == name)
    }

    /// Returns the living entry at that folder, of whatever repository.
    #[must_use]
    pub fn find_at(&self, path: &Path) -> Option<&Entry> {
        self.entries().find(|entry| entry.is_living() && entry.path == path)
    }

    /// Returns who owns `port`, if anybody does: the first living entry with that allocation.
    #[must_use]
    pub fn find_owner(&self, port: Port) -> Option<&Entry> {
        self.entries().find(|entry| {
            entry.is_living()
                && entry.allocations.iter().any(|allocation| allocation.find_port() == Some(port))
        })
    }

    /// Adds `entry` with the next sequence number, and returns it as recorded.
    pub fn insert(&mut self, mut entry: Entry) -> Entry {
        self.sequence += 1;
        entry.sequence = self.sequence;
        let others: Vec<&Entry> = self.entries().collect();
        compose_project::choose(&mut entry, &others);
        self.worktrees.push(RegistryRow::Entry(Box::new(entry.clone())));
        entry
    }

    /// Returns the entry with that sequence number, for changing.
    pub fn find_by_sequence(&mut self, sequence: u64) -> Option<&mut Entry> {
        self.entries_mut().find(|entry| entry.sequence == sequence)
    }

    /// Takes out the first entry for which `is_it` holds; its teardown stays as a debt.
    pub fn take(&mut self, is_it: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let index = self
            .worktrees
            .iter()
            .position(|record| matches!(record, RegistryRow::Entry(entry) if is_it(entry)))?;
        match self.worktrees.remove(index) {
            RegistryRow::Entry(entry) => {
                self.owe(&entry);
                Some(*entry)
            }
            RegistryRow::Unreadable(_) => None,
        }
    }

    /// Takes out every entry for which `is_it` holds, in their order; their teardowns stay as debts.
    pub fn take_all(&mut self, is_it: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut taken = Vec::new();
        let all = std::mem::take(&mut self.worktrees);
        self.worktrees = Vec::with_capacity(all.len());
        for record in all {
            match record {
                RegistryRow::Entry(entry) if is_it(&entry) => taken.push(*entry),
                kept => self.worktrees.push(kept),
            }
        }
        for gone in &taken {
            self.owe(gone);
        }
        taken
    }

    /// Notes the repository, or brings what is known about it up to date.
    pub fn remember_repository(&mut self, seen: RepositoryRecord) {
        match self.repositories.iter_mut().find(|known| known.id == seen.id) {
            Some(known) => {
                let (hooks_wanted, gone) = (known.hooks_wanted, std::mem::take(&mut known.gone));
                let extra = std::mem::take(&mut known.extra);
                *known = RepositoryRecord { hooks_wanted, gone, extra, ..seen };
            }
            None => self.repositories.push(seen),
        }
    }

    /// Answers whether somebody asked for hooks in the repository.
    #[must_use]
    pub fn wants_hooks(&self, id: &RepositoryId) -> bool {
        self.repositories.iter().any(|known| known.id == *id && known.hooks_wanted)
    }

    /// Notes whether hooks are wanted in a repository that is known.
    pub fn want_hooks(&mut self, id: &RepositoryId, wanted: bool) {
        if let Some(known) = self.repositories.iter_mut().find(|known| known.id == *id) {
            known.hooks_wanted = wanted;
        }
    }

    /// Counts one conflict of `kind`.
    pub fn count_conflict(&mut self, kind: &str, purpose: Option<&Purpose>, service: &ServiceName) {
        let known = self.counters.iter_mut().find(|counter| {
            counter.kind == kind && counter.purpose.as_ref() == purpose && counter.service == *service
        });
        if let Some(counter) = known {
            counter.count += 1;
            return;
        }
        self.counters.push(Counter {
            kind: kind.to_owned(),
            purpose: purpose.cloned(),
            service: service.clone(),
            count: 1,
            extra: Map::new(),
        });
    }

    /// Counts a conflict with processes that are not ours, and notes one event for it, with all of its ports. `place` is the
    /// repository and the name of the worktree.
    pub fn note_conflict(
        &mut self,
        place: (&Path, &str),
        purpose: Option<&Purpose>,
        service: &ServiceName,
        met: Met<'_>,
        at: Timestamp,
    ) {
        self.count_conflict("system", purpose, service);
        let ports: Vec<u16> = met.ports.iter().map(|port| port.number()).collect();
        let event = Event::new("port_conflict")
            .of(place.0, place.1)
            .with("conflict_kind", "system")
            .with("purpose", purpose.map(ToString::to_string))
            .with("service", service.as_str())
            .with("ports", ports)
            .with("holders", serde_json::to_value(holders_of(met.holders)).unwrap_or_default())
            .with("policy", met.policy)
            .with("outcome", met.outcome);
        self.record_event(at, event);
    }

    /// Notes an event with the next sequence number.
    pub fn record_event(&mut self, at: Timestamp, event: Event) {
        self.sequence += 1;
        self.events.push(event.numbered(self.sequence, at));
    }
}

#[cfg(test)]
mod tests;
