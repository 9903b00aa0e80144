//! What the registry forgets in the end: records and repositories that have been gone for long, and former ports that nobody
//! asked for again.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::entry::Entry;
use super::repository::{RepositoryId, RepositoryRecord};
use super::table::Registry;

/// Where a row keeps since when what it is about is gone, or since when it is a former one.
const SINCE: &str = "gone_since";

/// The shortest time that counts: one mistaken setting must not make a day's work forgotten.
pub const SHORTEST: Duration = Duration::from_hours(24);

impl Registry {
    /// Notes what is gone since when, and forgets what has been for `keep`; returns the records that went. `is_gone` answers
    /// for a repository without records, and `gone` are the numbers of the records that are gone with theirs.
    pub fn forget(
        &mut self,
        now: Timestamp,
        keep: Duration,
        gone: &HashSet<u64>,
        is_gone: impl Fn(&RepositoryRecord) -> bool,
    ) -> Vec<Entry> {
        let keep = keep.max(SHORTEST);
        for entry in self.entries_mut() {
            note(&mut entry.extra, gone.contains(&entry.sequence), now);
        }
        let forgotten = self.take_all(|entry| is_over(&entry.extra, now, keep));
        let in_use: HashSet<RepositoryId> = self.entries().map(|entry| entry.repository_id.clone()).collect();
        let has_unreadable = self.ports_of_unreadable().next().is_some();
        for known in self.repositories.iter_mut() {
            let is_gone = !in_use.contains(&known.id) && !has_unreadable && is_gone(known);
            note(&mut known.extra, is_gone, now);
        }
        self.repositories.retain(|known| !is_over(&known.extra, now, keep));
        for former in self.former.iter_mut() {
            note(&mut former.extra, true, now);
        }
        self.former.retain(|former| !is_over(&former.extra, now, keep));
        forgotten
    }
}

/// Writes down since when it is gone; a clock that went back begins anew.
fn note(extra: &mut Map<String, Value>, is_gone: bool, now: Timestamp) {
    if !is_gone {
        extra.remove(SINCE);
    } else if since(extra).is_none_or(|since| since > now) {
        extra.insert(SINCE.to_owned(), now.to_string().into());
    }
}

fn since(extra: &Map<String, Value>) -> Option<Timestamp> {
    extra.get(SINCE)?.as_str()?.parse().ok()
}

fn is_over(extra: &Map<String, Value>, now: Timestamp, keep: Duration) -> bool {
    since(extra).is_some_and(|since| {
        let passed = now.duration_since(since);
        Duration::try_from(passed).is_ok_and(|passed| passed >= keep)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::entry;
    use crate::model::registry::record::Record;

    const DAY: Duration = Duration::from_hours(24);

    fn repository(id: &str) -> RepositoryRecord {
        RepositoryRecord {
            id: RepositoryId(id.to_owned()),
            path: format!("/w/{id}").into(),
            common_dir: format!("/w/{id}/.git").into(),
            device: 1,
            inode: 1,
            hooks_wanted: false,
            extra: Map::new(),
        }
    }

    fn registry() -> Registry {
        let mut registry = Registry::default();
        registry.worktrees.push(Record::Entry(Box::new(entry("a", 1, &[5000]))));
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
        let begin = Timestamp::UNIX_EPOCH;
        let at = |registry: &mut Registry, days: u32| {
            registry.forget(begin + DAY * days, DAY * 90, &gone, |_| true).len()
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
        let begin = Timestamp::UNIX_EPOCH;
        registry.forget(begin, DAY * 90, &HashSet::from([1]), |_| true);
        registry.forget(begin + DAY * 50, DAY * 90, &HashSet::new(), |_| false);
        registry.forget(begin + DAY * 100, DAY * 90, &HashSet::from([1]), |_| true);
        assert_eq!(counts(&registry), (1, 2, 0));
    }

    #[test]
    fn a_time_below_a_day_is_a_day_and_a_clock_that_went_back_counts_from_there() {
        let mut registry = registry();
        let later = Timestamp::UNIX_EPOCH + DAY * 1000;
        registry.forget(later, Duration::ZERO, &HashSet::from([1]), |_| true);
        registry.forget(Timestamp::UNIX_EPOCH, Duration::ZERO, &HashSet::from([1]), |_| true);
        registry.forget(Timestamp::UNIX_EPOCH + DAY / 2, Duration::ZERO, &HashSet::from([1]), |_| true);
        assert_eq!(counts(&registry), (1, 2, 1));
        registry.forget(Timestamp::UNIX_EPOCH + DAY, Duration::ZERO, &HashSet::from([1]), |_| true);
        assert_eq!(counts(&registry), (0, 1, 0));
    }
}
