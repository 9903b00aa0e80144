//! How often things happened, counted from events: what is kept of them once they expire. Each event counts once, for
//! their numbers grow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Event;

/// The version of the file's shape.
pub const SCHEMA: u64 = 1;

/// How often things happened, up to an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub schema: u64,
    /// The number of the last event that is counted.
    pub sequence: u64,
    #[serde(default)]
    pub events: BTreeMap<String, u64>,
    #[serde(default)]
    pub conflicts: Vec<TallyRow<ConflictKey>>,
    #[serde(default)]
    pub resolutions: Vec<TallyRow<ResolutionKey>>,
    #[serde(default)]
    pub restarts: Vec<TallyRow<ServiceKey>>,
}

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyRow<K> {
    #[serde(flatten)]
    pub key: K,
    pub count: u64,
}

/// What conflicts are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConflictKey {
    pub kind: String,
    pub purpose: String,
    pub service: String,
}

/// What was done about a conflict, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResolutionKey {
    pub action: String,
    pub outcome: String,
}

/// A service of a worktree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceKey {
    pub repository: PathBuf,
    pub worktree: String,
    pub service: String,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            sequence: 0,
            events: BTreeMap::new(),
            conflicts: Vec::new(),
            resolutions: Vec::new(),
            restarts: Vec::new(),
        }
    }
}

impl Tally {
    /// Counts those of `events` that are not counted yet; they are all there is, in their order.
    pub fn count_all<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        let counted = self.sequence;
        for event in events {
            if event.sequence > counted {
                self.count(event);
                self.sequence = self.sequence.max(event.sequence);
            }
        }
    }

    /// Raises the count of a conflict to what another count of it says.
    pub fn at_least(&mut self, kind: &str, purpose: &str, service: &str, count: u64) {
        let is_it = |row: &&mut TallyRow<ConflictKey>| {
            row.key.kind == kind && row.key.purpose == purpose && row.key.service == service
        };
        if let Some(row) = self.conflicts.iter_mut().find(is_it) {
            row.count = row.count.max(count);
            return;
        }
        let (kind, purpose, service) = (kind.to_owned(), purpose.to_owned(), service.to_owned());
        self.conflicts.push(TallyRow { key: ConflictKey { kind, purpose, service }, count });
    }

    /// Returns how often a service was started again.
    #[must_use]
    pub fn restarts_of(&self, repository: &Path, worktree: &str, service: &str) -> u64 {
        let is_it = |key: &ServiceKey| {
            key.repository == repository && key.worktree == worktree && key.service == service
        };
        self.restarts.iter().find(|row| is_it(&row.key)).map_or(0, |row| row.count)
    }

    fn count(&mut self, event: &Event) {
        *self.events.entry(event.event.clone()).or_default() += 1;
        if event.event == "port_conflict" {
            let kind = event.text("conflict_kind");
            let kind = if kind.is_empty() { "system".to_owned() } else { kind };
            let service = event.service.clone().unwrap_or_default();
            add(&mut self.conflicts, ConflictKey { kind, purpose: event.text("purpose"), service });
        }
        if let Some((action, outcome)) = resolution(event) {
            let (action, outcome) = (action.to_owned(), outcome.to_owned());
            add(&mut self.resolutions, ResolutionKey { action, outcome });
        }
        let place = (event.repository.clone(), event.worktree.clone(), event.service.clone());
        if let ("restarted", (Some(repository), Some(worktree), Some(service))) = (&*event.event, place) {
            add(&mut self.restarts, ServiceKey { repository, worktree, service });
        }
    }
}

fn add<K: PartialEq>(rows: &mut Vec<TallyRow<K>>, key: K) {
    match rows.iter_mut().find(|row| row.key == key) {
        Some(row) => row.count += 1,
        None => rows.push(TallyRow { key, count: 1 }),
    }
}

/// Returns what an event says was done about a conflict, and what came of it; `None` for events that say nothing of that.
#[must_use]
pub fn resolution(event: &Event) -> Option<(&'static str, &'static str)> {
    Some(match event.event.as_str() {
        "port_moved" => ("move", "done"),
        "port_move_undone" => ("move", "undone"),
        // What is ended so that the worktree's service is started in its place is no other deed than that.
        "holder_terminated" if event.text("action") == "restart" => return None,
        "holder_terminated" if event.text("action") == "take_over" => match event.text("free").as_str() {
            "false" => ("restart", "not_free"),
            _ => ("restart", "done"),
        },
        "holder_terminated" if event.text("free") == "false" => ("terminate", "not_free"),
        "holder_terminated" => ("terminate", "done"),
        "stray_terminated" => ("cleanup", "done"),
        // A move and an end have events of their own: what the second look finds is no other deed.
        "resolve_verified" if event.text("action") == "restart" => ("restart", "done"),
        "resolve_failed" if event.text("action") == "leave" => ("leave", "left"),
        "resolve_failed" => ("resolve", "not_settled"),
        "port_conflict" if event.text("outcome") == "passed_over" => ("retry", "done"),
        "port_conflict" if event.text("outcome") == "given_up" => ("retry", "given_up"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(events: Vec<Event>, first: u64) -> Vec<Event> {
        let at = jiff::Timestamp::UNIX_EPOCH;
        events.into_iter().zip(first..).map(|(event, number)| event.numbered(number, at)).collect()
    }

    #[test]
    fn every_event_counts_once_however_often_it_is_read() {
        let conflict = || {
            let event = Event::new("port_conflict").with("service", "web").with("purpose", "feature");
            event.with("outcome", "passed_over")
        };
        let restarted = Event::new("restarted").of("/r", "w").with("service", "web");
        let events = numbered(vec![conflict(), conflict(), restarted, Event::new("port_moved")], 5);
        let mut tally = Tally::default();
        tally.count_all(&events);
        tally.count_all(&events);
        assert_eq!((tally.sequence, tally.events["port_conflict"], tally.events["port_moved"]), (8, 2, 1));
        let key = ConflictKey {
            kind: "system".to_owned(),
            purpose: "feature".to_owned(),
            service: "web".to_owned(),
        };
        assert_eq!(tally.conflicts, [TallyRow { key, count: 2 }]);
        assert_eq!(tally.restarts_of(Path::new("/r"), "w", "web"), 1);
        tally.at_least("system", "feature", "web", 1);
        assert_eq!(tally.conflicts[0].count, 2);
        let resolutions: Vec<_> =
            tally.resolutions.iter().map(|row| (row.key.action.as_str(), row.count)).collect();
        assert_eq!(resolutions, [("retry", 2), ("move", 1)]);
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }

    #[test]
    fn what_was_done_about_a_conflict_counts_once_and_a_plan_counts_for_nothing() {
        let of = |name: &str, action: &str| resolution(&Event::new(name).with("action", action));
        for action in ["move", "terminate", "restart", "leave"] {
            assert_eq!(of("resolve_planned", action), None);
        }
        assert_eq!(of("port_moved", ""), Some(("move", "done")));
        assert_eq!(of("holder_terminated", ""), Some(("terminate", "done")));
        assert_eq!(of("holder_terminated", "take_over"), Some(("restart", "done")));
        assert_eq!(of("holder_terminated", "restart"), None, "`resolve_verified` tells of it");
        assert_eq!(of("resolve_verified", "move"), None);
        assert_eq!(of("resolve_verified", "restart"), Some(("restart", "done")));
        assert_eq!(of("resolve_failed", "leave"), Some(("leave", "left")));
        assert_eq!(of("resolve_failed", "move"), Some(("resolve", "not_settled")));
    }

    #[test]
    fn older_lines_whose_numbers_went_back_count_too() {
        let mut events = numbered(vec![Event::new("created"), Event::new("removed")], 9);
        events.extend(numbered(vec![Event::new("created")], 3));
        let mut tally = Tally::default();
        tally.count_all(&events);
        assert_eq!((tally.events["created"], tally.sequence), (2, 10));
    }

    #[test]
    fn a_conflict_is_raised_by_its_kind_its_purpose_and_its_service() {
        let mut tally = Tally::default();
        let rows = [
            ("system", "feature", "web"),
            ("system", "feature", "api"),
            ("system", "bugfix", "web"),
            ("sibling", "feature", "web"),
        ];
        for (count, (kind, purpose, service)) in (3..).zip(rows) {
            tally.at_least(kind, purpose, service, count);
            tally.at_least(kind, purpose, service, 1);
        }
        let found: Vec<_> = tally
            .conflicts
            .iter()
            .map(|row| ((&*row.key.kind, &*row.key.purpose, &*row.key.service), row.count))
            .collect();
        assert_eq!(found, rows.into_iter().zip(3..).collect::<Vec<_>>());
        tally.at_least("sibling", "feature", "web", 9);
        assert_eq!(tally.conflicts[3].count, 9);
    }

    #[test]
    fn restarts_are_those_of_one_service_of_one_worktree_of_one_repository() {
        let rows =
            [("/r", "w", "web", 1), ("/r", "w", "api", 2), ("/r", "v", "web", 3), ("/s", "w", "web", 4)];
        let restarted = |(repository, worktree, service, times): (&str, &str, &str, usize)| {
            vec![Event::new("restarted").of(repository, worktree).with("service", service); times]
        };
        let mut tally = Tally::default();
        let nameless =
            vec![Event::new("restarted"), Event::new("started").of("/r", "w").with("service", "web")];
        tally.count_all(&numbered(rows.into_iter().flat_map(restarted).chain(nameless).collect(), 1));
        for (repository, worktree, service, times) in rows {
            let found = tally.restarts_of(Path::new(repository), worktree, service);
            assert_eq!(usize::try_from(found), Ok(times), "{repository} {worktree} {service}");
        }
        assert_eq!(tally.restarts_of(Path::new("/s"), "v", "web"), 0);
        assert_eq!(tally.restarts.len(), 4);
    }

    #[test]
    fn an_end_says_whether_the_port_was_free_then() {
        let of = |event: Event| resolution(&event);
        let ended = |action: &str, free: bool| {
            Event::new("holder_terminated").with("action", action).with("free", free)
        };
        assert_eq!(of(ended("take_over", false)), Some(("restart", "not_free")));
        assert_eq!(of(ended("take_over", true)), Some(("restart", "done")));
        assert_eq!(of(ended("end", false)), Some(("terminate", "not_free")));
        assert_eq!(of(ended("end", true)), Some(("terminate", "done")));
        assert_eq!(of(ended("restart", false)), None);
        let met = |outcome: &str| of(Event::new("port_conflict").with("outcome", outcome));
        assert_eq!(met("passed_over"), Some(("retry", "done")));
        assert_eq!((met("given_up"), met("")), (Some(("retry", "given_up")), None));
        assert_eq!(of(Event::new("port_move_undone")), Some(("move", "undone")));
        assert_eq!(of(Event::new("stray_terminated")), Some(("cleanup", "done")));
        assert_eq!(of(Event::new("created")), None);
    }
}
