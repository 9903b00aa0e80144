//! An event as it stands in a line, by whichever version: what is not as this version writes it stays a detail.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Event, EventKind};

/// A line as it is read.
#[derive(Deserialize)]
struct Written {
    sequence: u64,
    at: Timestamp,
    event: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer).map(Self::from)
    }
}

impl From<Written> for Event {
    fn from(line: Written) -> Self {
        let mut event = Self::new(&line.event).numbered(line.sequence, line.at);
        for (key, value) in line.rest {
            match (key.as_str(), value) {
                ("repository", Value::String(path)) => event.repository = Some(PathBuf::from(path)),
                ("worktree", Value::String(name)) => event.worktree = Some(name),
                ("by", value) => match serde_json::from_value(value.clone()) {
                    Ok(by) => event.by = Some(by),
                    Err(_) => event.put("by", value),
                },
                // The kind follows from the name; earlier versions called the kind of a conflict so.
                ("kind", Value::String(kind)) if kind == event.kind.as_str() => {}
                ("kind", value) if event.event == "port_conflict" => event.put("conflict_kind", value),
                ("kind", _) => {}
                (key, value) => event.put(key, value),
            }
        }
        if event.kind == EventKind::Setup {
            // Earlier versions wrote the whole command.
            let (command, reason) = (event.text("command"), event.text("reason"));
            event.about_command(&command, &reason)
        } else {
            event
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::By;
    use super::*;

    fn read(line: Value) -> Event {
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let mut event = Event::new("ready").of("/r", "w").with("service", "web").with("port", 5000);
        event.by = Some(By { user: "me".to_owned(), pid: 7, command: "up".to_owned() });
        let event = event.with("from", "starting").numbered(4, Timestamp::UNIX_EPOCH);
        let text = serde_json::to_value(&event).unwrap();
        assert_eq!(
            text,
            json!({"sequence": 4, "at": "1970-01-01T00:00:00Z", "kind": "service", "event": "ready", "repository": "/r",
                "worktree": "w", "service": "web", "port": 5000, "by": {"user": "me", "pid": 7, "command": "up"},
                "from": "starting"})
        );
        assert_eq!(read(text), event);
    }

    #[test]
    fn an_older_line_gets_its_kind_and_loses_arguments() {
        let old = read(
            json!({"sequence": 1, "at": "2026-01-01T00:00:00Z", "event": "port_conflict", "kind": "system"}),
        );
        assert_eq!((old.kind, old.text("conflict_kind")), (EventKind::Conflict, "system".to_owned()));
        let setup = read(json!({"sequence": 1, "at": "2026-01-01T00:00:00Z", "event": "setup_failed",
            "command": "curl -H token:secret x", "reason": "`curl -H token:secret x` ended"}));
        assert_eq!((setup.kind, setup.text("command")), (EventKind::Setup, "curl".to_owned()));
        assert_eq!(setup.text("reason"), "`curl` ended");
    }

    #[test]
    fn a_value_without_sense_spoils_no_line() {
        let odd = read(
            json!({"sequence": 1, "at": "2026-01-01T00:00:00Z", "event": "x", "port": 70000, "service": 7,
            "worktree": [], "repository": null, "by": "me", "kind": 3}),
        );
        assert_eq!((odd.port, &odd.service, &odd.worktree, &odd.by), (None, &None, &None, &None));
        assert_eq!(odd.text("port"), "70000");
        assert!(serde_json::from_value::<Event>(json!({"event": "cut"})).is_err());
    }

    #[test]
    fn the_kind_in_a_line_of_today_is_no_kind_of_a_conflict() {
        let conflict = Event::new("port_conflict").numbered(1, Timestamp::UNIX_EPOCH);
        assert_eq!(read(serde_json::to_value(&conflict).unwrap()), conflict);
        let renamed =
            read(json!({"sequence": 1, "at": "1970-01-01T00:00:00Z", "event": "ready", "kind": "old"}));
        assert_eq!((renamed.kind, renamed.details.len()), (EventKind::Service, 0), "its name says the kind");
    }
}
