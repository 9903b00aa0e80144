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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{listener, port};
    use serde_json::json;

    fn fact(number: u16, pid: Option<u32>, user: Option<&str>, worktree: Option<&str>) -> HolderFact {
        HolderFact {
            port: port(number),
            pid,
            command: pid.map(|_| "python3".to_owned()),
            user: user.map(str::to_owned),
            worktree: worktree.map(str::to_owned),
        }
    }

    #[test]
    fn each_holder_is_told_once_for_a_port_and_one_that_cannot_be_seen_by_its_user() {
        let mut unseen = listener(5001, None);
        (unseen.owners, unseen.user) = (Vec::new(), 7);
        let on = |number: u16, listeners| Busy { port: port(number), listeners, denied: false };
        let twice = vec![listener(5000, Some("a")), listener(5000, Some("a"))];
        let busy = [on(5000, twice), on(5001, vec![unseen, listener(5001, None)]), on(5002, Vec::new())];
        let expected = [
            fact(5000, Some(42), None, Some("a")),
            fact(5001, None, Some("7"), None),
            fact(5001, Some(42), None, None),
        ];
        assert_eq!(holders_of(&busy), expected);
    }

    #[test]
    fn of_a_command_the_program_alone_is_told() {
        let told = |command: &str, reason: &str| {
            let event = Event::new("setup_failed").about_command(command, reason);
            (event.text("command"), event.text("reason"))
        };
        let pair = |command: &str, reason: &str| (command.to_owned(), reason.to_owned());
        assert_eq!(told("curl -H secret x", "`curl -H secret x` ended"), pair("curl", "`curl` ended"));
        assert_eq!(told("", "it ended"), pair("", "it ended"));
        assert_eq!(told("make", ""), pair("make", ""));
        let nothing = Event::new("setup_failed").about_command("", "");
        assert!(nothing.details.is_empty());
    }

    #[test]
    fn a_service_and_a_port_have_places_of_their_own_where_they_are_such() {
        let event = |key: &str, value: Value| Event::new("ready").with(key, value);
        assert_eq!(event("service", json!("web")).service.as_deref(), Some("web"));
        assert_eq!(event("port", json!(5000)).port, Some(port(5000)));
        for (key, value, text) in [
            ("port", json!(0), "0"),
            ("port", json!(65_536), "65536"),
            ("port", json!("5000"), "5000"),
            ("service", json!(7), "7"),
            ("other", json!(null), ""),
            ("other", json!("x"), "x"),
            ("other", json!([1]), "[1]"),
        ] {
            let event = event(key, value);
            assert_eq!((event.service.clone(), event.port, event.text(key)), (None, None, text.to_owned()));
        }
        assert_eq!(Event::new("ready").text("port"), "");
    }

    #[test]
    fn an_event_concerns_its_own_repository_and_where_it_has_none_every_one() {
        let (here, there) = (Path::new("/r"), Path::new("/s"));
        let of = Event::new("created").of("/r", "w");
        assert!(of.concerns(here) && !of.concerns(there) && Event::new("created").concerns(there));
    }
}
