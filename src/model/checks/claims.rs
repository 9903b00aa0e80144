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
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::model::checks::sample;
    use crate::model::claim::{ClaimId, Holding};
    use crate::model::registry::repository::RepositoryId;

    fn id(text: &str) -> ClaimId {
        ClaimId(text.to_owned())
    }

    fn branch(name: &str) -> ClaimSubject {
        ClaimSubject::Branch { repository: "shop".to_owned(), branch: name.to_owned() }
    }

    fn claim(name: &str, of: &str, is_ours: bool) -> SeenClaim {
        let claim = Claim { id: id(of), subject: branch(name) };
        let (host, user, worktree) = ("laptop".to_owned(), "ben".to_owned(), "w".to_owned());
        SeenClaim {
            branch: name.to_owned(),
            holding: Holding { claim, host, user, worktree, since: Some(Timestamp::UNIX_EPOCH) },
            is_ours,
            by_hand: false,
            is_at_work: false,
            is_queued: false,
            host_seen: Some(Timestamp::UNIX_EPOCH),
        }
    }

    fn facts(noted: &[&str], standing: Vec<SeenClaim>) -> Facts {
        let mut entry = sample::entry("a", 1, &[]);
        let claims: Vec<Claim> =
            noted.iter().map(|text| Claim { id: id(text), subject: branch("feature/a") }).collect();
        entry.notes.claims.write(&claims);
        let sight = BranchClaims {
            repository: "/w/shop".into(),
            repository_id: RepositoryId("r".to_owned()),
            remote: "origin".to_owned(),
            standing,
            recorded: claims.into_iter().map(|claim| claim.id).collect(),
            stale_after: Duration::from_secs(10),
        };
        let mut facts = sample::with(vec![sample::recorded(entry)]);
        facts.now = Timestamp::UNIX_EPOCH;
        facts.branch_claims = vec![sight];
        facts
    }

    fn found(facts: &Facts) -> Vec<(&'static str, bool)> {
        let all = of_worktrees(facts).into_iter().chain(of_remotes(facts)).chain(of_ports(facts));
        all.map(|finding| (finding.code.code(), finding.fixable)).collect()
    }

    #[test]
    fn a_worktree_has_its_claim_or_none_or_somebody_else_does() {
        assert!(found(&facts(&["i"], vec![claim("feature/a", "i", true)])).is_empty());
        assert_eq!(found(&facts(&["i"], Vec::new())), [("claim-missing", true)]);
        assert_eq!(found(&facts(&[], Vec::new())), [("claim-missing", true)]);
        assert_eq!(found(&facts(&["i"], vec![claim("feature/a", "x", false)])), [("claim-lost", false)]);
        let counts = |facts: &Facts| {
            let (sight, entry) = (&facts.branch_claims[0], &facts.worktrees[0].entry);
            (sight.lacks(entry), sight.lost_of(entry).len())
        };
        assert_eq!(counts(&facts(&["i"], vec![claim("feature/a", "i", true)])), (false, 0));
        assert_eq!(counts(&facts(&["i"], Vec::new())), (true, 0));
        assert_eq!(counts(&facts(&["i"], vec![claim("feature/a", "x", false)])), (false, 1));
        // A copy of this machine may have our ids.
        assert_eq!(found(&facts(&["i"], vec![claim("feature/a", "i", false)])), [("claim-lost", false)]);
        let mut by_hand = claim("feature/a", "x", true);
        by_hand.by_hand = true;
        assert_eq!(found(&facts(&["i"], vec![by_hand])), [("claim-missing", true)]);
        let mut main = facts(&[], Vec::new());
        main.worktrees[0].entry.notes.main.write(&true);
        assert!(found(&main).is_empty(), "everybody has the main worktree's branch");
    }

    #[test]
    fn a_claim_without_a_worktree_is_given_back_when_it_is_ours() {
        let own = claim("feature/a", "i", true);
        let with = |other: SeenClaim| found(&facts(&["i"], vec![own.clone(), other]));
        assert_eq!(with(claim("gone", "x", true)), [("claim-orphaned", true)]);
        assert!(with(claim("gone", "x", false)).is_empty(), "not ours");
        assert!(with(SeenClaim { by_hand: true, ..claim("gone", "x", true) }).is_empty());
        assert!(with(SeenClaim { is_at_work: true, ..claim("gone", "x", true) }).is_empty());
        let queued = SeenClaim { is_queued: true, by_hand: true, ..claim("gone", "x", true) };
        assert_eq!(with(queued), [("claim-orphaned", true)]);
    }

    #[test]
    fn a_host_that_was_not_seen_for_long_is_told_of_and_keeps_its_claims() {
        let mut facts = facts(&["i"], vec![claim("feature/a", "i", true), claim("b", "x", false)]);
        facts.now = Timestamp::from_second(10).unwrap();
        assert!(found(&facts).is_empty());
        facts.now = Timestamp::from_second(11).unwrap();
        assert_eq!(found(&facts), [("claim-host-stale", false)]);
    }

    #[test]
    fn ports_are_claimed_among_the_users_of_a_machine() {
        let mut entry = sample::entry("a", 1, &[5000, 5001]);
        let claims = vec![Claim { id: id("p"), subject: ClaimSubject::Port(sample::port(5000)) }];
        entry.notes.claims.write(&claims);
        let mut facts = sample::with(vec![sample::recorded(entry)]);
        assert!(of_ports(&facts).is_empty());
        let sight = PortClaims {
            own: [(id("p"), sample::port(5000)), (id("z"), sample::port(5009))].into_iter().collect(),
            recorded: HashSet::from([id("p")]),
            ..PortClaims::default()
        };
        facts.port_claims = Some(sight.clone());
        assert_eq!(found(&facts), [("claim-missing", true), ("claim-orphaned", true)]);
        let ben = claim("x", "x", false).holding;
        facts.port_claims =
            Some(PortClaims { others: [(sample::port(5001), ben)].into_iter().collect(), ..sight });
        assert_eq!(found(&facts), [("claim-lost", false), ("claim-orphaned", true)]);
    }

    fn team_port(of: &str, number: u16, is_ours: bool) -> SeenClaim {
        let subject = ClaimSubject::TeamPort { repository: "shop".to_owned(), port: sample::port(number) };
        let mut seen = claim(&format!("port {number}"), of, is_ours);
        seen.holding.claim.subject = subject;
        seen
    }

    /// A worktree with 5000 and 5001 of which 5000 and 5009 were claimed over all machines.
    fn with_team_ports(standing: Vec<SeenClaim>) -> Vec<Finding> {
        let branch_claim = claim("feature/a", "i", true);
        let mut facts = facts(&["i"], std::iter::once(branch_claim).chain(standing).collect());
        let entry = &mut facts.worktrees[0].entry;
        *entry = Entry { notes: entry.notes.clone(), ..sample::entry("a", 1, &[5000, 5001]) };
        let noted = [claim("feature/a", "i", true), team_port("p", 5000, true), team_port("q", 5009, true)];
        entry.notes.claims.write(&noted.map(|seen| seen.holding.claim).to_vec());
        of_worktrees(&facts)
    }

    #[test]
    fn a_port_over_all_machines_is_claimed_by_us_by_another_or_not_at_all() {
        assert_eq!(with_team_ports(vec![team_port("p", 5000, true)]), []);
        let missing = "nobody else sees that port 5000 is in use: it is not claimed on origin";
        let a_branch_of_that_name = claim("port 5000", "x", false);
        for standing in [vec![], vec![team_port("q", 5009, false)], vec![a_branch_of_that_name]] {
            let found = with_team_ports(standing);
            assert_eq!(found.len(), 1, "{found:?}");
            let seen = (found[0].code, found[0].message.as_str(), found[0].fixable);
            assert_eq!(seen, (FindingKind::ClaimMissing, missing, true));
        }
        let found = with_team_ports(vec![team_port("x", 5000, false)]);
        assert_eq!((found.len(), found[0].code, found[0].fixable), (1, FindingKind::ClaimLost, false));
        assert_eq!(
            found[0].message,
            "port 5000 is claimed by ben on laptop (`w`) since 1970-01-01T00:00:00Z"
        );
        let hint = found[0].hint.as_deref().unwrap();
        assert!(hint.contains("`wt ports release 5000 --worktree a`"), "{hint}");
    }

    #[test]
    fn a_worktree_that_is_gone_renamed_or_of_another_repository_is_not_asked_about() {
        let count = |change: &dyn Fn(&mut Facts)| {
            let mut facts = facts(&["i"], Vec::new());
            change(&mut facts);
            of_worktrees(&facts).len()
        };
        assert_eq!(count(&|_| ()), 1);
        assert_eq!(count(&|facts| facts.branch_claims[0].repository_id = RepositoryId("s".to_owned())), 0);
        assert_eq!(
            count(&|facts| facts.worktrees[0].seen.as_mut().unwrap().presence = Presence::Vanished),
            0
        );
        assert_eq!(count(&|facts| facts.worktrees[0].entry.branch = None), 0, "on no branch");
    }

    #[test]
    fn what_is_told_of_a_claim_names_who_has_it_and_what_makes_it_ours() {
        let lost = of_worktrees(&facts(&["i"], vec![claim("feature/a", "x", false)])).remove(0);
        assert_eq!(lost.message, "`feature/a` is claimed by ben on laptop (`w`) since 1970-01-01T00:00:00Z");
        let hint = "talk to each other; `wt team claim --take-over feature/a` makes it yours again";
        assert_eq!(lost.hint.as_deref(), Some(hint));
        let ours = of_worktrees(&facts(&["i"], vec![claim("feature/a", "x", true)])).remove(0);
        assert_eq!(
            ours.message,
            "the claim on `feature/a` is ours, and the record of the worktree has another one"
        );
        let mut of_another = facts(&["i"], vec![claim("feature/a", "x", true)]);
        of_another.branch_claims[0].recorded.insert(id("x"));
        assert_eq!(
            of_worktrees(&of_another)[0].code,
            FindingKind::ClaimLost,
            "another worktree's record has it"
        );
    }
}
