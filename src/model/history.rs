//! Which events tell of conflicts over ports and of what was done about them, and in which words.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::event::{Event, EventKind};
use super::quantity;
use crate::model::port::Port;
use crate::model::port::words::Words;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    pub port: Option<Port>,
    /// The root of the repository whose worktree is meant.
    pub repository: Option<PathBuf>,
    pub worktree: Option<String>,
    pub since: Option<Timestamp>,
}

impl HistoryFilter {
    /// Answers whether `event` is among what is asked for.
    #[must_use]
    pub fn admits(&self, event: &Event) -> bool {
        is_about_conflicts(&event.event)
            && self.port.is_none_or(|port| ports(event).contains(&port))
            && self.repository.as_ref().is_none_or(|root| event.concerns(root))
            && self.worktree.as_ref().is_none_or(|name| event.worktree.as_ref() == Some(name))
            && self.since.is_none_or(|since| event.at >= since)
    }
}

/// Answers whether events of that name tell of a conflict over a port, or of what was done about one.
#[must_use]
pub fn is_about_conflicts(name: &str) -> bool {
    let resolving = ["port_move", "port_reclaim"];
    EventKind::of(name) == EventKind::Conflict || resolving.iter().any(|word| name.starts_with(word))
}

/// Returns the ports that an event names.
#[must_use]
pub fn ports(event: &Event) -> Vec<Port> {
    let port = |value: &Value| u16::try_from(value.as_u64()?).ok().and_then(Port::new);
    let single = ["from", "to"].into_iter().filter_map(|key| event.details.get(key));
    let many = event.details.get("ports").and_then(Value::as_array).into_iter().flatten();
    event.port.into_iter().chain(single.chain(many).filter_map(port)).collect()
}

/// Returns what an event says, in words.
#[must_use]
pub fn words(event: &Event) -> String {
    let text = |key: &str| event.text(key);
    let service = || event.service.as_deref().unwrap_or_default();
    match event.event.as_str() {
        // Where it is known who, that says more.
        "port_conflict" if event.details.contains_key("reason") => text("reason"),
        "port_conflict" => conflict(event),
        "port_moved" => format!("`{}` moved from {} to {}", service(), text("from"), text("to")),
        "port_move_undone" => {
            format!("`{}` is back from {} to {}", service(), text("from"), text("to"))
        }
        "holder_terminated" | "stray_terminated" if text("signal").is_empty() => {
            format!("{} (pid {}) ended", text("command"), text("pid"))
        }
        "holder_terminated" | "stray_terminated" => {
            format!("{} (pid {}) ended by {}", text("command"), text("pid"), text("signal"))
        }
        _ => {
            let said = event.details.get("reason").or_else(|| event.details.get("message"));
            match said.and_then(Value::as_str) {
                Some(said) => about(event, said),
                None => listed(event),
            }
        }
    }
}

/// A reason behind the service, and the limit, that it is about, where it does not name these itself.
fn about(event: &Event, said: &str) -> String {
    let limit = event.text("limit");
    let known = event.service.as_deref().filter(|service| !said.contains(&format!("`{service}`")));
    let subject: Vec<&str> =
        known.into_iter().chain([limit.as_str()]).filter(|word| !word.is_empty()).collect();
    if subject.is_empty() { said.to_owned() } else { format!("{}: {said}", subject.join(" ")) }
}

/// Who wanted a port, who held it, and what came of it.
fn conflict(event: &Event) -> String {
    let holders = event.details.get("holders").and_then(Value::as_array).into_iter().flatten();
    let told = holders.filter_map(|holder| {
        let port = holder.get("port")?;
        let text = |key: &str| holder.get(key).and_then(Value::as_str);
        let pid = holder.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok());
        let words = Words {
            command: text("command"),
            pid,
            worktree: text("worktree"),
            user: text("user"),
            ..Words::default()
        };
        Some(format!("{port} is held by {}", words.sentence()))
    });
    let told: Vec<String> = told.collect();
    let wanted = format!("`{}` wanted a port", event.service.as_deref().unwrap_or_default());
    let outcome = match event.text("outcome").as_str() {
        "passed_over" => "; others were taken",
        "given_up" => "; nothing else was free",
        _ => "",
    };
    if told.is_empty() {
        return format!("{wanted} that others hold{outcome}");
    }
    format!("{wanted}: {}{outcome}", told.join(", "))
}

fn listed(event: &Event) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let service = event.service.iter().map(|service| format!("service {service}"));
    let port = event.port.iter().map(|port| format!("port {port}"));
    let details = event.details.iter().filter(|(key, value)| *key != "token" && !value.is_null());
    let details = details.map(|(key, value)| format!("{key} {}", text(value)));
    service.chain(port).chain(details).collect::<Vec<_>>().join(", ")
}

/// Reads a moment: so long before `now` (`2h`, `3d`), a day (from its beginning in UTC), or an RFC 3339 time.
///
/// # Errors
///
/// Says what a moment looks like.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(length) = quantity::duration(text) {
        return Ok(now.checked_sub(length).unwrap_or(Timestamp::MIN));
    }
    let day = || {
        let day = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
        day.to_zoned(TimeZone::UTC).ok().map(|begin| begin.timestamp())
    };
    match text.parse::<Timestamp>().ok().or_else(day) {
        Some(moment) if moment > now => {
            Err(format!("`{text}` is yet to come: write how long ago (`2h`, `3d`) or a time that was"))
        }
        Some(moment) => Ok(moment),
        None => Err(format!(
            "`{}` is no time: write `2h`, `3d`, `2026-11-01` or `2026-11-01T08:00:00Z`",
            text.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_moment_is_an_age_a_day_or_a_time() {
        let now = at(1_000_000);
        assert_eq!(moment("2h", now), Ok(at(1_000_000 - 7200)));
        assert_eq!(moment("3d", now), Ok(at(1_000_000 - 3 * 86_400)));
        assert_eq!(moment("1970-01-02", now), Ok(at(86_400)));
        assert_eq!(moment("1970-01-01T01:00:00+01:00", now), Ok(at(0)));
        assert_eq!(moment("90000d", now), Err(moment("90000d", now).unwrap_err()));
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "5", "-1h", "2026-11"] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn only_conflicts_and_what_was_done_about_them_are_told() {
        for name in ["port_conflict", "port_moved", "port_move_undone", "holder_terminated", "resolve_failed"]
        {
            assert!(is_about_conflicts(name), "{name}");
        }
        for name in ["created", "removed", "adopted", "port_released", "trash_deleted"] {
            assert!(!is_about_conflicts(name), "{name}");
        }
    }

    #[test]
    fn every_filter_must_admit_an_event() {
        let event = Event::new("port_moved")
            .of("/r", "feature-1")
            .with("from", 5000)
            .with("to", 5001)
            .numbered(1, at(100));
        let port = |number| HistoryFilter { port: Port::new(number), ..HistoryFilter::default() };
        let worktree =
            |name: &str| HistoryFilter { worktree: Some(name.to_owned()), ..HistoryFilter::default() };
        let since = |second| HistoryFilter { since: Some(at(second)), ..HistoryFilter::default() };
        assert!(
            HistoryFilter::default().admits(&event) && port(5000).admits(&event) && port(5001).admits(&event)
        );
        assert!(!port(5002).admits(&event));
        assert!(worktree("feature-1").admits(&event) && !worktree("feature").admits(&event));
        assert!(since(100).admits(&event) && !since(101).admits(&event));
        let many = Event::new("port_conflict").with("ports", json!([5003, 70000, "x"]));
        assert!(port(5003).admits(&many) && !port(5000).admits(&many));
    }

    #[test]
    fn an_event_reads_like_a_sentence_whatever_it_lacks() {
        let moved = Event::new("port_moved").with("service", "web").with("from", 5000).with("to", 5001);
        assert_eq!(words(&moved), "`web` moved from 5000 to 5001");
        let ended =
            Event::new("holder_terminated").with("pid", 7).with("command", "node").with("signal", "TERM");
        assert_eq!(words(&ended), "node (pid 7) ended by TERM");
        assert_eq!(
            words(&Event::new("holder_terminated").with("pid", 7).with("command", "n")),
            "n (pid 7) ended"
        );
        assert_eq!(words(&Event::new("resolve_failed").with("reason", "no port")), "no port");
        let over =
            Event::new("over_limit").with("service", "web").with("limit", "memory").with("reason", "2 GiB");
        assert_eq!(words(&over), "web memory: 2 GiB");
        let named = Event::new("failed").with("service", "web").with("reason", "`web` is gone");
        assert_eq!(words(&named), "`web` is gone");
        assert_eq!(words(&Event::new("resolve_x").with("port", 1).with("why", "y")), "port 1, why y");
    }

    #[test]
    fn a_conflict_says_who_wanted_the_port_who_held_it_and_what_came_of_it() {
        let wanted = || Event::new("port_conflict").with("service", "web");
        let holder = |port: u16| json!({ "port": port, "pid": 7, "command": "node", "user": "ana" });
        let two = || wanted().with("holders", json!([holder(5000), { "pid": 8 }, holder(5001)]));
        let held = words(&two());
        assert!(held.starts_with("`web` wanted a port: 5000 is held by node (pid 7"), "{held}");
        assert!(held.contains(", 5001 is held by node (pid 7") && !held.contains("pid 8"), "{held}");
        assert_eq!(words(&wanted()), "`web` wanted a port that others hold");
        let passed = words(&wanted().with("outcome", "passed_over"));
        assert_eq!(passed, "`web` wanted a port that others hold; others were taken");
        let given_up = words(&wanted().with("outcome", "given_up"));
        assert_eq!(given_up, "`web` wanted a port that others hold; nothing else was free");
        assert_eq!(words(&two().with("outcome", "given_up")), format!("{held}; nothing else was free"));
        assert_eq!(words(&wanted().with("reason", "node has it")), "node has it");
    }

    #[test]
    fn each_event_has_words_of_its_own() {
        let back = Event::new("port_move_undone").with("service", "web").with("from", 5001).with("to", 5000);
        assert_eq!(words(&back), "`web` is back from 5001 to 5000");
        let there = Event { event: "port_moved".to_owned(), ..back };
        assert_eq!(words(&there), "`web` moved from 5001 to 5000");
        let stray = |signal: &str| {
            Event::new("stray_terminated").with("pid", 7).with("command", "n").with("signal", signal)
        };
        assert_eq!(
            (words(&stray("")), words(&stray("KILL"))),
            ("n (pid 7) ended".to_owned(), "n (pid 7) ended by KILL".to_owned())
        );
        assert_eq!(words(&Event::new("resolve_x").with("message", "so")), "so");
        let listed = Event::new("x")
            .with("service", "web")
            .with("token", "t")
            .with("none", Value::Null)
            .with("a", "b");
        assert_eq!(words(&listed), "service web, a b");
        assert_eq!(words(&Event::new("failed").with("service", "web").with("reason", "gone")), "web: gone");
    }

    #[test]
    fn an_event_names_each_of_its_ports() {
        let event = Event::new("port_moved")
            .with("port", 5000)
            .with("from", 5001)
            .with("to", 0)
            .with("ports", json!([5002, 70_000]));
        assert_eq!(ports(&event).into_iter().map(Port::number).collect::<Vec<_>>(), [5000, 5001, 5002]);
        for (name, is_about) in
            [("port_reclaimed", true), ("port_move_undone", true), ("ports_released", false)]
        {
            assert_eq!(is_about_conflicts(name), is_about, "{name}");
        }
    }

    #[test]
    fn a_history_is_that_of_one_repository_where_one_is_named() {
        let event = Event::new("port_moved").of("/r", "w").numbered(1, at(100));
        let of = |root: &str| HistoryFilter { repository: Some(root.into()), ..HistoryFilter::default() };
        assert!(of("/r").admits(&event) && !of("/s").admits(&event));
        assert!(!HistoryFilter::default().admits(&Event::new("created")));
    }

    #[test]
    fn what_is_yet_to_come_is_no_moment_of_a_history() {
        let now = at(86_400);
        assert_eq!(moment("1970-01-02", now), Ok(now));
        let said = "`1970-01-03` is yet to come: write how long ago (`2h`, `3d`) or a time that was";
        assert_eq!(moment(" 1970-01-03 ", now), Err(said.to_owned()));
    }
}
