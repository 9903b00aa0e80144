//! One worktree recorded twice, one port allocated twice: the younger gives way.

use std::collections::HashMap;

use crate::model::facts::{Facts, Recorded};
use crate::model::finding::{Finding, Fix, Kind, Target};
use crate::model::port::Port;
use crate::model::presence::Presence;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;

use super::listeners::is_held_by;

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

/// One claim to a port.
struct Claim<'a> {
    recorded: &'a Recorded,
    allocation: &'a Allocation,
    port: Port,
    position: usize,
}

impl Claim<'_> {
    /// A pinned port and those of a locked worktree are never moved.
    fn is_kept(&self) -> bool {
        self.allocation.pinned || self.recorded.seen.as_ref().is_some_and(|seen| seen.locked)
    }

    /// The greatest keeps the port: a server that runs on it, then a pin, then age.
    fn weight(&self, facts: &Facts) -> impl Ord + use<> {
        let runs = is_held_by(facts, self.port, &self.recorded.entry);
        let age =
            std::cmp::Reverse((self.allocation.allocated_at, self.recorded.entry.sequence, self.position));
        (runs, self.is_kept(), age)
    }
}

/// One port, two allocations.
pub fn ports(facts: &Facts) -> Vec<Finding> {
    let mut claims: HashMap<Port, Vec<Claim<'_>>> = HashMap::new();
    // What is gone is released whole, and its claims with it.
    let is_gone =
        |recorded: &Recorded| recorded.seen.as_ref().is_some_and(|seen| seen.presence == Presence::Vanished);
    let records = facts.worktrees.iter().filter(|recorded| !is_gone(recorded));
    let all =
        records.flat_map(|recorded| recorded.entry.allocations.iter().map(move |known| (recorded, known)));
    for (position, (recorded, allocation)) in all.enumerate() {
        if let Some(port) = allocation.find_port() {
            claims.entry(port).or_default().push(Claim { recorded, allocation, port, position });
        }
    }
    let mut shared: Vec<Vec<Claim<'_>>> = claims
        .into_values()
        .filter(|claims| claims.len() > 1 && claims.iter().any(|claim| claim.recorded.seen.is_some()))
        .collect();
    shared.sort_by_key(|claims| claims[0].port);
    shared.into_iter().flat_map(|claims| settled(facts, claims)).collect()
}

fn settled(facts: &Facts, mut claims: Vec<Claim<'_>>) -> Vec<Finding> {
    claims.sort_by_cached_key(|claim| std::cmp::Reverse(claim.weight(facts)));
    let Some((keeper, losers)) = claims.split_first() else { return Vec::new() };
    losers.iter().map(|loser| taken_twice(facts, keeper, loser)).collect()
}

fn taken_twice(facts: &Facts, keeper: &Claim<'_>, loser: &Claim<'_>) -> Finding {
    let (port, entry) = (loser.port, &loser.recorded.entry);
    let service = &loser.allocation.service;
    let message = format!(
        "port {port} is allocated twice: to `{}` ({}) and, younger, to `{}` ({service})",
        keeper.recorded.entry.name, keeper.allocation.service, entry.name
    );
    let finding = Finding::about(Kind::DuplicatePort, entry, message);
    let release =
        format!("give it up where it is not needed: wt ports release {port} --worktree {}", entry.name);
    if loser.is_kept() || is_held_by(facts, port, entry) {
        return finding.hint(release);
    }
    finding.fixed_by(Fix::MovePort { target: Target::of(entry), service: service.clone(), port })
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
        assert_eq!(moved(&pinned), [("b".to_owned(), None)]);
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
