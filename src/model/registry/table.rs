//! The registry as a value: look-ups over its entries, and the few changes that keep its invariants.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::Entry;
use super::record::Record;
use super::repository::{RepositoryId, RepositoryRecord};
use super::rows::Rows;
use crate::model::compose_project;
use crate::model::event::Event;
use crate::model::exclusion::Exclusion;
use crate::model::port::Port;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// The newest schema this program writes and reads.
pub const SCHEMA: u64 = 1;

/// How many former port sets are remembered, over all repositories.
const FORMER_LIMIT: usize = 1000;

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
    pub worktrees: Vec<Record>,
    #[serde(default)]
    pub exclusions: Rows<Exclusion>,
    #[serde(default)]
    pub former: Rows<Former>,
    #[serde(default)]
    pub counters: Rows<Counter>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
    /// What happened in this change, written to `events.jsonl` once the registry is.
    #[serde(skip)]
    pub events: Vec<Event>,
}

/// The ports a branch had for a purpose before it was removed; it gets them back if they are free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    pub repository_id: RepositoryId,
    pub branch: Option<String>,
    pub purpose: Option<Purpose>,
    /// The worktree's name: tells detached worktrees of one purpose apart.
    pub name: String,
    pub ports: Vec<FormerPort>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One service's former port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerPort {
    pub service: ServiceName,
    pub port: Port,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
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
            extra: Map::new(),
            events: Vec::new(),
        }
    }
}

impl Registry {
    /// Returns every readable entry, removed ones too.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.worktrees.iter().filter_map(|record| match record {
            Record::Entry(entry) => Some(&**entry),
            Record::Unreadable(_) => None,
        })
    }

    /// Returns the ports that rows claim which cannot be read: nobody else may have them until that is settled.
    pub fn ports_of_unreadable(&self) -> impl Iterator<Item = Port> {
        let rows = self.worktrees.iter().filter_map(|record| match record {
            Record::Unreadable(row) if row.get("state").and_then(Value::as_str) != Some("removed") => {
                Some(row)
            }
            Record::Unreadable(_) | Record::Entry(_) => None,
        });
        rows.filter_map(|row| row.get("allocations")?.as_array())
            .flatten()
            .filter_map(|allocation| Port::deserialize(allocation.get("port")?).ok())
    }

    /// Takes out what could not be read of every list but the worktrees'.
    pub fn take_unreadable_rows(&mut self) -> Vec<Value> {
        let mut taken = self.repositories.take_unreadable();
        taken.extend(self.exclusions.take_unreadable());
        taken.extend(self.former.take_unreadable());
        taken.extend(self.counters.take_unreadable());
        taken
    }

    /// Returns every readable entry for changing.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.worktrees.iter_mut().filter_map(|record| match record {
            Record::Entry(entry) => Some(&mut **entry),
            Record::Unreadable(_) => None,
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

    /// Returns the ports that this branch had for this purpose; a detached worktree is known by its `name`.
    #[must_use]
    pub fn find_former(
        &self,
        repository: &RepositoryId,
        branch: Option<&str>,
        purpose: &Purpose,
        name: Option<&str>,
    ) -> Option<&Former> {
        self.former.iter().rev().find(|former| {
            former.repository_id == *repository
                && former.branch.as_deref() == branch
                && former.purpose.as_ref() == Some(purpose)
                && name.is_none_or(|name| former.name == name)
        })
    }

    /// Adds `entry` with the next sequence number, and returns it as recorded.
    pub fn insert(&mut self, mut entry: Entry) -> Entry {
        self.sequence += 1;
        entry.sequence = self.sequence;
        let others: Vec<&Entry> = self.entries().collect();
        compose_project::settle(&mut entry, &others);
        self.worktrees.push(Record::Entry(Box::new(entry.clone())));
        entry
    }

    /// Returns the entry with that sequence number, for changing.
    pub fn find_by_sequence(&mut self, sequence: u64) -> Option<&mut Entry> {
        self.entries_mut().find(|entry| entry.sequence == sequence)
    }

    /// Takes out the first entry for which `is_it` holds.
    pub fn take(&mut self, is_it: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let index = self
            .worktrees
            .iter()
            .position(|record| matches!(record, Record::Entry(entry) if is_it(entry)))?;
        match self.worktrees.remove(index) {
            Record::Entry(entry) => Some(*entry),
            Record::Unreadable(_) => None,
        }
    }

    /// Takes out every entry for which `is_it` holds, in their order.
    pub fn take_all(&mut self, is_it: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut taken = Vec::new();
        let all = std::mem::take(&mut self.worktrees);
        self.worktrees = Vec::with_capacity(all.len());
        for record in all {
            match record {
                Record::Entry(entry) if is_it(&entry) => taken.push(*entry),
                kept => self.worktrees.push(kept),
            }
        }
        taken
    }

    /// Notes the repository, or brings what is known about it up to date.
    pub fn remember_repository(&mut self, seen: RepositoryRecord) {
        match self.repositories.iter_mut().find(|known| known.id == seen.id) {
            Some(known) => {
                let (hooks_wanted, extra) = (known.hooks_wanted, std::mem::take(&mut known.extra));
                *known = RepositoryRecord { hooks_wanted, extra, ..seen };
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

    /// Remembers which ports `entry` had, forgetting the oldest beyond the limit.
    pub fn remember_ports(&mut self, entry: &Entry) {
        let ports: Vec<FormerPort> = entry
            .allocations
            .iter()
            .filter_map(|allocation| {
                let port = allocation.find_port()?;
                Some(FormerPort { service: allocation.service.clone(), port, extra: Map::new() })
            })
            .collect();
        if ports.is_empty() {
            return;
        }
        self.former.retain(|former| !former.is_of(entry));
        self.former.push(Former {
            repository_id: entry.repository_id.clone(),
            branch: entry.branch.clone(),
            purpose: entry.purpose.clone(),
            name: entry.name.clone(),
            ports,
            extra: Map::new(),
        });
        self.forget_surplus_former();
    }

    fn forget_surplus_former(&mut self) {
        let surplus = self.former.len().saturating_sub(FORMER_LIMIT);
        self.former.drain(..surplus);
    }

    /// Remembers what the records of vanished worktrees said, for a restore of what git still knows of them. Of more than
    /// can be remembered only the last are looked at.
    pub fn remember_vanished(&mut self, entries: &[Entry]) {
        for entry in &entries[entries.len().saturating_sub(FORMER_LIMIT)..] {
            self.remember_one_vanished(entry);
        }
        self.forget_surplus_former();
    }

    fn remember_one_vanished(&mut self, entry: &Entry) {
        self.remember_ports(entry);
        if !self.former.iter().any(|former| former.is_of(entry)) {
            self.former.push(Former {
                repository_id: entry.repository_id.clone(),
                branch: entry.branch.clone(),
                purpose: entry.purpose.clone(),
                name: entry.name.clone(),
                ports: Vec::new(),
                extra: Map::new(),
            });
        }
        if let Some(former) = self.former.iter_mut().find(|former| former.is_of(entry)) {
            let mut set = |key: &str, value: Value| former.extra.insert(key.to_owned(), value);
            set("name_in_git", entry.admin.clone().into());
            set("path", entry.path.to_string_lossy().into());
            set("name_then", entry.name.clone().into());
            set("identifier", entry.identifier.clone().into());
            set("env", entry.env.into());
        }
    }

    /// Returns a record of git's worktree `draft` as it was before it was released, where that is remembered.
    #[must_use]
    pub fn recalled(&self, draft: Entry) -> Entry {
        let is_it = |former: &&Former| {
            let says = |key: &str, value: &str| former.extra.get(key).is_some_and(|known| known == value);
            former.repository_id == draft.repository_id
                && says("name_in_git", &draft.admin)
                && says("path", &draft.path.to_string_lossy())
        };
        let Some(former) = self.former.iter().rev().find(is_it) else { return draft };
        let text = |key: &str| former.extra.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text("name_then").filter(|name| self.find_living(&draft.repository_id, name).is_none());
        Entry {
            name: name.unwrap_or(draft.name),
            purpose: former.purpose.clone(),
            identifier: text("identifier").unwrap_or(draft.identifier),
            env: former.extra.get("env").and_then(Value::as_bool).unwrap_or(draft.env),
            ..draft
        }
    }

    /// Returns the identifier of a worktree of git's whose record was released, where it is remembered.
    #[must_use]
    pub fn find_former_identifier(
        &self,
        repository: &RepositoryId,
        admin: &str,
        path: &Path,
    ) -> Option<&str> {
        let is_it = |former: &&Former| {
            let says = |key: &str, value: &str| former.extra.get(key).is_some_and(|known| known == value);
            former.repository_id == *repository
                && says("name_in_git", admin)
                && says("path", &path.to_string_lossy())
        };
        self.former.iter().rev().find(is_it)?.extra.get("identifier")?.as_str()
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

    /// Notes an event with the next sequence number.
    pub fn record_event(&mut self, at: Timestamp, event: Event) {
        self.sequence += 1;
        self.events.push(event.numbered(self.sequence, at));
    }
}

impl Former {
    fn is_of(&self, entry: &Entry) -> bool {
        self.repository_id == entry.repository_id
            && self.purpose == entry.purpose
            && self.branch == entry.branch
            && (self.branch.is_some() || self.name == entry.name)
    }
}
