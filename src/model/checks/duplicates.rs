//! One worktree recorded twice, one port allocated twice.

use std::collections::HashMap;

use crate::model::facts::{Facts, RecordedFacts};
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::port::dispute::{Dispute, DisputeTrouble};
use crate::model::port::doubled::{self, Keeping};
use crate::model::port::resolution::movers;
use crate::model::port::tenant::Tenant;
use crate::model::registry::entry::Entry;

/// Two records of one worktree: the same folder, the same name, or git's same worktree.
pub fn worktrees(facts: &Facts) -> Vec<Finding> {
    let mut seen: HashMap<(&str, String), &RecordedFacts> = HashMap::new();
    let mut found = Vec::new();
    let mut ordered: Vec<&RecordedFacts> = facts.worktrees.iter().collect();
    // Stable: of records with one number the later row is the younger.
    ordered.sort_by_key(|recorded| recorded.entry.sequence);
    for recorded in ordered {
        let elder = identities(&recorded.entry).into_iter().find_map(|identity| seen.get(&identity).copied());
        match elder {
            Some(elder) if elder.seen.is_some() || recorded.seen.is_some() => {
                found.push(twice(&elder.entry, &recorded.entry));
            }
            Some(_) => {}
            None => {
                for identity in identities(&recorded.entry) {
                    seen.insert(identity, recorded);
                }
            }
        }
    }
    found
}

fn identities(entry: &Entry) -> Vec<(&'static str, String)> {
    let repository = &entry.repository_id;
    let mut identities =
        vec![("path", entry.path.display().to_string()), ("name", format!("{repository}/{}", entry.name))];
    if !entry.admin.is_empty() {
        identities.push(("admin", format!("{repository}/{}", entry.admin)));
    }
    identities
}

fn twice(elder: &Entry, younger: &Entry) -> Finding {
    let message = format!(
        "recorded twice: as `{}` ({}) and, younger, as `{}` ({})",
        elder.name,
        elder.path.display(),
        younger.name,
        younger.path.display()
    );
    Finding::about(FindingKind::DuplicateWorktree, younger, message)
        .fixed_by(Fix::DropRecord { target: FixTarget::of(younger) })
}

/// One port, two allocations: who keeps it is decided by the one rule for that.
pub fn ports(facts: &Facts) -> Vec<Finding> {
    let disputes = facts.situations.iter().filter_map(Dispute::find);
    disputes.flat_map(|dispute| settled(facts, &dispute)).collect()
}

fn settled(facts: &Facts, dispute: &Dispute) -> Vec<Finding> {
    let DisputeTrouble::Doubled { tenants } = &dispute.trouble else { return Vec::new() };
    let recorded =
        |tenant: &Tenant| facts.worktrees.iter().find(|recorded| recorded.entry.sequence == tenant.sequence);
    let Some(first) = tenants.iter().filter_map(recorded).find(|recorded| recorded.seen.is_some()) else {
        return Vec::new();
    };
    let message = format!("port {} is {}", dispute.port, dispute.situation.had_by().unwrap_or_default());
    if matches!(doubled::keeping(tenants), Keeping::Moves { .. }) {
        let moves = movers(dispute).into_iter().filter_map(|tenant| {
            let entry = &recorded(tenant)?.entry;
            let (service, port) = (tenant.service.clone(), tenant.port);
            let fix = Fix::MovePort { target: FixTarget::of(entry), service, port };
            Some(Finding::about(FindingKind::DuplicatePort, entry, message.clone()).fixed_by(fix))
        });
        return moves.collect();
    }
    let here = &first.entry.repository_id;
    let elsewhere = |tenant: &Tenant| {
        let other = recorded(tenant).filter(|other| other.entry.repository_id != *here)?;
        Some(other.entry.repository.to_string_lossy().into_owned())
    };
    let hint = doubled::asked(&doubled::choices(tenants, elsewhere));
    vec![Finding::about(FindingKind::DuplicatePort, &first.entry, message).hint(hint)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, facts, judged, listener, recorded, with};
    use crate::model::presence::Presence;
    use crate::model::registry::repository::RepositoryId;

    fn moved(facts: &Facts) -> Vec<(String, Option<String>)> {
        let mover = |finding: &Finding| match &finding.fix {
            Some(Fix::MovePort { target, .. }) => Some(target.name.clone()),
            _ => None,
        };
        ports(&judged(facts)).iter().map(|finding| (finding.subject.clone(), mover(finding))).collect()
    }

    #[test]
    fn the_younger_of_two_allocations_moves() {
        let facts = with(vec![recorded(entry("b", 2, &[5000])), recorded(entry("a", 1, &[5000]))]);
        assert_eq!(moved(&facts), [("b".to_owned(), Some("b".to_owned()))]);
    }

    #[test]
    fn nobody_moves_for_what_is_gone() {
        let mut gone = recorded(entry("a", 1, &[5000]));
        gone.seen.as_mut().unwrap().presence = Presence::Vanished;
        assert!(ports(&judged(&with(vec![gone, recorded(entry("b", 2, &[5000]))]))).is_empty());
    }

    #[test]
    fn within_one_worktree_the_later_one_moves() {
        let found = ports(&judged(&with(vec![recorded(entry("a", 1, &[5000, 5000]))])));
        let Some(Fix::MovePort { service, .. }) = &found[0].fix else { panic!("{found:?}") };
        assert_eq!((found.len(), service.as_str()), (1, "port-2"));
    }

    #[test]
    fn whoever_runs_on_it_keeps_it_and_a_pinned_port_is_never_moved() {
        let mut running = with(vec![recorded(entry("a", 1, &[5000])), recorded(entry("b", 2, &[5000]))]);
        running.listeners = vec![listener(5000, Some("b"))];
        assert_eq!(moved(&running), [("a".to_owned(), Some("a".to_owned()))]);
        let mut pinned = with(vec![recorded(entry("a", 1, &[5000])), recorded(entry("b", 2, &[5000]))]);
        pinned.worktrees[1].entry.allocations[0].pinned = true;
        assert_eq!(moved(&pinned), [("a".to_owned(), Some("a".to_owned()))]);
        pinned.worktrees[0].entry.allocations[0].pinned = true;
        let left = ports(&judged(&pinned));
        assert!(left.len() == 1 && !left[0].fixable, "{left:?}");
        let hint = left[0].hint.as_deref().unwrap();
        for command in ["wt ports release 5000 --worktree a`", "wt ports release 5000 --worktree b`"] {
            assert!(hint.contains(command) && hint.contains("a person must choose"), "{hint}");
        }
    }

    #[test]
    fn collisions_among_other_repositories_are_theirs() {
        let other = |name, sequence| RecordedFacts { entry: entry(name, sequence, &[5000]), seen: None };
        assert!(ports(&judged(&with(vec![other("a", 1), other("b", 2)]))).is_empty());
        assert_eq!(ports(&judged(&with(vec![other("a", 1), recorded(entry("b", 2, &[5000]))]))).len(), 1);
    }

    #[test]
    fn the_younger_of_two_records_of_one_folder_goes() {
        let mut copy = entry("b", 2, &[]);
        copy.path = "/w/a".into();
        let found = worktrees(&with(vec![recorded(entry("a", 1, &[])), recorded(copy)]));
        let Some(Fix::DropRecord { target }) = &found[0].fix else { panic!("{found:?}") };
        assert_eq!((found.len(), target.name.as_str()), (1, "b"));
        let same_row = with(vec![recorded(entry("a", 1, &[])), recorded(entry("a", 1, &[]))]);
        assert_eq!(worktrees(&same_row).len(), 1);
        assert!(worktrees(&facts()).is_empty());
    }

    #[test]
    fn a_worktree_is_known_by_its_folder_by_its_name_and_by_gits_name_of_it() {
        let first = || entry("a", 1, &[]);
        let other = |change: &dyn Fn(&mut Entry)| {
            let mut other = entry("b", 2, &[]);
            change(&mut other);
            other
        };
        let there = RepositoryId("other".to_owned());
        for (younger, is_twice, what) in [
            (other(&|_| ()), false, "two worktrees"),
            (other(&|other| other.path = "/w/a".into()), true, "one folder"),
            (other(&|other| "a".clone_into(&mut other.name)), true, "one name"),
            (other(&|other| "a".clone_into(&mut other.admin)), true, "git's one worktree"),
            (
                other(&|other| {
                    "a".clone_into(&mut other.name);
                    other.repository_id = there.clone();
                }),
                false,
                "one name in two repositories",
            ),
            (
                other(&|other| {
                    "a".clone_into(&mut other.admin);
                    other.repository_id = there.clone();
                }),
                false,
                "git's name of two repositories' worktrees",
            ),
        ] {
            // Whichever stands first in the file.
            for records in [[first(), younger.clone()], [younger.clone(), first()]] {
                let found = worktrees(&with(records.map(recorded).to_vec()));
                assert_eq!(found.len(), usize::from(is_twice), "{what}");
                for finding in found {
                    let fix = Some(Fix::DropRecord { target: FixTarget::of(&younger) });
                    assert_eq!((finding.code, finding.fix), (FindingKind::DuplicateWorktree, fix), "{what}");
                }
            }
        }
    }

    #[test]
    fn of_records_that_name_no_worktree_of_gits_none_is_another() {
        let nameless = |name: &str, sequence| Entry { admin: String::new(), ..entry(name, sequence, &[]) };
        let two = with(vec![recorded(nameless("a", 1)), recorded(nameless("b", 2))]);
        assert_eq!(worktrees(&two), []);
    }

    #[test]
    fn two_records_that_were_both_not_looked_at_are_left_alone() {
        let unseen = |name: &str, sequence| RecordedFacts { entry: entry(name, sequence, &[]), seen: None };
        let copy = || Entry { path: "/w/a".into(), ..entry("b", 2, &[]) };
        let records = |first, second| worktrees(&with(vec![first, second])).len();
        assert_eq!(records(unseen("a", 1), RecordedFacts { entry: copy(), seen: None }), 0);
        assert_eq!(records(unseen("a", 1), recorded(copy())), 1);
        assert_eq!(records(recorded(entry("a", 1, &[])), RecordedFacts { entry: copy(), seen: None }), 1);
    }
}
