//! A teardown that is due, or will be: of a worktree whose record goes or is gone. It stays until it has succeeded.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::{Entry, EntryState};
use super::repository::RepositoryId;
use crate::model::passage::{Moment, OverdueSince, Passage, Term, Witnesses};
use crate::model::teardown::{FailedTeardown, Teardown, TeardownAt};

/// A teardown of a worktree that is on record no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// First, for whoever reads the registry in passing knows the row by it.
    pub repository_id: RepositoryId,
    /// Tells it apart from all others.
    pub number: u64,
    pub repository: PathBuf,
    /// The worktree's name and folder.
    pub name: String,
    pub path: PathBuf,
    pub teardown: Teardown,
    /// Whether the worktree could come back when its record went, as one that was deleted by hand: then it is not due before
    /// the time is over in which a removed one is kept.
    #[serde(default)]
    pub may_return: bool,
    /// Since when it is known that it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_in: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_over: Option<OverdueSince>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedTeardown>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How long a teardown that failed is not tried again by itself.
const PAUSE: SignedDuration = SignedDuration::from_hours(24);

impl Debt {
    /// Returns what is owed for a worktree whose record goes; `None` where nothing is.
    #[must_use]
    pub fn of(entry: &Entry, number: u64) -> Option<Self> {
        Some(Self {
            number,
            repository: entry.repository.clone(),
            repository_id: entry.repository_id.clone(),
            name: entry.name.clone(),
            path: entry.path.clone(),
            teardown: entry.notes.teardown.read()?,
            may_return: matches!(entry.state, EntryState::Active | EntryState::Creating { .. }),
            since: None,
            since_in: None,
            seen_over: None,
            failed: None,
            extra: Map::new(),
        })
    }

    /// Returns the marker that its processes carry: none that a worktree has.
    #[must_use]
    pub fn marker(&self) -> String {
        format!("teardown/{}-{}", self.repository_id, self.number)
    }

    /// Notes since when it is known that the worktree is gone; nothing where that is noted.
    pub fn date(&mut self, witnesses: &Witnesses) {
        if self.may_return && self.since.is_none_or(|since| since > witnesses.now) {
            self.since = Some(witnesses.now);
            self.since_in = Some(witnesses.here.clone());
            self.seen_over = None;
        }
        if let Passage::ByClockAlone(doubt) = self.passage(witnesses) {
            self.seen_over = Some(doubt.sighting);
        }
    }

    /// Judges whether the time is over in which the worktree may come back.
    #[must_use]
    pub fn passage(&self, witnesses: &Witnesses) -> Passage {
        if !self.may_return {
            return Passage::Over;
        }
        let Some(since) = self.since else { return Passage::NotYet };
        let lasts = SignedDuration::from_secs(self.teardown.keep.max(0));
        witnesses.judge(&Term {
            until: since.checked_add(lasts).unwrap_or(Timestamp::MAX),
            lasts,
            began: self.since_in.as_ref(),
            seen: self.seen_over.as_ref(),
        })
    }

    /// Answers whether it failed so lately that it is tried again only where somebody asks for that.
    #[must_use]
    pub fn is_put_off(&self, now: Timestamp) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.at <= now && now.duration_since(failed.at) < PAUSE)
    }

    /// Answers whether `entry` may use what the teardown would take away: a worktree of that name or place that is there, or
    /// that can come back. What is taken away at the removal already waits only for one that is there.
    #[must_use]
    pub fn is_held_by(&self, entry: &Entry) -> bool {
        self.is_of(entry) && (entry.is_living() || self.may_return || self.teardown.at == TeardownAt::Expiry)
    }

    /// Answers whether it is about a worktree of that name or place: those that it has, or had when its setup began, for what
    /// it takes away is called after them.
    #[must_use]
    pub fn is_of(&self, entry: &Entry) -> bool {
        let told = |name: &str| {
            let variables = self.teardown.variables.iter();
            variables.filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).next()
        };
        entry.repository_id == self.repository_id
            && (entry.name == self.name
                || entry.path == self.path
                || told("WT_NAME") == Some(entry.name.as_str())
                || told("WT_PATH").is_some_and(|path| entry.path == std::path::Path::new(path)))
    }

    /// Answers whether the other one does the very same, wherever its programs are found.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let facts = |debt: &Self| {
            let of_worktree =
                debt.teardown.variables.iter().filter(|(name, _)| name != "PATH" && name != "HOME");
            of_worktree.cloned().collect::<Vec<_>>()
        };
        self.repository_id == other.repository_id
            && self.teardown.commands == other.teardown.commands
            && facts(self) == facts(other)
    }
}
