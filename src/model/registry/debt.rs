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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;

    fn debt(at: TeardownAt, variables: &[(&str, &str)]) -> Debt {
        let mut entry = sample::entry("a", 7, &[]);
        entry.notes.teardown.write(&Teardown {
            commands: Vec::new(),
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            at,
            timeout: 10,
            keep: 100,
            needs_trust: false,
            extra: Map::new(),
        });
        Debt::of(&entry, 3).unwrap()
    }

    /// So many seconds after the machine was started at the epoch.
    fn after(seconds: i64) -> Witnesses {
        let now = Timestamp::from_second(seconds).unwrap();
        let here = Moment { boot: "b".to_owned(), seconds };
        Witnesses { now, here, written: Some(now), made: Some(now) }
    }

    #[test]
    fn a_debt_is_about_worktrees_of_its_name_and_place_now_or_when_the_setup_began() {
        let then = [("WT_NAME", "then"), ("WT_PATH", "/w/then"), ("A", "other"), ("B", "/w/other")];
        for (name, path, repository, variables, is_it) in [
            ("a", "/x", "r", &[][..], true),
            ("x", "/w/a", "r", &[], true),
            ("x", "/x", "r", &[], false),
            ("a", "/w/a", "s", &[], false),
            ("then", "/x", "r", &then, true),
            ("x", "/w/then", "r", &then, true),
            ("then", "/x", "r", &[], false),
            ("x", "/w/then", "r", &[], false),
            ("other", "/w/other", "r", &then, false),
            ("/w/then", "/x", "r", &then, false),
            ("x", "then", "r", &then, false),
            ("then", "/w/then", "s", &then, false),
        ] {
            let entry = Entry {
                name: name.to_owned(),
                path: path.into(),
                repository_id: RepositoryId(repository.to_owned()),
                ..sample::entry("x", 1, &[])
            };
            assert_eq!(
                debt(TeardownAt::Remove, variables).is_of(&entry),
                is_it,
                "{name} {path} {repository}"
            );
        }
    }

    #[test]
    fn a_debt_is_held_by_whoever_is_there_and_by_who_may_come_back() {
        let trash = serde_json::json!({
            "token": "t", "folder": "/t", "admin": "/a", "removed_at": Timestamp::UNIX_EPOCH, "until": Timestamp::UNIX_EPOCH,
        });
        let removed = EntryState::Removed { trash: serde_json::from_value(trash).unwrap() };
        for (at, may_return, by_living, by_removed) in [
            (TeardownAt::Remove, false, true, false),
            (TeardownAt::Remove, true, true, true),
            (TeardownAt::Expiry, false, true, true),
        ] {
            let debt = Debt { may_return, ..debt(at, &[]) };
            let there = sample::entry("a", 1, &[]);
            let gone = Entry { state: removed.clone(), ..there.clone() };
            assert_eq!((debt.is_held_by(&there), debt.is_held_by(&gone)), (by_living, by_removed), "{at:?}");
            let other = Entry { name: "x".to_owned(), path: "/x".into(), ..there };
            assert!(!debt.is_held_by(&other));
        }
        assert!(debt(TeardownAt::Remove, &[]).may_return, "it was there when its record went");
        assert_eq!(debt(TeardownAt::Remove, &[]).marker(), "teardown/r-3");
    }

    #[test]
    fn a_worktree_that_may_come_back_is_waited_for_since_it_is_known_to_be_gone() {
        let mut owed = debt(TeardownAt::Remove, &[]);
        assert_eq!(owed.passage(&after(1000)), Passage::NotYet, "nobody noted since when");
        owed.date(&after(50));
        owed.date(&after(60));
        assert_eq!((owed.since, owed.since_in.clone()), (Some(after(50).now), Some(after(50).here)));
        assert_eq!(owed.passage(&after(149)), Passage::NotYet);
        assert_eq!(owed.passage(&after(150)), Passage::Over);
        let jumped = Witnesses { here: after(60).here, ..after(1_000_000) };
        owed.date(&jumped);
        assert_eq!(owed.seen_over.as_ref().map(|seen| &seen.at), Some(&jumped.here));
        owed.date(&after(40));
        assert_eq!((owed.since, owed.seen_over.clone()), (Some(after(40).now), None), "the clock went back");
        let settled = Debt { may_return: false, since: None, ..owed };
        let mut dated = settled.clone();
        dated.date(&after(50));
        assert_eq!((settled.passage(&after(0)), dated), (Passage::Over, settled));
    }

    #[test]
    fn one_that_failed_is_put_off_for_a_day_by_the_clock() {
        let mut owed = debt(TeardownAt::Remove, &[]);
        assert!(!owed.is_put_off(after(0).now));
        let at = after(1000).now;
        owed.failed =
            Some(FailedTeardown { at, command: String::new(), exit: None, reason: String::new(), log: None });
        for (seconds, is_put_off) in
            [(999, false), (1000, true), (1000 + 86_399, true), (1000 + 86_400, false)]
        {
            assert_eq!(owed.is_put_off(after(seconds).now), is_put_off, "{seconds}");
        }
    }
}
