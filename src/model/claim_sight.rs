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
