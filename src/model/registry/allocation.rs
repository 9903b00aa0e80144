//! A port owned by a worktree for a service, read leniently: a nonsense number is kept and reported, never a crash.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::note::Note;
use crate::model::port::Port;
use crate::model::service::ServiceName;

/// A port number as the file has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RecordedPort {
    Valid(Port),
    /// 0, above 65535, or not a number at all: kept as it stands until somebody mends it.
    Invalid(Value),
}

/// A port owned by a worktree for a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    pub port: RecordedPort,
    pub service: ServiceName,
    pub allocated_at: Timestamp,
    /// A pinned port is never moved or called stale.
    #[serde(default)]
    pub pinned: bool,
    /// The last health result, written often and by others; absent until there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Value>,
    /// When it was moved away from a port that somebody else held.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub moved_at: Note<Timestamp>,
    /// When its own server was last seen.
    #[serde(default, skip_serializing_if = "Note::is_absent")]
    pub last_listening: Note<Timestamp>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl<'de> Deserialize<'de> for RecordedPort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let port = value.as_u64().and_then(|number| u16::try_from(number).ok()).and_then(Port::new);
        Ok(port.map_or(Self::Invalid(value), Self::Valid))
    }
}

impl Allocation {
    /// A new, unpinned allocation.
    #[must_use]
    pub fn new(port: Port, service: ServiceName, allocated_at: Timestamp) -> Self {
        let port = RecordedPort::Valid(port);
        Self {
            port,
            service,
            allocated_at,
            pinned: false,
            health: None,
            moved_at: Note::default(),
            last_listening: Note::default(),
            extra: Map::new(),
        }
    }

    /// Returns when something of it was last seen listening, else when it was allocated.
    #[must_use]
    pub fn idle_since(&self) -> Timestamp {
        self.last_listening.read().map_or(self.allocated_at, |noted| noted.max(self.allocated_at))
    }

    /// Returns the port; `None` when the file holds nonsense.
    #[must_use]
    pub fn find_port(&self) -> Option<Port> {
        match self.port {
            RecordedPort::Valid(port) => Some(port),
            RecordedPort::Invalid(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_nonsense_is_kept_as_it_stands() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (written, port) in [
            ("5000", Some(5000)),
            ("65535", Some(65535)),
            ("0", None),
            ("65536", None),
            ("-1", None),
            ("\"5000\"", None),
            ("null", None),
        ] {
            let text = format!(
                r#"{{"port":{written},"service":"web","allocated_at":"1970-01-01T00:00:09Z","pinned":false}}"#
            );
            let read: Allocation = serde_json::from_str(&text).unwrap();
            assert_eq!(read.find_port().map(Port::number), port, "{written}");
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
            assert_eq!(read.idle_since(), at(9));
        }
        let mut listened = Allocation::new(Port::new(5000).unwrap(), "web".parse().unwrap(), at(9));
        for (second, expected) in [(20, 20), (5, 9)] {
            listened.last_listening.write(&at(second));
            assert_eq!(listened.idle_since(), at(expected), "a clock that was set back counts for nothing");
        }
    }
}
