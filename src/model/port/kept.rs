//! Why worktrees keep their ports although somebody would take an idle one over, and the sentence about it.

use std::collections::BTreeMap;
use std::time::Duration;

/// Why an allocated port is not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    Pinned,
    /// Its worktree is locked.
    Locked,
    /// Something of its worktree listens or runs.
    InUse,
    /// It was used, or given, too short a time ago.
    Young,
    /// It is another repository's.
    Elsewhere,
    /// Nothing of that, and it could not be had all the same.
    Refused,
}

impl Kept {
    fn words(self, idle: Duration) -> String {
        match self {
            Self::Pinned => "pinned".to_owned(),
            Self::Locked => "of a locked worktree".to_owned(),
            Self::InUse => "of a worktree whose servers run".to_owned(),
            Self::Young => format!("used or given within the last {}", spoken(idle)),
            Self::Elsewhere => {
                "of another repository, which only `ports.reclaim_after` of your own file reaches".to_owned()
            }
            Self::Refused => "kept by its worktree".to_owned(),
        }
    }
}

/// Says why nothing was taken over where `missing` ports are needed and `found` could be had.
#[must_use]
pub fn sentence(kept: &BTreeMap<Kept, usize>, missing: usize, found: usize, idle: Duration) -> String {
    let had = match found {
        0 => String::new(),
        found => format!(" {missing} are needed and only {found} could be had;"),
    };
    if kept.is_empty() {
        return format!("took no port over:{had} no worktree has another one of that range");
    }
    let is = |count: usize| if count == 1 { "is" } else { "are" };
    let reasons: Vec<String> =
        kept.iter().map(|(why, count)| format!("{count} {} {}", is(*count), why.words(idle))).collect();
    format!("took no port over:{had} of those that worktrees have, {}", reasons.join(", "))
}

fn spoken(time: Duration) -> String {
    let (count, unit) = match time.as_secs() {
        seconds if seconds >= 86_400 && seconds % 86_400 == 0 => (seconds / 86_400, "day"),
        seconds if seconds >= 3600 && seconds % 3600 == 0 => (seconds / 3600, "hour"),
        seconds if seconds >= 60 && seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once_with_how_many_ports_it_keeps() {
        let day = Duration::from_hours(24);
        let kept = BTreeMap::from([(Kept::Pinned, 1), (Kept::Young, 2)]);
        assert_eq!(
            sentence(&kept, 1, 0, day),
            "took no port over: of those that worktrees have, 1 is pinned, 2 are used or given within the last day"
        );
        let locked = BTreeMap::from([(Kept::Locked, 1)]);
        assert_eq!(
            sentence(&locked, 2, 1, day),
            "took no port over: 2 are needed and only 1 could be had; of those that worktrees have, 1 is of a locked worktree"
        );
        assert_eq!(
            sentence(&BTreeMap::new(), 1, 0, day),
            "took no port over: no worktree has another one of that range"
        );
    }

    #[test]
    fn a_time_is_told_in_the_largest_unit_of_which_it_is_a_whole_number() {
        let told = [3 * 86_400, 86_400, 36 * 3600, 3600, 5400, 60, 61, 1, 0]
            .map(|seconds| spoken(Duration::from_secs(seconds)));
        let expected = [
            "3 days",
            "day",
            "36 hours",
            "hour",
            "90 minutes",
            "minute",
            "61 seconds",
            "second",
            "0 seconds",
        ];
        assert_eq!(told, expected);
    }
}
