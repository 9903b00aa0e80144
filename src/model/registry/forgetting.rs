//! What the registry forgets in the end: records and repositories that have been gone for long, former ports that nobody asked
//! for again, and the history. Nothing of that goes because the clock alone says so.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, EntryState};
use super::note::{Gone, Note};
use super::repository::{RepositoryId, RepositoryRecord};
use super::table::Registry;
use crate::model::passage::{OverdueSince, Passage, Term, Witnesses};

/// The shortest time that counts: one mistaken setting must not make a day's work forgotten.
pub const SHORTEST: Duration = Duration::from_hours(24);

/// What was forgotten.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    pub entries: Vec<Entry>,
    /// How far ahead the clock seems to be, where something was kept for that; said once.
    pub ahead: Option<SignedDuration>,
}

impl Registry {
    /// Notes what is gone since when, and forgets what has been for `keep`. `is_gone` answers for a repository without
    /// records, and `gone` are the numbers of the records that are gone with theirs.
    pub fn forget(
        &mut self,
        witnesses: &Witnesses,
        keep: Duration,
        gone: &HashSet<u64>,
        is_gone: impl Fn(&RepositoryRecord) -> bool,
    ) -> Forgotten {
        let lasts = lasts(keep);
        let is_over = |gone: &Gone| passage(gone, witnesses, lasts) == Passage::Over;
        let mut ahead = None;
        for entry in self.entries_mut() {
            ahead = ahead.max(note(&mut entry.notes.gone, gone.contains(&entry.sequence), witnesses, lasts));
        }
        let entries = self.take_all(|entry| is_over(&entry.notes.gone));
        let in_use: HashSet<RepositoryId> = self.entries().map(|entry| entry.repository_id.clone()).collect();
        let has_unreadable = self.ports_of_unreadable().next().is_some();
        for known in self.repositories.iter_mut() {
            let is_gone = !in_use.contains(&known.id) && !has_unreadable && is_gone(known);
            ahead = ahead.max(note(&mut known.gone, is_gone, witnesses, lasts));
        }
        self.repositories.retain(|known| !is_over(&known.gone));
        for former in self.former.iter_mut() {
            ahead = ahead.max(note(&mut former.gone, true, witnesses, lasts));
        }
        self.former.retain(|former| !is_over(&former.gone));
        Forgotten { entries, ahead }
    }

    /// Answers whether the history may be shortened, of which `is_old` says whether the clock takes a part for over.
    pub fn may_forget_history(&mut self, witnesses: &Witnesses, keep: Duration, is_old: bool) -> bool {
        let seen = self.history_over.read();
        let term = Term { until: witnesses.now, lasts: lasts(keep), began: None, seen: seen.as_ref() };
        let passage = if is_old { witnesses.judge(&term) } else { Passage::NotYet };
        write_doubt(&mut self.history_over, &passage);
        passage == Passage::Over
    }

    /// Notes of what was removed that the clock alone says that its time is over; answers how far ahead the clock seems to
    /// be, where that is not noted yet.
    pub fn note_removed(&mut self, witnesses: &Witnesses) -> Option<SignedDuration> {
        let mut ahead = None;
        for entry in self.entries_mut() {
            let EntryState::Removed { trash } = &mut entry.state else { continue };
            match trash.passage(witnesses) {
                Passage::ByClockAlone(doubt) => {
                    ahead = ahead.max(doubt.ahead.filter(|_| doubt.is_first));
                    trash.seen_over = Some(doubt.sighting);
                }
                Passage::NotYet => trash.seen_over = None,
                Passage::Over => {}
            }
        }
        ahead
    }
}

fn lasts(keep: Duration) -> SignedDuration {
    SignedDuration::try_from(keep.max(SHORTEST)).unwrap_or(SignedDuration::MAX)
}

/// Writes down since when it is gone, a clock that went back begins anew; answers how far ahead the clock seems to be, where
/// that is new.
fn note(
    gone: &mut Gone,
    is_gone: bool,
    witnesses: &Witnesses,
    lasts: SignedDuration,
) -> Option<SignedDuration> {
    if !is_gone {
        *gone = Gone::default();
        return None;
    }
    if gone.gone_since.read().is_none_or(|since| since > witnesses.now) {
        gone.gone_since.write(&witnesses.now);
        gone.gone_in.write(&witnesses.here);
        gone.seen_over.clear();
    }
    let passage = passage(gone, witnesses, lasts);
    write_doubt(&mut gone.seen_over, &passage);
    match passage {
        Passage::ByClockAlone(doubt) => doubt.ahead.filter(|_| doubt.is_first),
        Passage::NotYet | Passage::Over => None,
    }
}

fn passage(gone: &Gone, witnesses: &Witnesses, lasts: SignedDuration) -> Passage {
    let Some(since) = gone.gone_since.read() else { return Passage::NotYet };
    let (began, seen) = (gone.gone_in.read(), gone.seen_over.read());
    let until = since.checked_add(lasts).unwrap_or(Timestamp::MAX);
    witnesses.judge(&Term { until, lasts, began: began.as_ref(), seen: seen.as_ref() })
}

fn write_doubt(note: &mut Note<OverdueSince>, passage: &Passage) {
    match passage {
        Passage::ByClockAlone(doubt) => note.write(&doubt.sighting),
        Passage::NotYet => note.clear(),
        Passage::Over => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::entry;
    use crate::model::passage::Moment;
    use crate::model::registry::record::RegistryRow;

    const DAY: Duration = Duration::from_hours(24);

    /// So many hours after the epoch, when the machine was started.
    fn after(hours: u64) -> Witnesses {
        let passed = Duration::from_hours(hours);
        let now = Timestamp::UNIX_EPOCH + passed;
        let seconds = i64::try_from(passed.as_secs()).unwrap();
        let here = Moment { boot: "b".to_owned(), seconds };
        Witnesses { now, here, written: Some(now), made: Some(now) }
    }

    fn repository(id: &str) -> RepositoryRecord {
        RepositoryRecord {
            id: RepositoryId(id.to_owned()),
            path: format!("/w/{id}").into(),
            common_dir: format!("/w/{id}/.git").into(),
            device: 1,
            inode: 1,
            hooks_wanted: false,
            gone: Gone::default(),
            extra: serde_json::Map::new(),
        }
    }

    fn registry() -> Registry {
        let mut registry = Registry::default();
        registry.worktrees.push(RegistryRow::Entry(Box::new(entry("a", 1, &[5000]))));
        registry.repositories.push(repository("r"));
        registry.repositories.push(repository("gone"));
        registry.remember_ports(&entry("b", 2, &[5001]));
        registry
    }

    fn counts(registry: &Registry) -> (usize, usize, usize) {
        (registry.entries().count(), registry.repositories.len(), registry.former.len())
    }

    #[test]
    fn what_has_been_gone_for_long_is_forgotten_and_nothing_sooner() {
        let mut registry = registry();
        let gone = HashSet::from([1]);
        let at = |registry: &mut Registry, days: u64| {
            registry.forget(&after(24 * days), DAY * 90, &gone, |_| true).entries.len()
        };
        assert_eq!((at(&mut registry, 0), counts(&registry)), (0, (1, 2, 1)));
        assert_eq!((at(&mut registry, 89), counts(&registry)), (0, (1, 2, 1)));
        assert_eq!((at(&mut registry, 90), counts(&registry)), (1, (0, 1, 0)));
        at(&mut registry, 181);
        assert_eq!(counts(&registry), (0, 0, 0), "a repository goes once it has no records");
    }

    #[test]
    fn what_is_there_again_begins_anew() {
        let mut registry = registry();
        registry.forget(&after(0), DAY * 90, &HashSet::from([1]), |_| true);
        registry.forget(&after(24 * 50), DAY * 90, &HashSet::new(), |_| false);
        registry.forget(&after(24 * 100), DAY * 90, &HashSet::from([1]), |_| true);
        assert_eq!(counts(&registry), (1, 2, 0));
    }

    #[test]
    fn a_time_below_a_day_is_a_day_and_a_clock_that_went_back_counts_from_there() {
        let mut registry = registry();
        let at = |registry: &mut Registry, hours: u64| {
            registry.forget(&after(hours), Duration::ZERO, &HashSet::from([1]), |_| true)
        };
        at(&mut registry, 24 * 1000);
        at(&mut registry, 0);
        at(&mut registry, 12);
        assert_eq!(counts(&registry), (1, 2, 1));
        at(&mut registry, 24);
        assert_eq!(counts(&registry), (0, 1, 0));
    }

    #[test]
    fn a_clock_that_jumps_ahead_makes_nothing_forgotten_and_is_told_once() {
        let mut registry = registry();
        let gone = HashSet::from([1]);
        let at = |registry: &mut Registry, witnesses: &Witnesses| {
            let ahead = registry.forget(witnesses, DAY * 90, &gone, |_| true).ahead;
            (ahead.is_some(), counts(registry))
        };
        at(&mut registry, &after(0));
        let jumped = Witnesses { here: after(1).here, ..after(24 * 3650) };
        assert_eq!(at(&mut registry, &jumped), (true, (1, 2, 1)));
        assert_eq!(at(&mut registry, &jumped), (false, (1, 2, 1)));
        assert_eq!(at(&mut registry, &after(2)), (false, (1, 2, 1)));
        assert_eq!(registry.worktrees.len(), 1);
        let text = serde_json::to_string(&registry).unwrap();
        assert!(!text.contains("seen_over"), "the clock was put right: {text}");
    }

    #[test]
    fn a_history_is_shortened_by_a_second_look_alone() {
        let mut registry = Registry::default();
        let mut may = |hours: u64, is_old| registry.may_forget_history(&after(hours), DAY * 90, is_old);
        assert_eq!([may(0, true), may(0, true), may(1, false)], [false; 3]);
        assert_eq!([may(2, true), may(3, true)], [false, true], "the clock was right in between");
    }

    #[test]
    fn of_what_was_removed_it_is_noted_once_that_the_clock_runs_ahead() {
        let mut registry = Registry::default();
        let trash = serde_json::json!({
            "token": "t", "folder": "/t", "admin": "/a", "removed_in": { "boot": "b", "seconds": 0 },
            "removed_at": Timestamp::UNIX_EPOCH, "until": Timestamp::UNIX_EPOCH + DAY * 7,
        });
        let state = EntryState::Removed { trash: serde_json::from_value(trash).unwrap() };
        registry.insert(entry("there", 1, &[]));
        registry.insert(Entry { state, ..entry("a", 2, &[]) });
        let seen = |registry: &Registry| {
            registry.entries().any(
                |entry| matches!(&entry.state, EntryState::Removed { trash } if trash.seen_over.is_some()),
            )
        };
        let jumped = Witnesses { here: after(1).here, ..after(24 * 100) };
        let ahead = SignedDuration::from_hours(24 * 100 - 1);
        for (witnesses, expected, is_seen) in [
            (after(1), None, false),
            (jumped.clone(), Some(ahead), true),
            (jumped, None, true),
            (after(2), None, false),
            (after(24 * 7), None, false),
        ] {
            assert_eq!(registry.note_removed(&witnesses), expected, "{witnesses:?}");
            assert_eq!(seen(&registry), is_seen, "{witnesses:?}");
        }
    }

    #[test]
    fn a_repository_stays_where_a_record_cannot_be_read_or_is_its_own() {
        let row = serde_json::json!({ "state": "active", "allocations": [{ "port": 5000 }] });
        for (unreadable, left) in [(None, 1), (Some(row), 2)] {
            let mut registry = registry();
            registry.worktrees.extend(unreadable.map(RegistryRow::Unreadable));
            for days in [0, 90] {
                registry.forget(&after(24 * days), DAY * 90, &HashSet::new(), |_| true);
            }
            assert_eq!((registry.entries().count(), registry.repositories.len()), (1, left));
        }
    }
}
