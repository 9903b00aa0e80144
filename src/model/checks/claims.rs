//! Claims against records: a worktree whose branch or port nobody else knows to be taken, a claim that no worktree needs, one
//! that somebody else has, one of a host that was not seen for long.

use jiff::SignedDuration;

use crate::model::advised::wt;
use crate::model::claim::{Claim, ClaimSubject};
use crate::model::claim_sight::{BranchClaims, PortClaims, SeenClaim};
use crate::model::facts::{Facts, SeenWorktree};
use crate::model::finding::{Finding, FindingKind, Fix, FixTarget};
use crate::model::port::Port;
use crate::model::presence::Presence;
use crate::model::registry::entry::{Entry, EntryState};

/// Worktrees whose branch is not claimed, or by somebody else.
pub fn of_worktrees(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sight in &facts.branch_claims {
        let here = |(entry, seen): &(&Entry, &SeenWorktree)| {
            entry.repository_id == sight.repository_id && has_claims(entry, seen) && !entry.is_main()
        };
        for (entry, _) in facts.asked().filter(here) {
            findings.extend(of_branch(sight, entry));
            findings.extend(of_team_ports(sight, entry));
        }
    }
    findings
}

fn has_claims(entry: &Entry, seen: &SeenWorktree) -> bool {
    entry.state == EntryState::Active && !entry.is_being_renamed() && seen.presence == Presence::There
}

fn of_branch(sight: &BranchClaims, entry: &Entry) -> Option<Finding> {
    let (branch, remote) = (entry.branch.as_ref()?, &sight.remote);
    let take = || Fix::TakeClaim { target: FixTarget::of(entry) };
    let Some(found) = sight.standing.iter().find(|claim| claim.branch == *branch) else {
        let message = format!("nobody else sees that `{branch}` is worked on: it is not claimed on {remote}");
        return Some(Finding::about(FindingKind::ClaimMissing, entry, message).fixed_by(take()));
    };
    let noted = entry.notes.claims.read_each();
    if found.is_ours && noted.iter().any(|claim| claim.id == found.holding.claim.id) {
        return None;
    }
    if found.is_ours && !sight.recorded.contains(&found.holding.claim.id) {
        let message =
            format!("the claim on `{branch}` is ours, and the record of the worktree has another one");
        return Some(Finding::about(FindingKind::ClaimMissing, entry, message).fixed_by(take()));
    }
    let message = format!("`{branch}` is claimed by {}", who(found));
    let finding = Finding::about(FindingKind::ClaimLost, entry, message);
    Some(finding.hint(format!(
        "talk to each other; `{}` makes it yours again",
        wt("team claim --take-over {}", &[branch])
    )))
}

/// Ports that were to be claimed over all machines.
fn of_team_ports(sight: &BranchClaims, entry: &Entry) -> Vec<Finding> {
    let remote = &sight.remote;
    let of_port = |claim: Claim| match claim.subject {
        ClaimSubject::TeamPort { port, .. } if entry.ports().any(|known| known == port) => Some(port),
        _ => None,
    };
    let look = |port: Port| {
        let label = format!("port {port}");
        match sight.standing.iter().find(|claim| claim.is_of_port() && claim.branch == label) {
            None => {
                let message =
                    format!("nobody else sees that port {port} is in use: it is not claimed on {remote}");
                let fix = Fix::TakeClaim { target: FixTarget::of(entry) };
                Some(Finding::about(FindingKind::ClaimMissing, entry, message).fixed_by(fix))
            }
            Some(found) if found.is_ours => None,
            Some(found) => {
                let message = format!("port {port} is claimed by {}", who(found));
                let release = wt("ports release {} --worktree {}", &[&port, &entry.name]);
                let hint = format!(
                    "forwarded, the two would meet; `{release}` gives it up, another one can be allocated then"
                );
                Some(Finding::about(FindingKind::ClaimLost, entry, message).hint(hint))
            }
        }
    };
    entry.notes.claims.read_each().into_iter().filter_map(of_port).filter_map(look).collect()
}

fn who(claim: &SeenClaim) -> String {
    let holding = &claim.holding;
    let since = holding.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
    format!("{} on {} (`{}`){since}", holding.user, holding.host, holding.worktree)
}

/// Claims that stand without a worktree: ours, and those of hosts that were not seen for long.
pub fn of_remotes(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sight in &facts.branch_claims {
        for claim in &sight.standing {
            let found = orphaned(sight, claim).or_else(|| of_stale_host(facts, sight, claim));
            findings.extend(found.map(|mut finding| {
                finding.repository = Some(sight.repository.clone());
                finding
            }));
        }
    }
    findings
}

fn orphaned(sight: &BranchClaims, claim: &SeenClaim) -> Option<Finding> {
    if !claim.is_orphaned(&sight.recorded) {
        return None;
    }
    let (branch, remote) = (&claim.branch, &sight.remote);
    let message = if claim.is_queued {
        format!("`{branch}` was given back, and {remote} did not hear of it yet")
    } else {
        format!("`{branch}` is claimed on {remote} for a worktree that is not there any more")
    };
    let fix = Fix::GiveBackClaim { repository: sight.repository.clone(), branch: branch.clone() };
    Some(Finding::new(FindingKind::ClaimOrphaned, branch.as_str(), message).fixed_by(fix))
}

fn of_stale_host(facts: &Facts, sight: &BranchClaims, claim: &SeenClaim) -> Option<Finding> {
    let seen = claim.host_seen.filter(|_| !claim.is_ours)?;
    let after = SignedDuration::try_from(sight.stale_after).ok()?;
    if facts.now.duration_since(seen) <= after {
        return None;
    }
    let message =
        format!("`{}` is claimed by {}, and that host was seen last at {seen:.0}", claim.branch, who(claim));
    let release = wt("team release --take-over {}", &[&claim.branch]);
    Some(
        Finding::new(FindingKind::ClaimHostStale, claim.branch.as_str(), message)
            .hint(format!("nothing frees it by itself; `{release}` does, where nobody works on it any more")),
    )
}

/// Ports that the users of this machine do not know to be taken, and claims on ports that no worktree has.
pub fn of_ports(facts: &Facts) -> Vec<Finding> {
    let Some(sight) = &facts.port_claims else { return Vec::new() };
    let worktrees = facts.asked().filter(|(entry, seen)| has_claims(entry, seen));
    let mut findings: Vec<Finding> = worktrees.flat_map(|(entry, _)| of_entry_ports(sight, entry)).collect();
    let mut unused: Vec<_> = sight.own.iter().filter(|(id, _)| !sight.recorded.contains(id)).collect();
    unused.sort_by_key(|(_, port)| **port);
    findings.extend(unused.into_iter().map(|(_, port)| {
        let message = format!("port {port} is claimed for a worktree that does not have it any more");
        Finding::new(FindingKind::ClaimOrphaned, port.to_string(), message).fixed_by(Fix::SettlePortClaims)
    }));
    findings
}

fn of_entry_ports(sight: &PortClaims, entry: &Entry) -> Vec<Finding> {
    let noted = entry.notes.claims.read_each();
    let is_claimed = |port| {
        let is_it = |claim: &&Claim| claim.subject == ClaimSubject::Port(port);
        noted.iter().filter(is_it).any(|claim| sight.own.contains_key(&claim.id))
    };
    let unclaimed = entry.ports().filter(|port| !is_claimed(*port));
    let found = unclaimed.map(|port| {
        if let Some(holding) = sight.others.get(&port) {
            let message = format!("port {port} is {} as well", holding.told());
            let (number, name) = (port.to_string(), &entry.name);
            let release = wt("ports release {} --worktree {}", &[&number, name]);
            Finding::about(FindingKind::ClaimLost, entry, message)
                .hint(format!("`{release}`, then allocate another one"))
        } else {
            let message = format!("the users of this machine do not know that port {port} is taken");
            Finding::about(FindingKind::ClaimMissing, entry, message)
                .fixed_by(Fix::TakeClaim { target: FixTarget::of(entry) })
        }
    });
    found.collect()
}

#[cfg(test)]
mod tests;
