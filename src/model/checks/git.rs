//! What the registry says and what git says: is each worktree there, where it was, on the branch it was on?

use std::path::Path;

use crate::model::advised::{git, wt};
use crate::model::branch::Head;
use crate::model::facts::{DamagedRecord, Facts, Instead, SeenWorktree, Unrecorded};
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::presence::Presence;
use crate::model::registry::entry::{Entry, EntryState};

/// Worktrees that are gone, moved, or not what stands at their path.
pub fn presence(facts: &Facts) -> Vec<Finding> {
    let active = facts.asked().filter(|(entry, _)| entry.state == EntryState::Active);
    active.filter_map(|(entry, seen)| absent(entry, seen)).collect()
}

fn absent(entry: &Entry, seen: &SeenWorktree) -> Option<Finding> {
    let target = || FixTarget::of(entry);
    let about = |kind, message: String| Finding::about(kind, entry, message);
    match &seen.presence {
        Presence::There if seen.needs_repair => Some(
            about(
                FindingKind::WorktreeMoved,
                "its repository was moved: git's links to it are broken".to_owned(),
            )
            .fixed_by(Fix::Repair { target: target(), to: entry.path.clone() }),
        ),
        Presence::There => seen.foreign.as_ref().map(|what| {
            let path = entry.path.display();
            let what = match what {
                Instead::Sibling(other) => format!("the worktree that git calls `{other}` stands there"),
                Instead::Else(what) => what.clone(),
            };
            let hint = match &seen.foreign {
                Some(Instead::Sibling(other)) => let_follow(&entry.repository, &entry.path, other),
                _ => format!(
                    "where it is the worktree and only its `.git` is gone, `{repair}` makes it one again; \
                     else move it away, and `{remove}` drops the record",
                    repair = git("worktree repair", &[]).at(entry.repository.display()),
                    remove = wt("remove {}", &[&entry.name])
                ),
            };
            about(FindingKind::WorktreeForeign, format!("{path} is not this worktree: {what}")).hint(hint)
        }),
        Presence::Moved(to) => Some(
            about(FindingKind::WorktreeMoved, format!("it was moved to {}", to.display()))
                .fixed_by(Fix::UpdatePath { target: target(), to: to.clone() }),
        ),
        Presence::Carried(to) => Some(
            about(
                FindingKind::WorktreeMoved,
                format!("it was moved with its repository, to {}", to.display()),
            )
            .fixed_by(Fix::Repair { target: target(), to: to.clone() }),
        ),
        Presence::Vanished => Some(
            about(FindingKind::WorktreeMissing, format!("its folder {} is gone", entry.path.display()))
                .fixed_by(Fix::ReleaseEntry { target: target() }),
        ),
        Presence::Kept(_) => None,
    }
}

/// Advises what has git's record of `other` follow its folder, which stands in the place of another one. Without a folder git
/// would have the folder follow the record, and take the files of each for changes of the other.
#[must_use]
pub fn let_follow(repository: &Path, path: &Path, other: &str) -> String {
    let repair = git("worktree repair {}", &[&path.display()]).at(repository.display());
    format!(
        "`{repair}` tells git that `{other}` is there now; where the folder that was there is elsewhere, do the same with it"
    )
}

/// git's worktrees that nobody recorded.
pub fn unregistered(facts: &Facts) -> Vec<Finding> {
    let finding = |worktree: &Unrecorded| {
        let (name, path) = (worktree.name.as_str(), worktree.path.display());
        let mut finding = if worktree.is_gone {
            let message = format!("its folder {path} is gone, and git still lists it");
            let finding = Finding::new(FindingKind::WorktreeUnregistered, name, message);
            match &worktree.kept {
                // Was it moved? Then `git worktree repair` there makes it a worktree again, also after a restore.
                None => finding.fixed_by(Fix::PutAway {
                    repository: worktree.repository.clone(),
                    path: worktree.path.clone(),
                }),
                Some(why) => finding.hint(format!(
                    "{why}; was it moved? `git worktree repair` there makes it a worktree again, and if it is gone: \
                     `{prune}`"
                , prune = wt("prune {}", &[&name]))),
            }
        } else {
            Finding::new(FindingKind::WorktreeUnregistered, name, format!("{path} is not recorded"))
                .fixed_by(Fix::Adopt { path: worktree.path.clone() })
        };
        finding.worktree = Some(worktree.name.clone());
        finding.repository = Some(worktree.repository.clone());
        finding
    };
    facts.unrecorded.iter().map(finding).collect()
}

/// git's worktrees whose records are damaged, recorded here or not.
pub fn damaged(facts: &Facts) -> Vec<Finding> {
    let finding = |record: &DamagedRecord| {
        let mut finding =
            Finding::new(FindingKind::GitRecordDamaged, record.name.as_str(), record.why.clone());
        finding.worktree = Some(record.name.clone());
        finding.repository = Some(record.repository.clone());
        finding.hint(record.cure.clone())
    };
    facts.damaged.iter().map(finding).collect()
}

/// Branches that are gone, or others than the recorded ones.
pub fn branches(facts: &Facts) -> Vec<Finding> {
    // The main worktree goes from branch to branch: its record names none.
    let active = facts.asked().filter(|(entry, _)| entry.state == EntryState::Active && !entry.is_main());
    active.filter_map(|(entry, seen)| branch(entry, seen)).collect()
}

fn branch(entry: &Entry, seen: &SeenWorktree) -> Option<Finding> {
    let now = match seen.head.as_ref()? {
        Head::Unborn(name) if seen.had_commits => {
            let message = format!("its branch {name} is gone");
            let reflog = git("reflog", &[]).at(entry.path.display());
            let branch = git("branch {} COMMIT", &[name]).at(entry.path.display());
            return Some(Finding::about(FindingKind::BranchMissing, entry, message).hint(format!(
                "make it again at the commit where it stood: `{reflog}` shows that, then `{branch}`"
            )));
        }
        Head::Branch(name) | Head::Unborn(name) => Some(name.clone()),
        Head::Detached(_) => None,
        Head::Unreadable(_) => return None,
    };
    // A rebase detaches HEAD for a while and comes back.
    if now == entry.branch || seen.operation.is_some() {
        return None;
    }
    let shown = |branch: &Option<String>| branch.clone().unwrap_or_else(|| "a detached HEAD".to_owned());
    let message = format!("it is on {} now, no longer on {}", shown(&now), shown(&entry.branch));
    let fix = Fix::RecordBranch { target: FixTarget::of(entry), branch: now };
    Some(Finding::about(FindingKind::BranchChanged, entry, message).fixed_by(fix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, recorded, with};
    use crate::model::facts::RecordedFacts;

    fn one(change: impl Fn(&mut SeenWorktree)) -> Facts {
        let mut recorded: RecordedFacts = recorded(entry("a", 1, &[5000]));
        change(recorded.seen.as_mut().unwrap());
        with(vec![recorded])
    }

    fn kind(found: &[Finding]) -> Option<(FindingKind, bool)> {
        found.first().map(|finding| (finding.code, finding.fixable))
    }

    #[test]
    fn a_worktree_in_its_place_is_fine() {
        assert!(presence(&one(|_| {})).is_empty() && branches(&one(|_| {})).is_empty());
    }

    #[test]
    fn gone_moved_carried_and_foreign_are_told_apart() {
        let of = |seen: Presence| presence(&one(|to| to.presence = seen.clone()));
        assert_eq!(kind(&of(Presence::Vanished)), Some((FindingKind::WorktreeMissing, true)));
        assert_eq!(kind(&of(Presence::Moved("/x".into()))), Some((FindingKind::WorktreeMoved, true)));
        assert_eq!(kind(&of(Presence::Carried("/x".into()))), Some((FindingKind::WorktreeMoved, true)));
        assert_eq!(kind(&of(Presence::Kept("locked"))), None);
        let foreign = presence(&one(|seen| seen.foreign = Some(Instead::Else("a plain folder".into()))));
        assert_eq!(kind(&foreign), Some((FindingKind::WorktreeForeign, false)));
        let sibling = presence(&one(|seen| seen.foreign = Some(Instead::Sibling("two".into()))));
        assert_eq!(kind(&sibling), Some((FindingKind::WorktreeForeign, false)));
        let hint = |found: &[Finding]| found[0].hint.clone().unwrap_or_default();
        assert!(hint(&foreign).contains("wt remove") && hint(&foreign).contains("worktree repair`"));
        assert!(
            hint(&sibling).contains("tells git that `two` is there now")
                && !hint(&sibling).contains("repair`")
        );
        let broken = presence(&one(|seen| seen.needs_repair = true));
        assert_eq!(kind(&broken), Some((FindingKind::WorktreeMoved, true)));
    }

    #[test]
    fn a_switch_of_branch_is_recorded_except_during_a_rebase() {
        let switched = |head: Head| branches(&one(|seen| seen.head = Some(head.clone())));
        assert_eq!(kind(&switched(Head::Branch("fix/x".into()))), Some((FindingKind::BranchChanged, true)));
        assert_eq!(kind(&switched(Head::Detached("0".repeat(40)))), Some((FindingKind::BranchChanged, true)));
        let rebasing = branches(&one(|seen| {
            seen.head = Some(Head::Detached("0".repeat(40)));
            seen.operation = Some("rebase");
        }));
        assert!(rebasing.is_empty());
    }

    #[test]
    fn a_branch_that_had_commits_and_is_gone_is_an_error_and_one_that_never_had_any_is_not() {
        let unborn = |had_commits| {
            branches(&one(|seen| {
                seen.head = Some(Head::Unborn("feature/a".into()));
                seen.had_commits = had_commits;
            }))
        };
        assert_eq!(kind(&unborn(true)), Some((FindingKind::BranchMissing, false)));
        assert!(unborn(false).is_empty());
    }

    #[test]
    fn each_trouble_with_a_worktree_has_the_repair_that_fits_it() {
        let of = |presence: Presence| presence_of(&presence);
        let target = || FixTarget::of(&entry("a", 1, &[5000]));
        for (presence, message, fix) in [
            (
                Presence::Moved("/x".into()),
                "it was moved to /x",
                Fix::UpdatePath { target: target(), to: "/x".into() },
            ),
            (
                Presence::Carried("/x".into()),
                "it was moved with its repository, to /x",
                Fix::Repair { target: target(), to: "/x".into() },
            ),
            (Presence::Vanished, "its folder /w/a is gone", Fix::ReleaseEntry { target: target() }),
        ] {
            assert_eq!(of(presence), (message.to_owned(), Some(fix)));
        }
        let broken = presence(&one(|seen| seen.needs_repair = true)).remove(0);
        assert_eq!(broken.message, "its repository was moved: git's links to it are broken");
        assert_eq!(broken.fix, Some(Fix::Repair { target: target(), to: "/w/a".into() }));
        let foreign =
            presence(&one(|seen| seen.foreign = Some(Instead::Else("a plain folder".into())))).remove(0);
        assert_eq!(foreign.message, "/w/a is not this worktree: a plain folder");
        let hint = foreign.hint.unwrap();
        assert!(
            hint.contains("`git -C /w/shop worktree repair`") && hint.contains("`wt remove a`"),
            "{hint}"
        );
    }

    fn presence_of(there: &Presence) -> (String, Option<Fix>) {
        let found = presence(&one(|seen| seen.presence = there.clone())).remove(0);
        (found.message, found.fix)
    }

    #[test]
    fn a_worktree_that_nobody_recorded_is_recorded_or_put_away() {
        let unrecorded = |is_gone, kept: Option<&str>| Unrecorded {
            repository: "/w/shop".into(),
            name: "a".to_owned(),
            path: "/w/a".into(),
            is_gone,
            kept: kept.map(str::to_owned),
        };
        let found = |is_gone, kept| {
            let facts = Facts { unrecorded: vec![unrecorded(is_gone, kept)], ..with(Vec::new()) };
            unregistered(&facts).remove(0)
        };
        let new = found(false, None);
        assert_eq!(
            (new.message.as_str(), new.fix),
            ("/w/a is not recorded", Some(Fix::Adopt { path: "/w/a".into() }))
        );
        assert_eq!((new.worktree.as_deref(), new.repository), (Some("a"), Some("/w/shop".into())));
        let gone = found(true, None);
        let put_away = Fix::PutAway { repository: "/w/shop".into(), path: "/w/a".into() };
        assert_eq!(gone.message, "its folder /w/a is gone, and git still lists it");
        assert_eq!(gone.fix, Some(put_away));
        let kept = found(true, Some("it is locked"));
        let hint = kept.hint.unwrap();
        assert!(
            kept.fix.is_none() && hint.starts_with("it is locked; ") && hint.contains("`wt prune a`"),
            "{hint}"
        );
    }

    #[test]
    fn a_damaged_record_of_gits_is_told_with_its_cure() {
        let record = DamagedRecord {
            repository: "/w/shop".into(),
            name: "a".to_owned(),
            why: "its `gitdir` is empty".to_owned(),
            cure: "write it anew".to_owned(),
        };
        let found = damaged(&Facts { damaged: vec![record], ..with(Vec::new()) }).remove(0);
        assert_eq!(
            (found.code, found.message.as_str()),
            (FindingKind::GitRecordDamaged, "its `gitdir` is empty")
        );
        assert_eq!((found.hint.as_deref(), found.worktree.as_deref()), (Some("write it anew"), Some("a")));
        assert_eq!(found.repository, Some("/w/shop".into()));
    }

    #[test]
    fn a_change_of_branch_names_both_and_records_the_new_one() {
        let of = |head: Head| branches(&one(|seen| seen.head = Some(head.clone()))).into_iter().next();
        let switched = of(Head::Branch("fix/x".into())).unwrap();
        assert_eq!(switched.message, "it is on fix/x now, no longer on feature/a");
        let fix = Fix::RecordBranch {
            target: FixTarget::of(&entry("a", 1, &[5000])),
            branch: Some("fix/x".into()),
        };
        assert_eq!(switched.fix, Some(fix));
        let detached = of(Head::Detached("0".repeat(40))).unwrap();
        assert_eq!(detached.message, "it is on a detached HEAD now, no longer on feature/a");
        assert_eq!(of(Head::Unreadable("x".into())), None);
        assert_eq!(branches(&one(|seen| seen.head = None)), []);
        let gone = branches(&one(|seen| seen.head = Some(Head::Unborn("feature/a".into())))).remove(0);
        let hint = gone.hint.unwrap();
        assert!(
            hint.contains("`git -C /w/a reflog`") && hint.contains("`git -C /w/a branch feature/a COMMIT`"),
            "{hint}"
        );
        let mut main = one(|seen| seen.head = Some(Head::Branch("fix/x".into())));
        main.worktrees[0].entry.notes.main.write(&true);
        assert_eq!(branches(&main), [], "the main worktree goes from branch to branch");
    }
}
