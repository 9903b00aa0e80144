//! What commands and the supervisor of a worktree say to each other over its socket: one JSON object a line.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::ServicePlan;
use super::samples::ServiceSample;
use super::state::ServiceState;
use crate::model::port::Port;
use crate::model::service::ServiceName;

/// The word of the hidden command that supervises.
pub const SUPERVISE: &str = "supervise";

/// A request with its number, or an answer with the number of the request that it belongs to. 0 is what belongs to none, and
/// what an end says that knows no numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbered<T> {
    #[serde(default)]
    pub number: u64,
    /// Until when a request counts, in milliseconds of the machine's monotonic clock: whoever asked waits no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// The word of the command that asks (`up`), which the log of events names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asker: Option<String>,
    #[serde(flatten)]
    pub said: T,
}

impl<T> Numbered<T> {
    /// Something with its number that counts whenever it is heard.
    #[must_use]
    pub fn new(number: u64, said: T) -> Self {
        Self { number, until_ms: None, asker: None, said }
    }

    /// Answers whether it is heard too late, at `now_ms`.
    #[must_use]
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until| until < now_ms)
    }
}

/// What a command asks for. The connection is the wish: a start whose connection ends early is taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    Status,
    /// The same, with what was seen of each since then.
    Samples {
        since: Timestamp,
    },
    /// Tells of every change until the connection ends.
    Watch,
    Start {
        plans: Vec<ServicePlan>,
        wait: bool,
        /// Whether everything is stopped when the connection ends, also after the start.
        foreground: bool,
        /// Those that go on when the connection ends: others use them.
        #[serde(default)]
        spared: Vec<ServiceName>,
        /// Those that were asked for by name.
        #[serde(default)]
        named: Vec<ServiceName>,
    },
    Restart {
        plans: Vec<ServicePlan>,
        /// Those that were asked for; the others are what they need.
        anew: Vec<ServiceName>,
        /// Those that were asked for by name.
        #[serde(default)]
        named: Vec<ServiceName>,
    },
    /// Everything where none is named.
    Stop {
        #[serde(default)]
        services: Vec<ServiceName>,
    },
    /// Starts those that sleep, with what they need.
    Wake {
        services: Vec<ServiceName>,
    },
    /// How large the terminal is that services are watched on. Not answered.
    Resize {
        rows: u16,
        columns: u16,
    },
    /// What was asked for before on this connection is not wanted any more.
    TakeBack,
}

/// What the supervisor answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Reply {
    /// How everything stands: after each change, while somebody waits for one.
    Services { services: Vec<ServiceFacts> },
    /// Something worth saying, in words.
    Note { text: String },
    /// The wish is fulfilled, or the question answered.
    Done { services: Vec<ServiceFacts> },
    /// The wish failed, and what was started for it runs no more: over these, or for another reason.
    Failed { failures: Vec<Failing>, reason: String, cause: Cause, services: Vec<ServiceFacts> },
}

/// A service that made a wish fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failing {
    pub service: ServiceName,
    pub reason: String,
    pub cause: Cause,
    /// Whether it only failed because another one did that it needs.
    pub is_consequence: bool,
}

/// What kind of trouble made a wish fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The service itself: it ended, or never became ready.
    #[default]
    Service,
    /// It listens, but not on one of its further ports.
    ExtraPort,
    /// Somebody has this port of its.
    PortConflict(Port),
    /// Its command, or its folder, is not there.
    NotFound,
    /// It may not be run, or not there.
    Permission,
    /// Somebody took back the approval of its commands.
    Untrusted,
    DiskFull,
}

/// What the supervisor knows of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceFacts {
    pub service: ServiceName,
    pub state: ServiceState,
    pub port: Option<Port>,
    /// The process that was started, or the one that took its place.
    pub pid: Option<u32>,
    /// All processes of the service that are known.
    #[serde(default)]
    pub pids: Vec<u32>,
    pub since: Option<Timestamp>,
    pub restarts: u32,
    pub reason: Option<String>,
    /// What goes on with it, as it is said when it begins: `ready after 1.2s`.
    #[serde(default)]
    pub news: String,
    /// Where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<ServiceSample>,
}

impl ServiceFacts {
    /// Those of a service that could run, and was never started.
    #[must_use]
    pub fn stopped(service: ServiceName, port: Option<Port>) -> Self {
        Self {
            service,
            state: ServiceState::Stopped,
            port,
            pid: None,
            pids: Vec::new(),
            since: None,
            restarts: 0,
            reason: None,
            news: String::new(),
            samples: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_stands_beside_what_is_said_and_may_be_missing() {
        let asked = Numbered::new(3, Request::Status);
        let text = serde_json::to_value(&asked).unwrap();
        assert_eq!(text, json!({ "number": 3, "ask": "status" }));
        assert_eq!(serde_json::from_value::<Numbered<Request>>(text).unwrap(), asked);
        let old = json!({ "say": "note", "text": "x", "unheard_of": 1 });
        let note = Reply::Note { text: "x".to_owned() };
        assert_eq!(serde_json::from_value::<Numbered<Reply>>(old).unwrap(), Numbered::new(0, note));
    }
}
