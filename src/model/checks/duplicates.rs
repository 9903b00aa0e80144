//! One worktree recorded twice, one port allocated twice.

use std::collections::{BTreeMap, HashMap};

use super::listeners::is_held_by;
use crate::model::facts::{Facts, Recorded};
use crate::model::finding::{Finding, Fix, Kind, Target};
use crate::model::port::Port;
use crate::model::port::doubled::{self, Settlement};
use crate::model::port::listener::WorktreeKey;
use crate::model::port::tenant::Contender;
use crate::model::presence::Presence;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;

/// Two records of one worktree: the same folder, the same name, or git's same worktree.
pub fn worktrees(facts: &Facts) -> Vec<Finding> {
    let mut seen: HashMap<(&str, String), &Recorded> = HashMap::new();
    let mut found = Vec::new();
    let mut ordered: Vec<&Recorded> = facts.worktrees.iter().collect();
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
    Finding::about(Kind::DuplicateWorktree, younger, message)
        .fixed_by(Fix::DropRecord { target: Target::of(younger) })
}

/// One port, two allocations: who keeps it is decided by the one rule for that.
pub fn ports(facts: &Facts) -> Vec<Finding> {
    // What is gone is released whole, and its claims with it.
    let is_gone =
        |recorded: &Recorded| recorded.seen.as_ref().is_some_and(|seen| seen.presence == Presence::Vanished);
    let mut claims: BTreeMap<Port, Vec<(Contender, &Recorded)>> = BTreeMap::new();
    for recorded in facts.worktrees.iter().filter(|recorded| !is_gone(recorded)) {
        for allocation in &recorded.entry.allocations {
            if let Some(claim) = claim(facts, recorded, allocation) {
                claims.entry(claim.port).or_default().push((claim, recorded));
            }
        }
    }
    let shared = claims
        .into_values()
        .filter(|claims| claims.len() > 1 && claims.iter().any(|(_, recorded)| recorded.seen.is_some()));
    shared.flat_map(|claims| settled(&claims)).collect()
}

fn claim(facts: &Facts, recorded: &Recorded, allocation: &Allocation) -> Option<Contender> {
    let (entry, port) = (&recorded.entry, allocation.find_port()?);
    Some(Contender {
        sequence: entry.sequence,
        worktree: WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() },
        service: allocation.service.clone(),
        port,
        allocated_at: allocation.allocated_at,
        pinned: allocation.pinned,
        locked: recorded.seen.as_ref().is_some_and(|seen| seen.locked),
        visible: recorded.seen.as_ref().is_none_or(|seen| seen.network_visible),
        runs: is_held_by(facts, port, entry),
    })
}

fn settled(claims: &[(Contender, &Recorded)]) -> Vec<Finding> {
    let all: Vec<Contender> = claims.iter().map(|(claim, _)| claim.clone()).collect();
    let settlement = doubled::settle(&all);
    let message = |port: Port| format!("port {port} is {}", doubled::told(&all, &settlement));
    let recorded =
        |claim: &Contender| claims.iter().find(|(known, _)| known == claim).map(|(_, found)| *found);
    match &settlement {
        Settlement::Moves { movers, .. } => {
            let moves = movers.iter().filter_map(|claim| {
                let entry = &recorded(claim)?.entry;
                let (service, port) = (claim.service.clone(), claim.port);
                let fix = Fix::MovePort { target: Target::of(entry), service, port };
                Some(Finding::about(Kind::DuplicatePort, entry, message(port)).fixed_by(fix))
            });
            moves.collect()
        }
        Settlement::Person { .. } => {
            let Some((claim, first)) = claims.iter().find(|(_, recorded)| recorded.seen.is_some()) else {
                return Vec::new();
            };
            let here = &first.entry.repository_id;
            let elsewhere = |claim: &Contender| {
                let other = recorded(claim).filter(|other| other.entry.repository_id != *here)?;
                Some(other.entry.repository.to_string_lossy().into_owned())
            };
            let hint = doubled::asked(&doubled::choices(&all, elsewhere));
            vec![Finding::about(Kind::DuplicatePort, &first.entry, message(claim.port)).hint(hint)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::{entry, facts, listener, recorded, with};

    fn moved(facts: &Facts) -> Vec<(String, Option<String>)> {
        let mover = |finding: &Finding| match &finding.fix {
            Some(Fix::MovePort { target, .. }) => Some(target.name.clone()),
            _ => None,
        };
        ports(facts).iter().map(|finding| (finding.subject.clone(), mover(finding))).collect()
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
        assert!(ports(&with(vec![gone, recorded(entry("b", 2, &[5000]))])).is_empty());
    }

    #[test]
    fn within_one_worktree_the_later_one_moves() {
        let found = ports(&with(vec![recorded(entry("a", 1, &[5000, 5000]))]));
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
        let left = ports(&pinned);
        assert!(left.len() == 1 && !left[0].fixable, "{left:?}");
        let hint = left[0].hint.as_deref().unwrap();
        for command in ["wt ports release 5000 --worktree a`", "wt ports release 5000 --worktree b`"] {
            assert!(hint.contains(command) && hint.contains("a person must choose"), "{hint}");
        }
    }

    #[test]
    fn collisions_among_other_repositories_are_theirs() {
        let other = |name, sequence| Recorded { entry: entry(name, sequence, &[5000]), seen: None };
        assert!(ports(&with(vec![other("a", 1), other("b", 2)])).is_empty());
        assert_eq!(ports(&with(vec![other("a", 1), recorded(entry("b", 2, &[5000]))])).len(), 1);
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
}
