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
    use crate::model::registry::journal::{Journal, Trash};

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

    #[test]
    fn what_was_left_is_told_with_what_settles_it() {
        let left = |foreign| HalfMade {
            repository: "/w/shop".into(),
            admin: "a".to_owned(),
            path: "/w/a".into(),
            why: "its `commondir` file is empty".to_owned(),
            foreign,
        };
        let found = |foreign| half_made(&Facts { half_made: vec![left(foreign)], ..facts() }).remove(0);
        let settled = found(Vec::new());
        assert_eq!(settled.message, "`git worktree add` left it half-made: its `commondir` file is empty");
        let fix = Fix::SettleHalfMade { repository: "/w/shop".into(), admin: "a".to_owned() };
        assert_eq!((settled.fix, settled.worktree.as_deref()), (Some(fix), Some("a")));
        assert_eq!(settled.repository, Some("/w/shop".into()));
        let hint = "/w/a holds what git did not put there (notes.txt): save that, then remove the folder";
        assert_eq!(found(vec!["notes.txt".into()]).hint.as_deref(), Some(hint));
    }

    #[test]
    fn a_record_that_is_whole_is_left_alone_and_one_that_was_being_removed_is_healed() {
        assert_eq!(records(&with(vec![recorded(entry("a", 1, &[]))])), []);
        let process = ProcessId { pid: 1, started: 1, boot: String::new(), namespace: String::new() };
        let trash = serde_json::json!({
            "token": "t", "folder": "/t", "admin": "/a", "removed_at": "1970-01-01T00:00:00Z",
            "until": "1970-01-01T00:00:00Z",
        });
        let trash: Trash = serde_json::from_value(trash).unwrap();
        let mut removing = recorded(entry("a", 1, &[]));
        removing.entry.state = EntryState::Removing { process, trash: trash.clone() };
        let found = records(&with(vec![removing.clone()])).remove(0);
        assert_eq!(found.message, "the command that was removing it is gone");
        assert_eq!(found.fix, Some(Fix::Heal { target: FixTarget::of(&removing.entry) }));
        removing.entry.state = EntryState::Removed { trash };
        assert_eq!(records(&with(vec![removing])), []);
    }
}
