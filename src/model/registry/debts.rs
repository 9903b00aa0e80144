//! The registry's debts: whichever way a worktree's record goes, its teardown stays until it has succeeded or was given up.

use jiff::Timestamp;

use super::debt::Debt;
use super::entry::Entry;
use super::table::Registry;
use crate::model::passage::{Passage, Witnesses};
use crate::model::setup::{Setup, SetupState};

impl Registry {
    /// Notes the debt of a worktree whose record goes. One that does the very same is enough: the younger, whose time begins now.
    pub fn owe(&mut self, gone: &Entry) {
        let number = self.sequence + 1;
        let Some(debt) = Debt::of(gone, number) else { return };
        self.debts.retain(|known| !known.is_like(&debt));
        self.sequence = number;
        self.debts.push(debt);
    }

    /// Makes the teardown of a worktree that is on its way out a debt, before the record goes; from then on its setup counts as
    /// torn down. Returns the debt.
    pub fn call_in(&mut self, sequence: u64, at: Timestamp) -> Option<Debt> {
        let number = self.sequence + 1;
        let entry = self.find_by_sequence(sequence)?;
        let debt = Debt { may_return: false, ..Debt::of(entry, number)? };
        entry.notes.teardown.clear();
        entry.notes.setup.write(&Setup::new(SetupState::TornDown, at));
        // One of the same that failed once has its turn now.
        self.debts.retain(|known| !known.is_like(&debt));
        self.sequence = number;
        self.debts.push(debt.clone());
        Some(debt)
    }

    /// Returns the debt with that number, for changing.
    pub fn find_debt(&mut self, number: u64) -> Option<&mut Debt> {
        self.debts.iter_mut().find(|debt| debt.number == number)
    }

    /// Notes since when worktrees are gone that may come back.
    pub fn date_debts(&mut self, witnesses: &Witnesses) {
        self.debts.iter_mut().for_each(|debt| debt.date(witnesses));
    }

    /// Answers whether a debt is to be paid now: its time is over, and no worktree may use what it would take away.
    #[must_use]
    pub fn is_due(&self, debt: &Debt, witnesses: &Witnesses) -> bool {
        debt.passage(witnesses) == Passage::Over && !self.is_held(debt) && !self.is_awaited(debt, witnesses)
    }

    /// Answers whether another worktree of its name or place, deleted by hand, may still come back.
    fn is_awaited(&self, debt: &Debt, witnesses: &Witnesses) -> bool {
        let is_of_same = |other: &&Debt| {
            other.number != debt.number
                && other.repository_id == debt.repository_id
                && (other.name == debt.name || other.path == debt.path)
        };
        self.debts.iter().filter(is_of_same).any(|other| other.passage(witnesses) != Passage::Over)
    }

    /// Answers whether a worktree may use what a debt would take away.
    #[must_use]
    pub fn is_held(&self, debt: &Debt) -> bool {
        self.entries().any(|entry| debt.is_held_by(entry))
    }

    /// Answers whether a look at the debts has something to do: one is due, or the time of one is to be noted.
    #[must_use]
    pub fn calls_for_teardown(&self, witnesses: &Witnesses) -> bool {
        let is_to_be_noted = |debt: &Debt| {
            let is_first = matches!(debt.passage(witnesses), Passage::ByClockAlone(doubt) if doubt.is_first);
            debt.may_return && (debt.since.is_none_or(|since| since > witnesses.now) || is_first)
        };
        self.debts.iter().any(|debt| {
            is_to_be_noted(debt) || (!debt.is_put_off(witnesses.now) && self.is_due(debt, witnesses))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::model::checks::sample;
    use crate::model::passage::Moment;
    use crate::model::registry::entry::EntryState;
    use crate::model::registry::journal::Trash;
    use crate::model::registry::repository::RepositoryId;
    use crate::model::teardown::{FailedTeardown, Teardown, TeardownAt, TeardownCommand};

    fn witnesses(now: i64) -> Witnesses {
        let at = Timestamp::from_second(1_000_000 + now).unwrap();
        let here = Moment { boot: "b".to_owned(), seconds: now };
        Witnesses { now: at, here, written: Some(at), made: Some(at) }
    }

    fn teardown(text: &str, at: TeardownAt) -> Teardown {
        let words = text.split(' ').map(str::to_owned).collect();
        Teardown {
            commands: vec![TeardownCommand { text: text.to_owned(), words }],
            variables: vec![("PATH".to_owned(), "/bin".to_owned())],
            at,
            timeout: 1000,
            keep: 100,
            needs_trust: false,
            extra: Map::new(),
        }
    }

    fn entry(name: &str, at: TeardownAt) -> Entry {
        let mut entry = sample::entry(name, 0, &[]);
        entry.notes.teardown.write(&teardown(&format!("dropdb {name}"), at));
        entry
    }

    fn removed() -> EntryState {
        let trash: Trash = serde_json::from_str(
            r#"{"token":"t","folder":"/t","admin":"/a","removed_at":"1970-01-01T00:00:00Z","until":"1970-01-02T00:00:00Z"}"#,
        )
        .unwrap();
        EntryState::Removed { trash }
    }

    fn gone(entry: Entry) -> Registry {
        let mut registry = Registry::default();
        let sequence = registry.insert(entry).sequence;
        registry.take(|known| known.sequence == sequence).unwrap();
        registry
    }

    fn is_due(registry: &Registry, now: i64) -> bool {
        registry.is_due(&registry.debts[0], &witnesses(now))
    }

    #[test]
    fn a_teardown_is_like_another_of_the_same_commands_and_facts_wherever_programs_are_found() {
        let of = |command: &str, variables: &[(&str, &str)]| {
            let mut entry = entry("a", TeardownAt::Expiry);
            let mut teardown = teardown(command, TeardownAt::Expiry);
            let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            teardown.variables = owned.collect();
            entry.notes.teardown.write(&teardown);
            Debt::of(&entry, 1).unwrap()
        };
        let one = of("dropdb a", &[("PATH", "/bin"), ("HOME", "/home/a"), ("WT_NAME", "a")]);
        assert!(one.is_like(&of("dropdb a", &[("WT_NAME", "a"), ("PATH", "/usr/bin")])));
        assert!(!one.is_like(&of("dropdb a", &[("WT_NAME", "b")])));
        assert!(!one.is_like(&of("dropdb b", &[("WT_NAME", "a")])));
        assert!(!one.is_like(&Debt { repository_id: RepositoryId("s".to_owned()), ..one.clone() }));
    }

    #[test]
    fn a_worktree_that_was_deleted_by_hand_owes_once_it_can_no_longer_come_back() {
        for at in [TeardownAt::Expiry, TeardownAt::Remove] {
            let mut registry = gone(entry("a", at));
            assert!(registry.calls_for_teardown(&witnesses(0)), "to be dated");
            registry.date_debts(&witnesses(0));
            assert!(!registry.calls_for_teardown(&witnesses(1)));
            registry.date_debts(&witnesses(50));
            assert!(!is_due(&registry, 99) && is_due(&registry, 101), "it counts from the first look");
            assert!(registry.calls_for_teardown(&witnesses(101)));
            let state = removed();
            for again in [entry("a", at), Entry { state, ..entry("a", at) }] {
                let sequence = registry.insert(again).sequence;
                assert!(!is_due(&registry, 101), "another of that name may use what would be taken away");
                registry.worktrees.pop();
                assert!(sequence > 0 && is_due(&registry, 101));
            }
        }
    }

    #[test]
    fn what_owes_nothing_leaves_no_debt_and_what_was_removed_owes_at_once() {
        let mut registry = gone(sample::entry("a", 0, &[]));
        assert!(registry.debts.is_empty() && !registry.calls_for_teardown(&witnesses(0)));
        for _ in 0..2 {
            registry.insert(Entry { state: removed(), ..entry("b", TeardownAt::Expiry) });
            registry.take_all(|_| true);
            assert_eq!(registry.debts.len(), 1, "the same again is the same debt");
        }
        assert!(is_due(&registry, 0));
        registry.insert(Entry {
            path: "/elsewhere".into(),
            state: removed(),
            ..entry("b", TeardownAt::Expiry)
        });
        assert!(!is_due(&registry, 0), "another of that name can be restored");
    }

    #[test]
    fn what_is_called_in_at_the_removal_waits_only_for_one_that_is_there() {
        let mut registry = Registry::default();
        let sequence = registry.insert(entry("a", TeardownAt::Remove)).sequence;
        let now = witnesses(0).now;
        let debt = registry.call_in(sequence, now).unwrap();
        assert_eq!(registry.call_in(sequence, now), None, "once");
        assert!(!is_due(&registry, 0), "it is there");
        let known = registry.find_by_sequence(sequence).unwrap();
        assert_eq!(known.notes.setup.read().unwrap().state, SetupState::TornDown);
        known.state = removed();
        assert!(is_due(&registry, 0));
        registry.take_all(|_| true);
        assert_eq!(registry.debts.iter().map(|debt| debt.number).collect::<Vec<_>>(), [debt.number]);
    }

    #[test]
    fn one_that_failed_is_put_off_for_a_day() {
        let mut registry = gone(Entry { state: removed(), ..entry("a", TeardownAt::Expiry) });
        let at = witnesses(0).now;
        let failed =
            FailedTeardown { at, command: "x".to_owned(), exit: Some(1), reason: "no".to_owned(), log: None };
        let number = registry.debts[0].number;
        registry.find_debt(number).unwrap().failed = Some(failed);
        assert!(!registry.calls_for_teardown(&witnesses(3600)) && is_due(&registry, 3600));
        assert!(registry.calls_for_teardown(&witnesses(24 * 3600)));
        assert!(registry.calls_for_teardown(&witnesses(-5)), "a clock that was set back puts nothing off");
    }

    #[test]
    fn a_debt_waits_for_another_of_its_name_or_place_in_its_own_repository_alone() {
        let b = RepositoryId("b".to_owned());
        let elsewhere = |name: &str| Entry { path: "/else/where".into(), ..entry(name, TeardownAt::Remove) };
        for (other, is_awaited) in [
            (elsewhere("a"), true),
            (Entry { name: "c".to_owned(), ..entry("a", TeardownAt::Remove) }, true),
            (elsewhere("c"), false),
            (Entry { repository_id: b.clone(), ..elsewhere("a") }, false),
            (Entry { repository_id: b, ..entry("a", TeardownAt::Remove) }, false),
        ] {
            let mut registry = gone(Entry { state: removed(), ..entry("a", TeardownAt::Remove) });
            assert!(is_due(&registry, 0));
            let mut other = other;
            other.notes.teardown.write(&teardown("another", TeardownAt::Remove));
            registry.insert(other.clone());
            registry.take_all(|_| true);
            assert_eq!(registry.debts.len(), 2);
            assert_eq!(!is_due(&registry, 0), is_awaited, "{} {}", other.name, other.path.display());
        }
    }

    #[test]
    fn a_debt_of_a_time_to_come_is_dated_anew() {
        let mut registry = gone(entry("a", TeardownAt::Remove));
        registry.date_debts(&witnesses(1000));
        assert!(!registry.calls_for_teardown(&witnesses(1000)));
        assert!(registry.calls_for_teardown(&witnesses(999)), "the clock was set back");
        registry.date_debts(&witnesses(0));
        assert_eq!(registry.debts[0].since, Some(witnesses(0).now));
        assert!(!registry.calls_for_teardown(&witnesses(1)));
    }
}
