//! How far the deletion of removed worktrees is behind: what lies beyond its time, and what was left half-deleted.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::diagnosis::DoctorCheck;
use super::passage;

/// How long after its time a removed worktree may still lie there before somebody should know.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// What lies in the trash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many removed worktrees are recorded.
    pub kept: usize,
    /// Those whose time is over, and those whose deletion was begun.
    pub due: Vec<Due>,
    /// Whether a deletion is at work.
    pub at_work: bool,
    /// How far ahead the clock seems to be, where something is kept for that.
    pub ahead: Option<SignedDuration>,
}

/// A removed worktree that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub folder: PathBuf,
    /// When its time was over.
    pub since: Timestamp,
    /// Whether its deletion was begun.
    pub is_begun: bool,
    /// Whether its deletion was tried and failed.
    pub is_refused: bool,
    /// On disk.
    pub bytes: u64,
}

impl Backlog {
    /// Judges whether somebody should know.
    #[must_use]
    pub fn judge(&self, now: Timestamp) -> DoctorCheck {
        const NAME: &str = "trash";
        let late = |due: &&Due| {
            let is_late = now.duration_since(due.since) > PATIENCE;
            is_late || due.is_refused || (due.is_begun && !self.at_work)
        };
        let late: Vec<&Due> = self.due.iter().filter(late).collect();
        let Some(oldest) = late.iter().min_by_key(|due| due.since) else {
            if let Some(ahead) = self.ahead {
                let said =
                    passage::said(ahead, "what was removed is kept, though by the clock its time is over");
                return DoctorCheck::warning(NAME, said, "look at the clock: date");
            }
            let more = if self.at_work { "; one is being deleted for good" } else { "" };
            return DoctorCheck::fine(
                NAME,
                format!("{} removed, restorable with `wt restore`{more}", self.kept),
            );
        };
        let bytes = late.iter().map(|due| due.bytes).sum();
        let lie = if late.len() == 1 { "worktree lies there" } else { "worktrees lie there" };
        let begun = match late.iter().filter(|due| due.is_begun).count() {
            0 => String::new(),
            begun => format!(" ({begun} half-deleted)"),
        };
        let hours = now.duration_since(oldest.since).as_hours().max(0);
        let age = if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) };
        let said = format!(
            "{} removed {lie} beyond their time, {}{begun}: {} for {age}; what is mounted there or may not be deleted \
             holds it up",
            late.len(),
            size(bytes),
            oldest.folder.display(),
        );
        DoctorCheck::warning(NAME, said, "wt sweep")
    }
}

/// As people read sizes: `3.4 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let mut rest = bytes;
    let mut tenths = 0;
    let mut units = ["bytes", "KiB", "MiB", "GiB"].iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if rest < 1024 {
            break;
        }
        tenths = rest % 1024 * 10 / 1024;
        rest /= 1024;
        unit = next;
    }
    if unit == "bytes" { format!("{rest} {unit}") } else { format!("{rest}.{tenths} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnosis::Status;

    fn due(hours: i64, is_begun: bool) -> Due {
        let since = Timestamp::UNIX_EPOCH - SignedDuration::from_hours(hours);
        Due { folder: "/w/.wt-trash/a".into(), since, is_begun, is_refused: false, bytes: 3 << 20 }
    }

    #[test]
    fn what_is_late_or_was_left_half_deleted_is_said_with_size_age_and_folder() {
        let now = Timestamp::UNIX_EPOCH;
        let judged = |due: Vec<Due>, at_work| Backlog { kept: 9, due, at_work, ahead: None }.judge(now);
        assert_eq!(judged(vec![], false).status, Status::Ok);
        assert_eq!(judged(vec![due(2, false)], false).status, Status::Ok, "the next command deletes it");
        assert_eq!(judged(vec![due(2, true)], true).status, Status::Ok, "it is being deleted");
        let refused = Due { is_refused: true, ..due(2, false) };
        assert_eq!(judged(vec![refused], false).status, Status::Warning, "nothing will try it soon");
        let left = judged(vec![due(2, true)], false);
        assert_eq!(left.status, Status::Warning);
        for word in ["1 removed worktree lies", "3.0 MiB", "half-deleted", "/w/.wt-trash/a", "2 hours"] {
            assert!(left.message.contains(word), "{word}: {}", left.message);
        }
        let late = judged(vec![due(25, false), due(72, false)], false);
        assert!(
            late.message.starts_with("2 removed worktrees") && late.message.contains("3 days"),
            "{late:?}"
        );
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!(
            [0, 1023, 1024, 1536, 3 << 30].map(size),
            ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "3.0 GiB"]
        );
    }

    #[test]
    fn a_removed_worktree_is_late_a_day_after_its_time() {
        let late = |seconds| {
            let due = Due { since: Timestamp::UNIX_EPOCH, ..due(0, false) };
            let now = Timestamp::from_second(seconds).unwrap();
            Backlog { kept: 1, due: vec![due], at_work: false, ahead: None }.judge(now)
        };
        assert_eq!(late(86_400).status, Status::Ok);
        assert_eq!(late(86_401).status, Status::Warning);
        let age = |hours: i64| {
            let said = late(hours * 3_600).message;
            said.split(" for ").nth(1).and_then(|rest| rest.split(';').next()).map(str::to_owned)
        };
        assert_eq!(age(25).as_deref(), Some("25 hours"));
        assert_eq!(age(47).as_deref(), Some("47 hours"));
        assert_eq!(age(48).as_deref(), Some("2 days"));
        assert_eq!(age(71).as_deref(), Some("2 days"));
    }

    #[test]
    fn what_is_late_is_told_by_the_oldest_with_the_bytes_of_all() {
        let now = Timestamp::UNIX_EPOCH;
        let oldest = Due { folder: "/w/.wt-trash/old".into(), ..due(72, true) };
        let all = vec![due(30, false), oldest, due(1, false)];
        let said = Backlog { kept: 3, due: all, at_work: false, ahead: None }.judge(now);
        assert_eq!(said.hint.as_deref(), Some("wt sweep"));
        assert_eq!(
            said.message,
            "2 removed worktrees lie there beyond their time, 6.0 MiB (1 half-deleted): /w/.wt-trash/old for 3 days; what is \
             mounted there or may not be deleted holds it up"
        );
    }

    #[test]
    fn where_nothing_is_late_the_number_is_told_and_what_is_done_just_now() {
        let said = |at_work, ahead| {
            Backlog { kept: 4, due: Vec::new(), at_work, ahead }.judge(Timestamp::UNIX_EPOCH)
        };
        assert_eq!(said(false, None).message, "4 removed, restorable with `wt restore`");
        let working = "4 removed, restorable with `wt restore`; one is being deleted for good";
        assert_eq!(said(true, None).message, working);
        let ahead = said(false, Some(SignedDuration::from_hours(100)));
        assert_eq!((ahead.status, ahead.hint.as_deref()), (Status::Warning, Some("look at the clock: date")));
    }

    #[test]
    fn a_size_has_a_tenth_and_the_greatest_unit_that_fits() {
        for (bytes, said) in [
            (1, "1 bytes"),
            (1_126, "1.0 KiB"),
            (1_127, "1.1 KiB"),
            (2_047, "1.9 KiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (1 << 20, "1.0 MiB"),
            ((1 << 20) * 5 / 2, "2.5 MiB"),
            (1 << 30, "1.0 GiB"),
            (1 << 40, "1024.0 GiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
