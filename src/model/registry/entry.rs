//! One worktree's entry and its state. On disk the state is a word with its companions beside it; here it is one enum.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::allocation::Allocation;
use super::journal::{Journal, Trash};
use super::note::{Gone, Notes};
use super::place::FolderPlace;
use super::repository::RepositoryId;
use crate::model::env_block::USUAL;
use crate::model::port::Port;
use crate::model::process::ProcessId;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

/// Where a worktree is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// Being made by `process`; undone or finished by the next command once that process is gone.
    Creating {
        process: ProcessId,
        journal: Journal,
    },
    Active,
    /// Being put away by `process`.
    Removing {
        process: ProcessId,
        trash: Trash,
    },
    /// Put away; can be restored until the trash expires.
    Removed {
        trash: Trash,
    },
}

impl EntryState {
    /// Returns the word used in the file and in `--json`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Creating { .. } => "creating",
            Self::Active => "active",
            Self::Removing { .. } => "removing",
            Self::Removed { .. } => "removed",
        }
    }
}

/// One worktree in the registry.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Row")]
pub struct Entry {
    /// The main worktree's folder (or the bare repository) when last seen.
    pub repository: PathBuf,
    pub repository_id: RepositoryId,
    /// The name people use: `feature-login`. Unique among the living entries of a repository.
    pub name: String,
    /// git's own name of the worktree (its folder in `.git/worktrees`), which survives `git worktree move`.
    /// Empty while git has not chosen it yet.
    pub admin: String,
    pub path: PathBuf,
    /// `None` for a detached HEAD.
    pub branch: Option<String>,
    /// `None` for an adopted worktree whose purpose nobody named.
    pub purpose: Option<Purpose>,
    pub identifier: String,
    pub state: EntryState,
    pub created_at: Timestamp,
    /// `wt`, `git`, `adopt`: who made the worktree.
    pub created_by: String,
    /// The machine that wrote the entry: on another host a missing folder proves nothing.
    pub host: String,
    /// From where it was recorded; `None` in records of earlier versions.
    pub place: Option<FolderPlace>,
    /// The registry's sequence number at creation: the order of entries when clocks go backwards.
    pub sequence: u64,
    /// Whether the worktree has an env block to keep true.
    pub env: bool,
    /// The files that may hold a block of ours, relative to the worktree; empty stands for `.env` alone.
    pub env_files: Vec<String>,
    pub allocations: Vec<Allocation>,
    /// Facts that only some have.
    pub notes: Notes,
    /// Fields written by other versions, kept as they stand.
    pub extra: Map<String, Value>,
}

impl Entry {
    /// A record of an active worktree called `name` at `path`, with nothing else to say: neither branch nor purpose nor ports.
    #[must_use]
    pub fn new(
        repository: &Path,
        id: RepositoryId,
        name: String,
        path: PathBuf,
        created_by: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            repository: repository.to_path_buf(),
            repository_id: id,
            identifier: name.clone(),
            name,
            admin: String::new(),
            path,
            branch: None,
            purpose: None,
            state: EntryState::Active,
            created_at: now,
            created_by: created_by.to_owned(),
            host: String::new(),
            place: None,
            sequence: 0,
            env: false,
            env_files: Vec::new(),
            allocations: Vec::new(),
            notes: Notes::default(),
            extra: Map::new(),
        }
    }

    /// Returns the services with their ports, in the order in which they were given.
    #[must_use]
    pub fn services(&self) -> Vec<(ServiceName, Port)> {
        let valid = self.allocations.iter();
        valid.filter_map(|allocation| Some((allocation.service.clone(), allocation.find_port()?))).collect()
    }

    /// Returns the files that may hold a block of ours, relative to the worktree.
    #[must_use]
    pub fn block_files(&self) -> Vec<String> {
        match (self.env, self.env_files.is_empty()) {
            (true, true) => vec![USUAL.to_owned()],
            _ => self.env_files.clone(),
        }
    }

    /// Records the files that may hold a block of ours.
    pub fn name_block_files(&mut self, files: &[String]) {
        self.env_files = if self.env && files == [USUAL] { Vec::new() } else { files.to_vec() };
    }

    /// Answers whether it is the main worktree of its repository: git has no name for that one.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.notes.main.read() == Some(true)
    }

    /// Answers whether the worktree is there or on its way: not removed.
    #[must_use]
    pub fn is_living(&self) -> bool {
        !matches!(self.state, EntryState::Removed { .. })
    }

    /// Returns the name, below a folder of the state folder, of what is kept of the worktree there. It goes by the entry, not
    /// by a name that a later worktree may have as well: so it is there again after a restore. The time tells it apart from
    /// one of a registry that was lost.
    #[must_use]
    pub fn kept_under(&self) -> PathBuf {
        let name = format!("{}-{}", self.sequence, self.created_at.as_second());
        Path::new(&self.repository_id.to_string()).join(name)
    }

    /// Answers whether services may start there: not in what is on its way into the trash, or to another name.
    #[must_use]
    pub fn may_run(&self) -> bool {
        matches!(self.state, EntryState::Creating { .. } | EntryState::Active)
            && self.notes.renaming.is_absent()
    }

    /// Returns the ports of its allocations, those that are nonsense left out.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.allocations.iter().filter_map(Allocation::find_port)
    }

    /// Adds an allocation: before those that `order` names after its service, else as the last one. The first one is
    /// `PORT`, whichever service was given its port first.
    pub fn give(&mut self, allocation: Allocation, order: &[ServiceName]) {
        let rank = |service: &ServiceName| order.iter().position(|known| known == service);
        let own = rank(&allocation.service);
        let is_later = |known: &Allocation| own.is_some_and(|own| rank(&known.service) > Some(own));
        let position = self.allocations.iter().position(is_later).unwrap_or(self.allocations.len());
        self.allocations.insert(position, allocation);
    }
}

/// The entry as it stands in the file, to be read.
#[derive(Deserialize)]
struct Row {
    repository: PathBuf,
    repository_id: RepositoryId,
    name: String,
    admin: String,
    path: PathBuf,
    branch: Option<String>,
    purpose: Option<Purpose>,
    identifier: String,
    state: String,
    created_at: Timestamp,
    created_by: String,
    #[serde(default)]
    host: String,
    place: Option<FolderPlace>,
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    env: bool,
    #[serde(default)]
    env_files: Vec<String>,
    #[serde(default)]
    allocations: Vec<Allocation>,
    process: Option<ProcessId>,
    journal: Option<Journal>,
    trash: Option<Trash>,
    #[serde(flatten)]
    notes: Notes,
    #[serde(flatten)]
    gone: Gone,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl TryFrom<Row> for Entry {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let state = match (row.state.as_str(), row.process, row.journal, row.trash) {
            ("creating", Some(process), Some(journal), _) => EntryState::Creating { process, journal },
            ("active", ..) => EntryState::Active,
            ("removing", Some(process), _, Some(trash)) => EntryState::Removing { process, trash },
            ("removed", _, _, Some(trash)) => EntryState::Removed { trash },
            (state, ..) => return Err(format!("state `{state}` is unknown or lacks its companions")),
        };
        Ok(Self {
            repository: row.repository,
            repository_id: row.repository_id,
            name: row.name,
            admin: row.admin,
            path: row.path,
            branch: row.branch,
            purpose: row.purpose,
            identifier: row.identifier,
            state,
            created_at: row.created_at,
            created_by: row.created_by,
            host: row.host,
            place: row.place,
            sequence: row.sequence,
            env: row.env,
            env_files: row.env_files,
            allocations: row.allocations,
            notes: Notes { gone: row.gone, ..row.notes },
            extra: row.extra,
        })
    }
}

/// The same to be written, in the same order: nothing is copied for it, for all entries are written at once.
#[derive(Serialize)]
struct WrittenRow<'a> {
    repository: &'a Path,
    repository_id: &'a RepositoryId,
    name: &'a str,
    admin: &'a str,
    path: &'a Path,
    branch: Option<&'a str>,
    purpose: Option<&'a str>,
    identifier: &'a str,
    state: &'static str,
    created_at: Timestamp,
    created_by: &'a str,
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a FolderPlace>,
    sequence: u64,
    env: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    env_files: &'a [String],
    allocations: &'a [Allocation],
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<&'a ProcessId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<&'a Journal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trash: Option<&'a Trash>,
    #[serde(flatten)]
    notes: &'a Notes,
    #[serde(flatten)]
    gone: &'a Gone,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (process, journal, trash) = match &self.state {
            EntryState::Creating { process, journal } => (Some(process), Some(journal), None),
            EntryState::Active => (None, None, None),
            EntryState::Removing { process, trash } => (Some(process), None, Some(trash)),
            EntryState::Removed { trash } => (None, None, Some(trash)),
        };
        let row = WrittenRow {
            repository: &self.repository,
            repository_id: &self.repository_id,
            name: &self.name,
            admin: &self.admin,
            path: &self.path,
            branch: self.branch.as_deref(),
            purpose: self.purpose.as_ref().map(Purpose::as_str),
            identifier: &self.identifier,
            state: self.state.as_str(),
            created_at: self.created_at,
            created_by: &self.created_by,
            host: &self.host,
            place: self.place.as_ref(),
            sequence: self.sequence,
            env: self.env,
            env_files: &self.env_files,
            allocations: &self.allocations,
            process,
            journal,
            trash,
            notes: &self.notes,
            gone: &self.notes.gone,
            extra: &self.extra,
        };
        row.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
