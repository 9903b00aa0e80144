//! How often others were met on ports, by the record of conflicts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Port, PortRanges};
use crate::model::counted::counted;
use crate::model::event::Event;

/// A port that others were met on.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HeldOften {
    pub port: Port,
    /// In how many conflicts.
    pub times: u64,
    /// On how many days (UTC).
    pub days: u64,
    /// The names of the processes that held it, as far as they were seen, the most frequent first.
    pub by: Vec<String>,
}

impl fmt::Display for HeldOften {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (times, days) = (counted(self.times, "time"), counted(self.days, "day"));
        write!(formatter, "{}: held {times} on {days}", self.port)?;
        if self.by.is_empty() { Ok(()) } else { write!(formatter, ", by {}", self.by.join(", ")) }
    }
}

/// What our own processes are called.
const OURS: [&str; 2] = ["wt", "git-wt"];

#[derive(Default)]
struct Count {
    times: u64,
    days: BTreeSet<Date>,
    by: BTreeMap<String, u64>,
}

/// Returns the ports of `within` that others were met on, those met most often first.
#[must_use]
pub fn held(events: &[Event], within: &PortRanges) -> Vec<HeldOften> {
    let mut counts: BTreeMap<Port, Count> = BTreeMap::new();
    for event in events.iter().filter(|event| event.event == "port_conflict") {
        let named = event.details.get("ports").and_then(Value::as_array).into_iter().flatten();
        let named: BTreeSet<Port> = named.filter_map(port).chain(event.port).collect();
        let holders = event.details.get("holders").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for port_met in named.into_iter().filter(|port| within.contains(*port)) {
            let commands: BTreeSet<&str> = holders
                .iter()
                .filter(|holder| holder.get("port").and_then(port) == Some(port_met))
                .filter_map(|holder| holder.get("command")?.as_str())
                .collect();
            // A hold of ours for somebody else's service is no stranger.
            if !commands.is_empty() && commands.iter().all(|command| OURS.contains(command)) {
                continue;
            }
            let count = counts.entry(port_met).or_default();
            count.times += 1;
            count.days.insert(event.at.to_zoned(TimeZone::UTC).date());
            for command in commands.into_iter().filter(|command| !OURS.contains(command)) {
                *count.by.entry(command.to_owned()).or_default() += 1;
            }
        }
    }
    let mut found: Vec<HeldOften> = counts
        .into_iter()
        .map(|(port, count)| {
            let mut by: Vec<(String, u64)> = count.by.into_iter().collect();
            by.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
            let days = u64::try_from(count.days.len()).unwrap_or(u64::MAX);
            HeldOften { port, times: count.times, days, by: by.into_iter().map(|(name, _)| name).collect() }
        })
        .collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.times));
    found
}

fn port(value: &Value) -> Option<Port> {
    Port::new(u16::try_from(value.as_u64()?).ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_are_counted_by_conflict_and_day_with_whoever_was_seen() {
        let met = |second: i64, ports: Value, by: &str| {
            let holders = json!([{ "port": 5001, "command": by }, { "port": 5001, "command": by }, 7]);
            let event = Event::new("port_conflict").with("ports", ports).with("holders", holders);
            event.numbered(1, jiff::Timestamp::from_second(second).unwrap())
        };
        let events = [
            met(0, json!([5000, 5001]), "python3"),
            met(10, json!([5001, 5001, 70000]), "node"),
            met(90_000, json!([5001, 6000]), "node"),
            met(90_001, json!([5001]), "wt"),
            Event::new("port_moved").with("ports", json!([5001])),
        ];
        let within = PortRanges(vec!["5000-5099".parse().unwrap()]);
        let told: Vec<String> = held(&events, &within).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["5001: held 3 times on 2 days, by node, python3", "5000: held 1 time on 1 day"]);
    }

    #[test]
    fn whoever_held_a_port_most_often_is_named_first() {
        let met = |by: &[&str]| {
            let holders: Vec<Value> = by.iter().map(|by| json!({ "port": 5001, "command": by })).collect();
            Event::new("port_conflict").with("port", 5001).with("holders", holders)
        };
        let events = [met(&["a", "z"]), met(&["z", "wt"]), met(&["z"]), met(&["a"]), met(&["b", "git-wt"])];
        let within = PortRanges(vec!["5000-5099".parse().unwrap()]);
        let told: Vec<String> = held(&events, &within).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["5001: held 5 times on 1 day, by z, a, b"]);
    }
}
