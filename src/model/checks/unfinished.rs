//! What commands left that died in the middle: ours, and git's own.

use crate::model::facts::{Facts, HalfMade};
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::registry::entry::EntryState;

/// Records that are *creating* or *removing* while nobody is at it.
pub fn records(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (entry, _) in facts.asked().filter(|(_, seen)| !seen.busy) {
        let what = match entry.state {
            EntryState::Creating { .. } => "creating",
            EntryState::Removing { .. } => "removing",
            EntryState::Active | EntryState::Removed { .. } => continue,
        };
        let message = format!("the command that was {what} it is gone");
        let fix = Fix::Heal { target: FixTarget::of(entry) };
        found.push(Finding::about(FindingKind::CreateIncomplete, entry, message).fixed_by(fix));
    }
    found
}

/// Admin folders that a dead `git worktree add` left: some make every `git worktree list` fail.
pub fn half_made(facts: &Facts) -> Vec<Finding> {
    let finding = |left: &HalfMade| {
        let message = format!("`git worktree add` left it half-made: {}", left.why);
        let mut finding = Finding::new(FindingKind::CreateIncomplete, left.admin.as_str(), message);
        finding.worktree = Some(left.admin.clone());
        finding.repository = Some(left.repository.clone());
        match left.foreign.first() {
            None => finding.fixed_by(Fix::SettleHalfMade {
                repository: left.repository.clone(),
                admin: left.admin.clone(),
            }),
            Some(foreign) => finding.hint(format!(
                "{} holds what git did not put there ({}): save that, then remove the folder",
                left.path.display(),
                foreign.display()
            )),
        }
    };
    facts.half_made.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, facts, recorded, with};
    use crate::model::process::ProcessId;
    use crate::model::registry::journal::Journal;

    #[test]
    fn a_record_that_nobody_is_at_is_healed() {
        let process = ProcessId { pid: 1, started: 1, boot: String::new(), namespace: String::new() };
        let journal = serde_json::json!({ "token": "t", "commit": "c" });
        let journal: Journal = serde_json::from_value(journal).unwrap();
        let mut creating = recorded(entry("a", 1, &[]));
        creating.entry.state = EntryState::Creating { process, journal };
        assert_eq!(records(&with(vec![creating.clone()])).len(), 1);
        creating.seen.as_mut().unwrap().busy = true;
        assert!(records(&with(vec![creating])).is_empty());
    }

    #[test]
    fn what_git_left_is_settled_unless_somebody_put_something_there() {
        let left = |foreign| HalfMade {
            repository: "/w/shop".into(),
            admin: "a".to_owned(),
            path: "/w/a".into(),
            why: "its `commondir` file is empty".to_owned(),
            foreign,
        };
        let found = |foreign| half_made(&Facts { half_made: vec![left(foreign)], ..facts() }).remove(0);
        assert!(found(Vec::new()).fixable);
        assert!(!found(vec!["notes.txt".into()]).fixable);
    }
}
