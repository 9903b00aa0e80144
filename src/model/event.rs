//! One line of `events.jsonl`: what was changed, or which conflict was met, when, for which worktree and by whom.

pub mod filter;
mod kind;
mod program;
pub mod tally;
mod written;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use kind::EventKind;

use crate::model::port::Port;
use crate::model::port::listener::Busy;

/// A change or a conflict.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Event {
    /// Grows from line to line.
    pub sequence: u64,
    pub at: Timestamp,
    /// What it is about: the word of `--kind`.
    pub kind: EventKind,
    /// What happened: `create_started`, `created`, `create_undone`, `create_finished`, `removed`, `restored`,
    /// `adopted`, `port_conflict`, `trash_deleted`, `port_moved`, `holder_terminated`, `resolve_planned`, `health_changed`, of
    /// services `started`, `ready`, `unhealthy`, `crashed`, `restarted`, `failed`, `stopped`, `completed`, …
    pub event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Whose command it was; older lines do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// Whatever else belongs to the event.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct By {
    pub user: String,
    pub pid: u32,
    /// The word of the command (`up`, `ports kill`), never its arguments.
    pub command: String,
}

/// A process that holds a port which others were to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HolderFact {
    pub port: Port,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The name of the process, never its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
}

/// Returns who holds these ports, each process once for a port.
#[must_use]
pub fn holders_of(busy: &[Busy]) -> Vec<HolderFact> {
    let mut found: Vec<HolderFact> = Vec::new();
    for busy in busy {
        for socket in &busy.listeners {
            let owners = socket.owners.iter().map(|owner| HolderFact {
                port: busy.port,
                pid: Some(owner.pid),
                command: Some(owner.command.clone()),
                user: owner.user.clone(),
                worktree: owner.worktree.clone(),
            });
            let unseen = HolderFact {
                port: busy.port,
                pid: None,
                command: None,
                user: Some(socket.user.to_string()),
                worktree: None,
            };
            let unseen = socket.owners.is_empty().then_some(unseen);
            for holder in owners.chain(unseen) {
                if !found.contains(&holder) {
                    found.push(holder);
                }
            }
        }
    }
    found
}

impl Event {
    /// An event named `event`, not yet numbered.
    #[must_use]
    pub fn new(event: &str) -> Self {
        Self {
            sequence: 0,
            at: Timestamp::UNIX_EPOCH,
            kind: EventKind::of(event),
            event: event.to_owned(),
            repository: None,
            worktree: None,
            service: None,
            port: None,
            by: None,
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

    /// Answers whether the repository is to hear of it: it is about a worktree of it, or about none of any.
    #[must_use]
    pub fn concerns(&self, root: &Path) -> bool {
        self.repository.as_ref().is_none_or(|of| of == root)
    }

    /// Adds a detail; `service` and `port` have places of their own.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.put(key, value.into());
        self
    }

    /// Says which command it is about and why, both without the command's arguments: they may hold secrets.
    #[must_use]
    pub fn about_command(mut self, text: &str, reason: &str) -> Self {
        let program = program::program_of(text);
        if !text.is_empty() {
            self.put("command", program.into());
        }
        if !reason.is_empty() {
            let told = if text.is_empty() { reason.to_owned() } else { reason.replace(text, program) };
            self.put("reason", told.into());
        }
        self
    }

    /// Gives it its place in time.
    #[must_use]
    pub fn numbered(mut self, sequence: u64, at: Timestamp) -> Self {
        self.sequence = sequence;
        self.at = at;
        self
    }

    /// Returns a detail as text; empty where there is none.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        match self.details.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        }
    }

    fn put(&mut self, key: &str, value: Value) {
        match (key, &value) {
            ("service", Value::String(name)) => self.service = Some(name.clone()),
            ("port", Value::Number(number)) => match number.as_u64().and_then(as_port) {
                Some(port) => self.port = Some(port),
                None => drop(self.details.insert(key.to_owned(), value)),
            },
            _ => drop(self.details.insert(key.to_owned(), value)),
        }
    }
}

fn as_port(number: u64) -> Option<Port> {
    Port::new(u16::try_from(number).ok()?)
}
