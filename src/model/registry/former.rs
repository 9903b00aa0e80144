//! Which ports worktrees had: a worktree that comes back gets its own again, and others are given them only when nothing
//! else is left.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::Entry;
use super::note::{Gone, ReleasedThen};
use super::repository::RepositoryId;
use crate::model::port::Port;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;

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
    pub then: ReleasedThen,
    #[serde(flatten)]
    pub gone: Gone,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One service's former port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerPort {
    pub service: ServiceName,
    pub port: Port,
    /// Whether somebody had asked for this very port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Former {
    /// Returns the port that the service had.
    #[must_use]
    pub fn find_port(&self, service: &ServiceName) -> Option<Port> {
        self.ports.iter().find(|known| known.service == *service).map(|known| known.port)
    }

    /// Answers whether it is what this entry's worktree had.
    #[must_use]
    pub fn is_of(&self, entry: &Entry) -> bool {
        self.repository_id == entry.repository_id
            && self.purpose == entry.purpose
            && self.branch == entry.branch
            && (self.branch.is_some() || self.name == entry.name)
    }

    /// Answers whether the worktree of this entry was called so, whatever branch it was on.
    #[must_use]
    pub fn was_called_as(&self, entry: &Entry) -> bool {
        self.repository_id == entry.repository_id && self.purpose == entry.purpose && self.name == entry.name
    }
}
