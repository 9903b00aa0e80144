//! What an event says about something that was well, is wrong, or is of no concern any more.

use serde_json::Value;

use super::notice::NoticeKind;
use crate::model::event::Event;

/// What became of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is wrong; where the words differ it is another wrong.
    Wrong(NoticeKind, String),
    Well,
    /// Nobody minds any more.
    Over,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Beside repository and worktree.
    pub subject: String,
    pub turn: Turn,
}

/// The beginnings of all subjects of a worktree: what is over with it.
pub const ALL: &str = "";

/// Returns what an event says; nothing for most.
#[must_use]
pub fn changes(event: &Event) -> Vec<Change> {
    let name = event.event.as_str();
    let service = event.service.as_deref();
    let of_service = |turn: Turn| {
        let change = |service| Change { subject: format!("service:{service}"), turn };
        service.map(change).into_iter().collect()
    };
    let one = |subject: &str, turn| vec![Change { subject: subject.to_owned(), turn }];
    let wrong = |kind| Turn::Wrong(kind, String::new());
    match name {
        "unhealthy" => of_service(wrong(NoticeKind::Unhealthy)),
        "failed" => of_service(wrong(NoticeKind::Failed)),
        "ready" => well(event),
        "stopped" | "completed" | "asleep" => {
            let mut all: Vec<Change> = of_service(Turn::Over);
            all.extend(
                service.map(|service| Change { subject: format!("limit:{service}:"), turn: Turn::Over }),
            );
            all
        }
        "health_changed" => match event.text("state").as_str() {
            "healthy" => well(event),
            // What its supervisor gave up is no news as an unhealthy one.
            "unhealthy" if event.text("reason").starts_with("failed") => {
                of_service(wrong(NoticeKind::Failed))
            }
            "unhealthy" => held(event).unwrap_or_else(|| of_service(wrong(NoticeKind::Unhealthy))),
            "not_running" => {
                let mut all: Vec<Change> = of_service(Turn::Over);
                all.extend(
                    event.port.map(|port| Change { subject: format!("port:{port}"), turn: Turn::Over }),
                );
                all
            }
            _ => Vec::new(),
        },
        "over_limit" | "recovered" => {
            let turn = if name == "recovered" { Turn::Well } else { wrong(NoticeKind::OverLimit) };
            let subject = service.map(|service| format!("limit:{service}:{}", event.text("limit")));
            subject.map(|subject| Change { subject, turn }).into_iter().collect()
        }
        "port_conflict" => conflict(event),
        "port_conflict_over" | "holder_terminated" | "stray_terminated" | "port_moved" | "ports_released" => {
            ports(event)
                .into_iter()
                .map(|port| Change { subject: format!("port:{port}"), turn: Turn::Over })
                .collect()
        }
        "setup_failed" => one("setup", wrong(NoticeKind::SetupFailed)),
        "setup_done" => one("setup", Turn::Over),
        "background_failed" => one("background", wrong(NoticeKind::SetupFailed)),
        "background_done" => one("background", Turn::Over),
        "teardown_failed" => one("teardown", wrong(NoticeKind::TeardownFailed)),
        "teardown_done" | "teardown_given_up" => one("teardown", Turn::Over),
        "removed" | "released" | "forgotten" => one(ALL, Turn::Over),
        _ => Vec::new(),
    }
}

/// It answers: then nobody else has its port, either.
fn well(event: &Event) -> Vec<Change> {
    let service =
        event.service.iter().map(|name| Change { subject: format!("service:{name}"), turn: Turn::Well });
    let port = event.port.iter().map(|port| Change { subject: format!("port:{port}"), turn: Turn::Over });
    service.chain(port).collect()
}

/// A look at the health may be the first to see that somebody else has the port.
fn held(event: &Event) -> Option<Vec<Change>> {
    let (port, reason) = (event.port?, event.text("reason"));
    let held = reason.strip_prefix("held by ")?;
    let pids =
        held.split("pid ").skip(1).map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next());
    let print = joined(pids.flatten().map(str::to_owned).collect());
    Some(vec![Change { subject: format!("port:{port}"), turn: Turn::Wrong(NoticeKind::PortConflict, print) }])
}

fn joined(mut pids: Vec<String>) -> String {
    pids.sort_unstable();
    pids.dedup();
    pids.join(",")
}

/// A port that was passed over is in nobody's way.
fn conflict(event: &Event) -> Vec<Change> {
    if event.text("outcome") == "passed_over" {
        return Vec::new();
    }
    let holders = event.details.get("holders").and_then(Value::as_array);
    let pids = holders.into_iter().flatten().filter_map(|holder| holder.get("pid").map(ToString::to_string));
    let print = joined(pids.collect());
    let turn = || Turn::Wrong(NoticeKind::PortConflict, print.clone());
    ports(event).iter().map(|port| Change { subject: format!("port:{port}"), turn: turn() }).collect()
}

fn ports(event: &Event) -> Vec<u64> {
    let mut found: Vec<u64> = event.port.iter().map(|port| u64::from(port.number())).collect();
    for key in ["ports", "from", "old_port"] {
        match event.details.get(key) {
            Some(Value::Array(all)) => found.extend(all.iter().filter_map(port_of)),
            Some(one) => found.extend(port_of(one)),
            None => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn port_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.get("port")?.as_u64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_says_what_is_wrong_well_or_over() {
        let web = |name: &str| Event::new(name).with("service", "web").with("port", 5000);
        let said = |event: Event| {
            let words = |turn: Turn| match turn {
                Turn::Wrong(kind, print) => format!("{} {print}", kind.as_str()).trim_end().to_owned(),
                Turn::Well => "well".to_owned(),
                Turn::Over => "over".to_owned(),
            };
            changes(&event)
                .into_iter()
                .map(|change| format!("{} {}", change.subject, words(change.turn)))
                .collect::<Vec<_>>()
                .join("; ")
        };
        let health =
            |state: &str, reason: &str| web("health_changed").with("state", state).with("reason", reason);
        let conflict = || {
            Event::new("port_conflict")
                .with("holders", json!([{ "port": 5001, "pid": 9 }, { "port": 5000, "pid": 7 }]))
        };
        for (event, words) in [
            (web("unhealthy"), "service:web unhealthy"),
            (web("failed"), "service:web failed"),
            (web("ready"), "service:web well; port:5000 over"),
            (web("stopped"), "service:web over; limit:web: over"),
            (web("asleep"), "service:web over; limit:web: over"),
            (web("crashed"), ""),
            (health("unhealthy", "not accepting"), "service:web unhealthy"),
            (health("unhealthy", "failed: x"), "service:web failed"),
            (health("healthy", ""), "service:web well; port:5000 over"),
            (health("unhealthy", "held by node (pid 9, worktree c), a sibling"), "port:5000 port_conflict 9"),
            (health("not_running", ""), "service:web over; port:5000 over"),
            (web("over_limit").with("limit", "cpu"), "limit:web:cpu over_limit"),
            (web("recovered").with("limit", "cpu"), "limit:web:cpu well"),
            (
                conflict().with("ports", json!([5001, 5000])).with("outcome", "refused"),
                "port:5000 port_conflict 7,9; port:5001 port_conflict 7,9",
            ),
            (conflict().with("port", 5000).with("outcome", "passed_over"), ""),
            (
                Event::new("port_moved").with("from", 5000).with("port", 5001),
                "port:5000 over; port:5001 over",
            ),
            (Event::new("setup_failed"), "setup setup_failed"),
            (Event::new("setup_done"), "setup over"),
            (Event::new("background_failed"), "background setup_failed"),
            (Event::new("background_done"), "background over"),
            (Event::new("teardown_failed"), "teardown teardown_failed"),
            (Event::new("teardown_done"), "teardown over"),
            (Event::new("teardown_given_up"), "teardown over"),
            (Event::new("released"), " over"),
            (Event::new("forgotten"), " over"),
            (
                Event::new("ports_released").with("ports", json!([5001, 5000])),
                "port:5000 over; port:5001 over",
            ),
            (Event::new("holder_terminated").with("port", 5000), "port:5000 over"),
            (Event::new("stray_terminated").with("old_port", 5000), "port:5000 over"),
            (
                Event::new("port_conflict_over").with("ports", json!([{ "port": 5000 }, 5000, "x"])),
                "port:5000 over",
            ),
            (Event::new("over_limit").with("limit", "cpu"), ""),
            (health("other", ""), ""),
            (health("unhealthy", "held by a (pid 9), b (pid 7), c (pid 9)"), "port:5000 port_conflict 7,9"),
            (Event::new("removed"), " over"),
            (Event::new("created"), ""),
        ] {
            assert_eq!(said(event.clone()), words, "{event:?}");
        }
    }
}
