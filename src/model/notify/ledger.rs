//! What was heard, what was told of it, and what is due: once for each change, never again while it lasts, and one notice for
//! what changes again and again.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::{Change, Turn, changes};
use super::notice::{Notice, NoticeKind};
use super::retry;
use crate::model::event::Event;

/// Changes within this time belong together.
const SPAN: Duration = Duration::from_mins(10);

/// How many of them are told one by one.
const ONE_BY_ONE: usize = 2;

/// How long what changed more often must stay as it is before it is told.
const CALM: Duration = Duration::from_mins(5);

/// A conflict whose end nobody saw is told of again after this time.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// How many notices wait at most; the oldest go first.
const MOST_DUE: usize = 1000;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// An event that nobody has looked at yet, as whoever recorded it appended it.
    Heard(Event),
    Told(Told),
    Due(DueNotice),
}

/// How something was when it was told of last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub repository: Option<std::path::PathBuf>,
    pub worktree: Option<String>,
    pub subject: String,
    /// What is wrong; `None` where it is well.
    pub wrong: Option<NoticeKind>,
    /// What tells this wrong from another one of its kind.
    #[serde(default)]
    pub print: String,
    pub began: Timestamp,
    /// When it changed of late.
    pub changes: Vec<Timestamp>,
}

/// A notice that is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DueNotice {
    /// Grows.
    pub number: u64,
    pub notice: Notice,
    /// By which way; `None` while it is not known who is to be told.
    #[serde(default)]
    pub via: Option<Via>,
    pub at: Timestamp,
    /// Whether it waits for the end of quiet hours.
    #[serde(default)]
    pub is_held: bool,
    #[serde(default)]
    pub tries: u32,
    /// When it was tried first.
    #[serde(default)]
    pub first: Option<Timestamp>,
}

/// A way to tell somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Webhook,
    Command,
}

impl Via {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Command => "command",
        }
    }
}

/// The file, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub heard: Vec<Event>,
    pub told: Vec<Told>,
    pub due: Vec<DueNotice>,
}

impl Ledger {
    /// Reads the lines; what is none of ours is passed over.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        let mut ledger = Self::default();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Row::Heard(event)) => ledger.heard.push(event),
                Ok(Row::Told(told)) => ledger.told.push(told),
                Ok(Row::Due(due)) => ledger.due.push(due),
                Err(_) => {}
            }
        }
        ledger
    }

    /// Writes the lines.
    ///
    /// # Errors
    ///
    /// Where something cannot be JSON.
    pub fn write(&self) -> serde_json::Result<Vec<u8>> {
        let told = self.told.iter().cloned().map(Row::Told);
        let due = self.due.iter().cloned().map(Row::Due);
        let heard = self.heard.iter().cloned().map(Row::Heard);
        let mut bytes = Vec::new();
        for row in told.chain(due).chain(heard) {
            serde_json::to_writer(&mut bytes, &row)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// Answers whether there is nothing to be done.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.heard.is_empty() && self.due.is_empty()
    }

    /// Makes notices of what was heard.
    pub fn digest(&mut self, now: Timestamp) {
        for event in std::mem::take(&mut self.heard) {
            for change in changes(&event) {
                match change.turn {
                    Turn::Over => self.end(&change.subject, &event),
                    _ => self.turn(&change, &event),
                }
            }
        }
        for due in &mut self.due {
            if !due.is_held && retry::is_out_of_reach(due.at, now) {
                due.at = now;
            }
        }
        self.told.retain(|told| match told.wrong {
            Some(NoticeKind::PortConflict) => is_within(told.began, now, FORGOTTEN),
            Some(_) => true,
            None => told.changes.last().is_some_and(|last| is_within(*last, now, SPAN)),
        });
        let surplus = self.due.len().saturating_sub(MOST_DUE);
        self.due.drain(..surplus);
    }

    fn turn(&mut self, change: &Change, event: &Event) {
        let known = self.told.iter().position(|told| told.is_of(event) && told.subject == change.subject);
        let (wrong, print) = match &change.turn {
            Turn::Wrong(kind, print) => (Some(*kind), print.clone()),
            _ => (None, String::new()),
        };
        let before = known.and_then(|at| self.told.get(at));
        let is_news = match before {
            Some(told) => told.wrong != wrong || told.print != print,
            None => wrong.is_some(),
        };
        if !is_news {
            return;
        }
        let was_wrong = before.filter(|told| told.wrong.is_some()).map(|told| told.began);
        let mut changes = before.map(|told| told.changes.clone()).unwrap_or_default();
        changes.retain(|at| is_within(*at, event.at, SPAN));
        changes.push(event.at);
        let began = was_wrong.unwrap_or(event.at);
        let count = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        let told = Told {
            repository: event.repository.clone(),
            worktree: event.worktree.clone(),
            subject: change.subject.clone(),
            wrong,
            print,
            began,
            changes,
        };
        let is_flapping = told.changes.len() > ONE_BY_ONE;
        let mut notice = Notice::new(wrong.unwrap_or(NoticeKind::Recovered), &change.subject, event, began);
        match known {
            Some(at) => self.told[at] = told,
            None => self.told.push(told),
        }
        if !is_flapping {
            self.add(notice, event.at);
            return;
        }
        // The latest change stands for those before it that nobody was told of.
        notice.changes = count;
        let is_waiting = |due: &DueNotice| {
            due.via.is_none()
                && due.notice.changes > 1
                && due.notice.subject == notice.subject
                && is_beside(&due.notice, event)
        };
        self.due.retain(|due| !is_waiting(due));
        self.add(notice, event.at.checked_add(CALM).unwrap_or(event.at));
    }

    /// Forgets what is over; who keeps a list of what is wrong hears that it is.
    fn end(&mut self, subject: &str, event: &Event) {
        let is_whole = !(subject.is_empty() || subject.ends_with(':'));
        let is_about = |known: &str| if is_whole { known == subject } else { known.starts_with(subject) };
        let is_it = |told: &Told| told.is_of(event) && is_about(&told.subject);
        // What waits for calm is of no interest any more.
        self.due.retain(|due| {
            let is_waiting = due.via.is_none() && due.notice.changes > 1;
            !(is_waiting && is_beside(&due.notice, event) && is_about(&due.notice.subject))
        });
        let (gone, left) = std::mem::take(&mut self.told).into_iter().partition(is_it);
        self.told = left;
        let gone: Vec<Told> = gone;
        for told in gone.iter().filter(|told| told.wrong.is_some()) {
            let mut about = event.clone();
            about.repository.clone_from(&told.repository);
            about.worktree.clone_from(&told.worktree);
            let notice = Notice::new(NoticeKind::Recovered, &told.subject, &about, told.began);
            self.add(Notice { is_silent: true, ..notice }, event.at);
        }
    }

    /// Has a notice sent.
    pub fn add(&mut self, notice: Notice, at: Timestamp) {
        let number = self.due.iter().map(|due| due.number).max().unwrap_or_default() + 1;
        self.due.push(DueNotice { number, notice, via: None, at, is_held: false, tries: 0, first: None });
    }
}

impl Told {
    /// What an event does not say it is about all.
    fn is_of(&self, event: &Event) -> bool {
        (event.repository.is_none() || self.repository == event.repository)
            && (event.worktree.is_none() || self.worktree == event.worktree)
    }
}

fn is_beside(notice: &Notice, event: &Event) -> bool {
    notice.event.repository == event.repository && notice.event.worktree == event.worktree
}

fn is_within(then: Timestamp, now: Timestamp, span: Duration) -> bool {
    Duration::try_from(now.duration_since(then)).map_or(true, |passed| passed <= span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn web(name: &str, second: i64) -> Event {
        Event::new(name).of("/r", "one").with("service", "web").numbered(0, at(second))
    }

    /// What is due once these were heard, with the seconds when.
    fn told(events: Vec<Event>) -> (Ledger, Vec<(&'static str, u32, i64)>) {
        let mut ledger = Ledger { heard: events, ..Ledger::default() };
        let now = ledger.heard.last().map_or(at(0), |event| event.at);
        ledger.digest(now);
        let seen = told_by(&ledger);
        (ledger, seen)
    }

    fn told_by(ledger: &Ledger) -> Vec<(&'static str, u32, i64)> {
        let due = ledger.due.iter().filter(|due| !due.notice.is_silent);
        due.map(|due| (due.notice.kind.as_str(), due.notice.changes, due.at.as_second() - 1_000_000))
            .collect()
    }

    #[test]
    fn a_change_is_told_once_and_never_again_while_it_lasts() {
        let seen = told(vec![
            web("ready", 0),
            web("unhealthy", 1),
            web("unhealthy", 2),
            web("health_changed", 3).with("state", "unhealthy"),
        ]);
        assert_eq!(seen.1, [("unhealthy", 1, 1)]);
        let mut ledger = Ledger::read(&seen.0.write().unwrap());
        assert_eq!(ledger, seen.0);
        ledger.due.clear();
        // Days later it is the same still.
        ledger.heard = vec![
            web("unhealthy", 300_000),
            web("failed", 300_001),
            web("failed", 300_002),
            web("ready", 300_003),
            web("ready", 300_004),
        ];
        ledger.digest(at(300_004));
        assert_eq!(told_by(&ledger), [("failed", 1, 300_001), ("recovered", 1, 300_003)]);
        assert_eq!(ledger.due[1].notice.began, at(1), "since when it was wrong");
    }

    #[test]
    fn what_changes_again_and_again_is_one_notice_once_it_is_calm() {
        let mut events = vec![web("unhealthy", 0), web("ready", 10)];
        for round in 2..20 {
            events.push(web(if round % 2 == 0 { "unhealthy" } else { "ready" }, round * 10));
        }
        let (mut ledger, seen) = told(events);
        assert_eq!(seen, [("unhealthy", 1, 0), ("recovered", 1, 10), ("recovered", 20, 190 + 300)]);
        ledger.due.clear();
        ledger.heard = vec![web("unhealthy", 2000)];
        ledger.digest(at(2000));
        assert_eq!(told_by(&ledger), [("unhealthy", 1, 2000)], "long after that it is told at once");
    }

    #[test]
    fn what_waits_for_calm_is_not_told_of_what_was_stopped_meanwhile() {
        let again = ["unhealthy", "ready", "unhealthy"];
        let mut events: Vec<Event> = (0..).zip(again).map(|(second, name)| web(name, second)).collect();
        assert_eq!(told(events.clone()).1.last(), Some(&("unhealthy", 3, 2 + 300)));
        events.push(web("stopped", 5));
        assert_eq!(told(events).1, [("unhealthy", 1, 0), ("recovered", 1, 1)]);
    }

    #[test]
    fn what_was_stopped_or_is_gone_is_over_and_told_only_to_who_keeps_a_list() {
        let (ledger, seen) =
            told(vec![web("failed", 0), web("over_limit", 0).with("limit", "cpu"), web("stopped", 1)]);
        assert_eq!(seen.len(), 2);
        assert_eq!(ledger.due.iter().filter(|due| due.notice.is_silent).count(), 2);
        assert!(ledger.told.is_empty());
        let (ledger, _) = told(vec![
            web("failed", 0),
            Event::new("setup_failed").of("/r", "one"),
            Event::new("removed").of("/r", "one"),
        ]);
        assert!(ledger.told.is_empty());
        let (ledger, _) = told(vec![web("failed", 0), Event::new("removed").of("/r", "other")]);
        assert_eq!(ledger.told.len(), 1);
    }

    #[test]
    fn a_conflict_lasts_as_long_as_the_same_processes_hold_the_port() {
        let conflict = |pid: u32, second| {
            web("port_conflict", second)
                .with("port", 5000)
                .with("holders", serde_json::json!([{ "pid": pid }]))
        };
        let (_, seen) = told(vec![conflict(7, 0), conflict(7, 1), conflict(8, 2), conflict(8, 90_000)]);
        assert_eq!(seen.iter().map(|(_, _, at)| *at).collect::<Vec<_>>(), [0, 2]);
        let moved =
            Event::new("port_moved").of("/r", "one").with("from", 5000).with("to", 5001).numbered(0, at(1));
        let (_, seen) = told(vec![conflict(7, 0), moved, conflict(7, 2)]);
        assert_eq!(seen.len(), 2);
        let (mut ledger, _) = told(vec![conflict(7, 0)]);
        ledger.digest(at(100_000));
        assert!(ledger.told.is_empty(), "nobody may have seen its end");
    }

    #[test]
    fn lines_of_others_spoil_nothing_and_a_clock_put_back_keeps_nobody_waiting() {
        let text = b"{\"heard\":{\"sequence\":1,\"at\":\"2026-01-01T00:00:00Z\",\"event\":\"x\"}}\n{\"new\":1}\ngarbage\n{\"due\":";
        assert_eq!(Ledger::read(text).heard.len(), 1);
        let (mut ledger, _) = told(vec![web("failed", 100_000)]);
        ledger.digest(at(0));
        assert_eq!(ledger.due[0].at, at(0));
    }
}
