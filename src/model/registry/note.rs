//! Facts of our own that not every row has. A note stands in the file as it was written and is read when somebody asks, so
//! that one that cannot be read hides no row and is lost to nobody.

use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::model::agent::marker::Marker;
use crate::model::branch_base::BranchBase;
use crate::model::claim::Claim;
use crate::model::foreign::ForeignMark;
use crate::model::passage::{Moment, OverdueSince};
use crate::model::process::ProcessId;
use crate::model::readying::Readying;
use crate::model::renaming::Renaming;
use crate::model::service::ServiceName;
use crate::model::setup::Setup;
use crate::model::teardown::Teardown;

/// One fact, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<T>(Option<Value>, PhantomData<T>);

impl<T> Default for Note<T> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<T> Note<T> {
    /// Answers whether nothing was written.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// Takes the note away.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Returns the text that was written, as it stands.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_ref().and_then(Value::as_str)
    }
}

impl<T: DeserializeOwned> Note<T> {
    /// Returns the fact; `None` also where it cannot be read.
    #[must_use]
    pub fn read(&self) -> Option<T> {
        T::deserialize(self.0.as_ref()?).ok()
    }
}

impl<T: DeserializeOwned> Note<Vec<T>> {
    /// Returns the facts of a list; those that cannot be read are left out.
    #[must_use]
    pub fn read_each(&self) -> Vec<T> {
        let all = self.0.as_ref().and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|fact| T::deserialize(fact).ok()).collect()
    }
}

impl<T: Serialize> Note<T> {
    /// Writes the fact down in the place of an earlier one.
    pub fn write(&mut self, fact: &T) {
        if let Ok(value) = serde_json::to_value(fact) {
            self.0 = Some(value);
        }
    }
}

impl<T> Serialize for Note<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Note<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Some(Value::deserialize(deserializer)?), PhantomData))
    }
}

/// Since when a row is about something that is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub gone_since: Note<Timestamp>,
    /// The same by how long the machine had run.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub gone_in: Note<Moment>,
    /// When the clock alone said that it is over.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub seen_over: Note<OverdueSince>,
}

/// The notes of a worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The processes of its services.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub processes: Note<Vec<ProcessId>>,
    /// That an unfinished one came from a backup, which is one step behind: it is finished where it is whole, and never
    /// undone.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub recovered: Note<bool>,
    /// The name under which Compose keeps its containers, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub compose_project: Note<String>,
    /// Where its branch began.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub base: Note<BranchBase>,
    /// How far its setup has come.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub setup: Note<Setup>,
    /// What takes back what its setup made outside of it.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub teardown: Note<Teardown>,
    /// That it is the main worktree of its repository.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub main: Note<bool>,
    /// The names that it is being given.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub renaming: Note<Renaming>,
    /// The claims on its name and ports, where somebody keeps claims.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub claims: Note<Vec<Claim>>,
    /// Whose code is in it, where that is not plain.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub foreign: Note<ForeignMark>,
    /// The services that serve all worktrees, and that it uses.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub uses: Note<Vec<ServiceName>>,
    /// The sessions of coding agents that work there.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub agents: Note<Vec<Marker>>,
    /// How far a worktree that an agent was the first to enter is made ready.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub readying: Note<Readying>,
    /// Beside them in the row: what is flattened twice is taken out of the rest of it by neither.
    #[serde(skip)]
    pub gone: Gone,
}

/// What is remembered of a worktree whose record was released.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedThen {
    /// git's name of it.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub name_in_git: Note<String>,
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub path: Note<String>,
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub name_then: Note<String>,
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub identifier: Note<String>,
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub env: Note<bool>,
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub env_files: Note<Vec<String>>,
}

impl ReleasedThen {
    /// Answers whether it is about the worktree that git calls `admin` and that stands at `path`.
    #[must_use]
    pub fn is_at(&self, admin: &str, path: &str) -> bool {
        self.name_in_git.text() == Some(admin) && self.path.text() == Some(path)
    }
}
