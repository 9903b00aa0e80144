//! What was seen of claims when a repository was looked at: those of its remote, and the ports that the users of a machine keep
//! apart.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::claim::{ClaimId, ClaimSubject, Holding};
use super::claim_ref::StandingClaim;
use super::host_entry::HostWords;
use super::registry::entry::Entry;
use super::registry::repository::RepositoryId;
use crate::model::port::Port;

/// The claims on one repository's branches.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchClaims {
    pub repository: PathBuf,
    pub repository_id: RepositoryId,
    pub remote: String,
    pub standing: Vec<SeenClaim>,
    /// The ids that records have.
    pub recorded: HashSet<ClaimId>,
    /// How long a host may be unseen.
    pub stale_after: Duration,
}

impl BranchClaims {
    /// Answers whether nobody has claimed the branch of the worktree.
    #[must_use]
    pub fn lacks(&self, entry: &Entry) -> bool {
        let is_of = |branch: &String| self.standing.iter().any(|claim| claim.branch == *branch);
        entry.branch.as_ref().is_some_and(|branch| !is_of(branch))
    }

    /// Returns the claims of others on what the worktree has: on its branch, and on its ports over all machines.
    #[must_use]
    pub fn lost_of(&self, entry: &Entry) -> Vec<&SeenClaim> {
        let noted = entry.notes.claims.read_each();
        let ports: Vec<String> = noted
            .iter()
            .filter_map(|claim| match claim.subject {
                ClaimSubject::TeamPort { port, .. } => Some(port),
                _ => None,
            })
            .filter(|port| entry.ports().any(|known| known == *port))
            .map(|port| format!("port {port}"))
            .collect();
        let is_lost = |claim: &&SeenClaim| {
            if claim.is_of_port() {
                return !claim.is_ours && ports.contains(&claim.branch);
            }
            let id = &claim.holding.claim.id;
            let is_noted = noted.iter().any(|known| known.id == *id);
            let is_held = claim.is_ours && (is_noted || !self.recorded.contains(id));
            entry.branch.as_ref() == Some(&claim.branch) && !is_held
        };
        self.standing.iter().filter(is_lost).collect()
    }
}

/// A claim on a branch, or on a port over all machines.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenClaim {
    /// The branch; of a port its label.
    pub branch: String,
    pub holding: Holding,
    /// Whether this host has it.
    pub is_ours: bool,
    /// Whether a person claimed it before there is a worktree.
    pub by_hand: bool,
    /// Whether the process that claimed it is still at it.
    pub is_at_work: bool,
    /// Whether it was given back, and the remote did not answer.
    pub is_queued: bool,
    /// When its host was seen last.
    pub host_seen: Option<Timestamp>,
}

impl SeenClaim {
    /// Answers whether it is about a port.
    #[must_use]
    pub fn is_of_port(&self) -> bool {
        !matches!(self.holding.claim.subject, ClaimSubject::Branch { .. })
    }

    /// Answers whether it is ours and nothing needs it; `recorded` are the ids that records have.
    #[must_use]
    pub fn is_orphaned(&self, recorded: &HashSet<ClaimId>) -> bool {
        let is_needed = self.by_hand || self.is_at_work || recorded.contains(&self.holding.claim.id);
        self.is_ours && (self.is_queued || !is_needed)
    }
}

/// The ports that the users of a machine keep apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortClaims {
    /// Those of our registry.
    pub own: HashMap<ClaimId, Port>,
    /// The ids that records have.
    pub recorded: HashSet<ClaimId>,
    pub others: HashMap<Port, Holding>,
}

/// Returns when each host was seen last, by its id: by its entry, else by what it claimed.
#[must_use]
pub fn last_seen(claims: &[StandingClaim], hosts: &[HostWords]) -> HashMap<String, Timestamp> {
    let by_claims = claims.iter().map(|claim| (claim.words.host_id.clone(), claim.words.since));
    let by_entries = hosts.iter().map(|host| (host.id.clone(), host.at));
    let mut seen: HashMap<String, Timestamp> = HashMap::new();
    for (id, at) in by_claims.chain(by_entries).filter(|(id, _)| !id.is_empty()) {
        let known = seen.entry(id).or_insert(at);
        *known = at.max(*known);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample::entry;
    use crate::model::claim::Claim;

    fn standing(id: &str, branch: &str, is_ours: bool) -> SeenClaim {
        let repository = "example.org/shop".to_owned();
        let subject = match branch.strip_prefix("port ") {
            Some(number) => {
                ClaimSubject::TeamPort { repository, port: Port::new(number.parse().unwrap()).unwrap() }
            }
            None => ClaimSubject::Branch { repository, branch: branch.to_owned() },
        };
        let holding = Holding::unknown(Claim { id: ClaimId(id.to_owned()), subject }, branch);
        SeenClaim {
            branch: branch.to_owned(),
            holding,
            is_ours,
            by_hand: false,
            is_at_work: false,
            is_queued: false,
            host_seen: None,
        }
    }

    fn claims(standing: Vec<SeenClaim>, recorded: &[&str]) -> BranchClaims {
        BranchClaims {
            repository: "/w/shop".into(),
            repository_id: RepositoryId("r".to_owned()),
            remote: "origin".to_owned(),
            standing,
            recorded: recorded.iter().map(|id| ClaimId((*id).to_owned())).collect(),
            stale_after: Duration::ZERO,
        }
    }

    /// A worktree on `feature/a` with the port 5000, on record with these claims.
    fn worktree(noted: &[SeenClaim]) -> Entry {
        let mut entry = entry("a", 1, &[5000]);
        entry.notes.claims.write(&noted.iter().map(|claim| claim.holding.claim.clone()).collect());
        entry
    }

    #[test]
    fn a_branch_is_lost_where_another_has_it_or_another_worktree_of_ours() {
        for (claim, recorded, is_lost, what) in [
            (standing("i", "feature/a", false), vec![], true, "somebody else's"),
            (standing("i", "feature/a", true), vec!["i"], true, "another worktree's here"),
            (standing("i", "feature/a", true), vec![], false, "ours, and on nobody's record"),
            (standing("i", "feature/b", false), vec![], false, "another branch"),
        ] {
            let claims = claims(vec![claim.clone()], &recorded);
            let lost = if is_lost { vec![&claim] } else { Vec::new() };
            assert_eq!(claims.lost_of(&worktree(&[])), lost, "{what}");
        }
        let (ours, theirs) = (standing("i", "feature/a", true), standing("i", "feature/a", false));
        let of = |claim: &SeenClaim| {
            claims(vec![claim.clone()], &["i"]).lost_of(&worktree(std::slice::from_ref(claim))).len()
        };
        assert_eq!((of(&ours), of(&theirs)), (0, 1), "a note of it proves nothing where another host has it");
        let detached = Entry { branch: None, ..worktree(&[]) };
        assert_eq!(claims(vec![theirs], &[]).lost_of(&detached), Vec::<&SeenClaim>::new());
    }

    #[test]
    fn a_port_is_lost_where_the_worktree_claimed_it_has_it_and_another_host_claims_it() {
        let (ours, theirs) = (standing("i", "port 5000", true), standing("j", "port 5000", false));
        let lost = |seen: &SeenClaim, entry: &Entry| claims(vec![seen.clone()], &[]).lost_of(entry).len();
        assert_eq!(lost(&theirs, &worktree(std::slice::from_ref(&ours))), 1);
        assert_eq!(lost(&ours, &worktree(std::slice::from_ref(&ours))), 0, "our own");
        assert_eq!(lost(&theirs, &worktree(&[])), 0, "never claimed over all machines");
        let moved = Entry { allocations: Vec::new(), ..worktree(std::slice::from_ref(&ours)) };
        assert_eq!(lost(&theirs, &moved), 0, "the worktree has it no more");
        assert_eq!(lost(&standing("j", "port 5001", false), &worktree(&[ours])), 0, "another port");
    }

    #[test]
    fn a_branch_lacks_a_claim_where_nobody_has_one_on_it() {
        let here = |branch: &str| claims(vec![standing("i", branch, false)], &[]);
        assert!(here("feature/b").lacks(&worktree(&[])) && !here("feature/a").lacks(&worktree(&[])));
        assert!(claims(Vec::new(), &[]).lacks(&worktree(&[])));
        assert!(!here("feature/b").lacks(&Entry { branch: None, ..worktree(&[]) }), "no branch, no claim");
    }

    #[test]
    fn a_claim_of_ours_is_orphaned_where_nothing_needs_it() {
        let ours = || standing("i", "feature/a", true);
        let recorded = HashSet::from([ClaimId("i".to_owned())]);
        for (claim, alone, on_record) in [
            (ours(), true, false),
            (SeenClaim { by_hand: true, ..ours() }, false, false),
            (SeenClaim { is_at_work: true, ..ours() }, false, false),
            (SeenClaim { is_queued: true, by_hand: true, ..ours() }, true, true),
            (SeenClaim { is_ours: false, ..ours() }, false, false),
            (SeenClaim { is_ours: false, is_queued: true, ..ours() }, false, false),
        ] {
            let is = (claim.is_orphaned(&HashSet::new()), claim.is_orphaned(&recorded));
            assert_eq!(is, (alone, on_record), "{claim:?}");
        }
    }

    #[test]
    fn a_host_was_seen_last_when_it_said_anything_last() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let claim = |host: &str, second| StandingClaim {
            words: crate::model::claim_ref::ClaimWords {
                id: ClaimId("i".to_owned()),
                repository: "example.org/shop".to_owned(),
                branch: "feature/a".to_owned(),
                port: None,
                worktree: "feature-a".to_owned(),
                host: "h".to_owned(),
                user: "ana".to_owned(),
                host_id: host.to_owned(),
                registry: "r".to_owned(),
                pid: 7,
                started: 9,
                boot: "b".to_owned(),
                namespace: "n".to_owned(),
                since: at(second),
                by_hand: false,
            },
            reference: "refs/wt/claims/branch/feature%2Fa".to_owned(),
            commit: "1".to_owned(),
        };
        let host = |id: &str, second| HostWords {
            id: id.to_owned(),
            name: "h".to_owned(),
            user: "ana".to_owned(),
            boot: "b".to_owned(),
            at: at(second),
        };
        let claims = [claim("a", 5), claim("a", 3), claim("b", 1), claim("", 9)];
        let seen = last_seen(&claims, &[host("a", 4), host("b", 8), host("c", 2)]);
        let expected = [("a", 5), ("b", 8), ("c", 2)].map(|(id, second)| (id.to_owned(), at(second)));
        assert_eq!(seen, HashMap::from(expected));
    }
}
