//! Sums over the record of events: conflicts, what was done about them, and how many ports were allocated at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::tables::{ActionCount, Conflicts, HolderCount};
use crate::model::event::Event;
use crate::model::event::tally::Tally;

const HOURS: usize = 24;

/// Sums up the conflicts among `events`.
#[must_use]
pub fn conflicts(events: &[&Event]) -> Conflicts {
    let mut by_kind: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_level: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_holder: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_hour = vec![0; HOURS];
    let mut total = 0;
    for event in events.iter().filter(|event| event.event == "port_conflict") {
        total += 1;
        let kind = event.text("conflict_kind");
        *by_kind.entry(if kind.is_empty() { "system".to_owned() } else { kind }).or_default() += 1;
        let level = if event.text("outcome") == "passed_over" { "low" } else { "high" };
        *by_level.entry(level.to_owned()).or_default() += 1;
        let holders = event.details.get("holders").and_then(Value::as_array).into_iter().flatten();
        let named: BTreeSet<&str> = holders
            .filter_map(|holder| holder.get("worktree").or_else(|| holder.get("command"))?.as_str())
            .collect();
        for holder in named {
            *by_holder.entry(holder.to_owned()).or_default() += 1;
        }
        let hour = event.at.to_zoned(TimeZone::UTC).hour();
        if let Some(count) = by_hour.get_mut(usize::from(hour.unsigned_abs())) {
            *count += 1;
        }
    }
    let mut by_holder: Vec<HolderCount> =
        by_holder.into_iter().map(|(holder, count)| HolderCount { holder, count }).collect();
    by_holder.sort_by_key(|one| std::cmp::Reverse(one.count));
    Conflicts { total, by_kind, by_level, by_holder, by_hour }
}

/// Returns what was done about conflicts, counted.
#[must_use]
pub fn actions(tally: &Tally) -> Vec<ActionCount> {
    let rows = tally.resolutions.iter().map(|row| ActionCount {
        action: row.key.action.clone(),
        outcome: row.key.outcome.clone(),
        count: row.count,
    });
    let mut rows: Vec<ActionCount> = rows.collect();
    rows.sort_by(|one, other| (&one.action, &one.outcome).cmp(&(&other.action, &other.outcome)));
    rows
}

/// Returns the most ports that were allocated at one time since then. `events` are all that there are, of every worktree;
/// what was allocated before the first of them is told by how many there are `now`.
#[must_use]
pub fn peak(events: &[Event], since: Timestamp, now: usize) -> usize {
    let mut held: HashMap<(&Path, &str), BTreeSet<u64>> = HashMap::new();
    let mut count: isize = 0;
    let mut most: Option<isize> = None;
    for event in events {
        if event.at >= since {
            most = Some(most.unwrap_or(count).max(count));
        }
        let (Some(repository), Some(worktree)) = (&event.repository, &event.worktree) else { continue };
        let ports = held.entry((repository.as_path(), worktree.as_str())).or_default();
        let before = signed(ports.len());
        follow(event, ports);
        count += signed(ports.len()) - before;
        if event.at >= since {
            most = Some(most.unwrap_or(count).max(count));
        }
    }
    // Whatever the log does not tell of was there all the time.
    let beside = signed(now) - count;
    let most = most.map_or(signed(now), |most| most + beside);
    usize::try_from(most).unwrap_or(0).max(now)
}

fn signed(count: usize) -> isize {
    isize::try_from(count).unwrap_or(isize::MAX)
}

fn follow(event: &Event, ports: &mut BTreeSet<u64>) {
    let listed = event.details.get("ports").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(Value::as_u64).chain(event.port.map(|port| u64::from(port.number())));
    let number = |key: &str| event.details.get(key).and_then(Value::as_u64);
    match event.event.as_str() {
        "create_started" | "port_allocated" | "ports_believed" | "ports_taken_from_env" => {
            ports.extend(listed);
        }
        "ports_released" | "port_released" => {
            for port in listed {
                ports.remove(&port);
            }
        }
        "port_moved" => {
            if let (Some(from), Some(to)) = (number("from"), number("to")) {
                ports.remove(&from);
                ports.insert(to);
            }
        }
        "removed" | "released" | "create_undone" | "record_dropped" | "forgotten" | "left" => ports.clear(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn told(events: Vec<Event>) -> Vec<Event> {
        events.into_iter().zip(1..).map(|(event, second)| event.numbered(1, at(second * 3600))).collect()
    }

    #[test]
    fn conflicts_are_counted_by_what_they_were_who_held_the_port_and_when() {
        let holders = |of: &[Value]| Value::Array(of.to_vec());
        let node = json!({"port": 5000, "command": "node"});
        let ours = json!({"port": 5001, "command": "python3", "worktree": "login"});
        let events = told(vec![
            Event::new("port_conflict").with("holders", holders(&[node.clone(), node.clone()])),
            Event::new("port_conflict")
                .with("outcome", "passed_over")
                .with("holders", holders(&[node, ours])),
            Event::new("created"),
        ]);
        let found = conflicts(&events.iter().collect::<Vec<_>>());
        assert_eq!(found.total, 2);
        assert_eq!(found.by_kind, BTreeMap::from([("system".to_owned(), 2)]));
        assert_eq!(found.by_level, BTreeMap::from([("high".to_owned(), 1), ("low".to_owned(), 1)]));
        let held: Vec<(&str, u64)> = found.by_holder.iter().map(|one| (&*one.holder, one.count)).collect();
        assert_eq!(held, [("node", 2), ("login", 1)]);
        assert_eq!((found.by_hour.len(), &found.by_hour[..4]), (24, &[0, 1, 1, 0][..]));
    }

    #[test]
    fn the_peak_counts_what_was_allocated_at_once_also_what_no_event_tells_of() {
        let events = told(vec![
            Event::new("create_started").of("/r", "a").with("ports", json!([5000, 5001])),
            Event::new("create_started").of("/r", "b").with("ports", json!([5002])),
            Event::new("port_moved").of("/r", "b").with("from", 5002).with("to", 5003),
            Event::new("removed").of("/r", "a"),
            Event::new("ports_released").of("/r", "b").with("ports", json!([5003])),
        ]);
        assert_eq!(peak(&events, at(0), 0), 3);
        assert_eq!(peak(&events, at(4 * 3600), 0), 3, "just before the removal");
        assert_eq!(peak(&events, at(5 * 3600), 0), 1, "just before the release");
        assert_eq!(peak(&events, at(0), 4), 7, "four that no event tells of");
        assert_eq!(peak(&events, at(9 * 3600), 4), 4);
        assert_eq!(peak(&[], at(0), 2), 2);
    }

    #[test]
    fn what_is_allocated_still_is_not_counted_twice() {
        let events = told(vec![
            Event::new("create_started").of("/r", "a").with("ports", json!([5000, 5001])),
            Event::new("port_allocated").of("/r", "a").with("port", 5001),
            Event::new("ports_believed").of("/r", "b").with("ports", json!([5002])),
            Event::new("port_released").of("/r", "a").with("port", 5000),
            Event::new("seen").of("/r", "a").with("ports", json!([5009])),
        ]);
        assert_eq!(peak(&events[..3], at(0), 3), 3);
        assert_eq!(peak(&events, at(0), 2), 3);
        assert_eq!(peak(&events, at(0), 3), 4, "one that no event tells of");
        assert_eq!(peak(&events, at(5 * 3600), 2), 2);
        for end in ["removed", "released", "create_undone", "record_dropped", "forgotten", "left"] {
            let mut ports = BTreeSet::from([1, 2]);
            follow(&Event::new(end), &mut ports);
            assert!(ports.is_empty(), "{end}");
        }
        let mut ports = BTreeSet::from([1]);
        follow(&Event::new("ports_taken_from_env").with("ports", json!([2, 3])), &mut ports);
        follow(&Event::new("port_moved").with("from", 1), &mut ports);
        assert_eq!(ports, BTreeSet::from([1, 2, 3]));
    }

    #[test]
    fn what_was_done_is_counted_in_the_order_of_its_words() {
        use crate::model::event::tally::{ResolutionKey, TallyRow};

        let row = |action: &str, outcome: &str, count| {
            let key = ResolutionKey { action: action.to_owned(), outcome: outcome.to_owned() };
            TallyRow { key, count }
        };
        let resolutions = vec![row("retry", "done", 1), row("move", "done", 2), row("move", "barred", 3)];
        let counted = actions(&Tally { resolutions, ..Tally::default() });
        let said: Vec<(&str, &str, u64)> =
            counted.iter().map(|one| (&*one.action, &*one.outcome, one.count)).collect();
        assert_eq!(said, [("move", "barred", 3), ("move", "done", 2), ("retry", "done", 1)]);
    }
}
