//! One line of `events.jsonl`: what was changed, or which conflict was met, when and for which worktree.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A change or a conflict.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Event {
    pub sequence: u64,
    pub at: Timestamp,
    /// What happened: `create_started`, `created`, `create_undone`, `create_finished`, `removed`, `restored`,
    /// `adopted`, `port_conflict`, `trash_deleted`, `port_moved`, `holder_terminated`, `resolve_planned`, `service_changed`, …
    pub event: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    /// Whatever else belongs to the event.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

impl Event {
    /// An event named `event`, not yet numbered.
    #[must_use]
    pub fn new(event: &str) -> Self {
        Self {
            sequence: 0,
            at: Timestamp::UNIX_EPOCH,
            event: event.to_owned(),
            repository: None,
            worktree: None,
            details: Map::new(),
        }
    }

    /// Names the worktree it is about.
    #[must_use]
    pub fn of(mut self, repository: impl Into<PathBuf>, worktree: &str) -> Self {
        self.repository = Some(repository.into());
        self.worktree = Some(worktree.to_owned());
        self
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Gives it its place in time.
    #[must_use]
    pub fn numbered(mut self, sequence: u64, at: Timestamp) -> Self {
        self.sequence = sequence;
        self.at = at;
        self
    }
}
