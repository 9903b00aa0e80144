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
    /// The numbers of events that were kept beside the file and are taken in: whoever finds them there again leaves them.
    TakenIn(Vec<u64>),
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
    /// When it was seen last; rows of before do not say.
    #[serde(default)]
    pub seen: Option<Timestamp>,
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
    pub taken_in: Vec<u64>,
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
                Ok(Row::TakenIn(numbers)) => ledger.taken_in.extend(numbers),
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
        let taken_in = (!self.taken_in.is_empty()).then(|| Row::TakenIn(self.taken_in.clone()));
        let mut bytes = Vec::new();
        for row in told.chain(due).chain(taken_in).chain(heard) {
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
        let mut heard = std::mem::take(&mut self.heard);
        // Two who wrote at once may have been heard in the other order.
        heard.sort_by_key(|event| event.sequence);
        for event in heard {
            // One event is told once, however many ports it is about.
            let mut is_told = false;
            for change in changes(&event) {
                match change.turn {
                    Turn::Over => self.end(&change.subject, &event),
                    _ => is_told |= self.turn(&change, &event, is_told),
                }
            }
        }
        for due in &mut self.due {
            if !due.is_held && retry::is_out_of_reach(due.at, now) {
                due.at = now;
            }
        }
        self.forget_unseen(now);
        self.told.retain(|told| {
            told.wrong.is_some() || told.changes.last().is_some_and(|last| is_within(*last, now, SPAN))
        });
        let surplus = self.due.len().saturating_sub(MOST_DUE);
        self.due.drain(..surplus);
    }

    /// A conflict that nobody has seen for long is over; who keeps a list of what is wrong hears that.
    fn forget_unseen(&mut self, now: Timestamp) {
        let is_lost = |told: &Told| {
            told.wrong == Some(NoticeKind::PortConflict)
                && !is_within(told.seen.unwrap_or(told.began), now, FORGOTTEN)
        };
        let (gone, left) = std::mem::take(&mut self.told).into_iter().partition(is_lost);
        self.told = left;
        let gone: Vec<Told> = gone;
        for told in gone {
            let mut about = Event::new("port_conflict_over").numbered(0, now);
            about.repository.clone_from(&told.repository);
            about.worktree.clone_from(&told.worktree);
            self.tell_end(&told, &about);
        }
    }

    /// Takes in what is wrong or well; answers whether that is told. It is kept in mind only where the event `is_told` already.
    fn turn(&mut self, change: &Change, event: &Event, is_told: bool) -> bool {
        let known = self.told.iter().position(|told| told.is_of(event) && told.subject == change.subject);
        let (wrong, print) = match &change.turn {
            Turn::Wrong(kind, print) => (Some(*kind), print.clone()),
            _ => (None, String::new()),
        };
        let before = known.and_then(|at| self.told.get(at));
        let is_news = match before {
            Some(told) => told.wrong != wrong || !is_same_print(&told.print, &print),
            None => wrong.is_some(),
        };
        if !is_news {
            if let Some(told) = known.and_then(|at| self.told.get_mut(at)) {
                told.seen = Some(event.at);
                // Who sees more of the processes says more of them.
                if !print.is_empty() {
                    told.print = print;
                }
            }
            return false;
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
            seen: Some(event.at),
            changes,
        };
        let is_flapping = told.changes.len() > ONE_BY_ONE;
        let mut notice = Notice::new(wrong.unwrap_or(NoticeKind::Recovered), &change.subject, event, began);
        match known {
            Some(at) => self.told[at] = told,
            None => self.told.push(told),
        }
        if is_told {
            return false;
        }
        if !is_flapping {
            self.add(notice, event.at);
            return true;
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
        true
    }

    /// Forgets what is over; who keeps a list of what is wrong hears that it is.
    fn end(&mut self, subject: &str, event: &Event) {
        let is_whole = !(subject.is_empty() || subject.ends_with(':'));
        let is_about = |known: &str| if is_whole { known == subject } else { known.starts_with(subject) };
        let is_it = |told: &Told| told.is_of(event) && is_about(&told.subject);
        // What waits for calm is of no interest any more.
        self.due.retain(|due| {
            let is_waiting = due.via.is_none() && due.notice.changes > 1;
            !(is_waiting && is_of(&due.notice.event, event) && is_about(&due.notice.subject))
        });
        let (gone, left) = std::mem::take(&mut self.told).into_iter().partition(is_it);
        self.told = left;
        let gone: Vec<Told> = gone;
        for told in gone.iter().filter(|told| told.wrong.is_some()) {
            let mut about = event.clone();
            about.repository.clone_from(&told.repository);
            about.worktree.clone_from(&told.worktree);
            self.tell_end(told, &about);
        }
        // A port that changes hands again and again is one notice, too.
        let again = gone.into_iter().filter(|told| is_whole && told.subject.starts_with("port:"));
        self.told.extend(again.map(|told| Told { wrong: None, print: String::new(), ..told }));
    }

    /// Ends an alert. All ports of a worktree are one: it ends with the last of them.
    fn tell_end(&mut self, told: &Told, about: &Event) {
        let is_beside = |other: &Told| {
            other.wrong == Some(NoticeKind::PortConflict)
                && other.repository == told.repository
                && other.worktree == told.worktree
        };
        if told.wrong == Some(NoticeKind::PortConflict) && self.told.iter().any(is_beside) {
            return;
        }
        let notice = Notice::new(NoticeKind::Recovered, &told.subject, about, told.began);
        self.add(Notice { is_silent: true, ..notice }, about.at);
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

/// As [`Told::is_of`], of what was told of.
fn is_of(told: &Event, event: &Event) -> bool {
    (event.repository.is_none() || told.repository == event.repository)
        && (event.worktree.is_none() || told.worktree == event.worktree)
}

/// Answers whether the same processes are meant: not everybody sees all of them, or any.
fn is_same_print(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one.split(',').any(|pid| other.split(',').any(|known| known == pid))
}

fn is_beside(notice: &Notice, event: &Event) -> bool {
    notice.event.repository == event.repository && notice.event.worktree == event.worktree
}

fn is_within(then: Timestamp, now: Timestamp, span: Duration) -> bool {
    Duration::try_from(now.duration_since(then)).map_or(true, |passed| passed <= span)
}

#[cfg(test)]
mod tests;
