//! Claims are told apart by who has them, and by whether a record does.

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
    assert_eq!(found[0].message, "port 5000 is claimed by ben on laptop (`w`) since 1970-01-01T00:00:00Z");
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
    assert_eq!(count(&|facts| facts.worktrees[0].seen.as_mut().unwrap().presence = Presence::Vanished), 0);
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
    assert_eq!(of_worktrees(&of_another)[0].code, FindingKind::ClaimLost, "another worktree's record has it");
}

#[test]
fn a_worktree_that_is_being_made_or_renamed_has_no_claims_yet() {
    let process = || crate::model::process::ProcessId {
        pid: 1,
        started: 1,
        boot: String::new(),
        namespace: String::new(),
    };
    let count = |change: &dyn Fn(&mut Entry)| {
        let mut facts = facts(&["i"], Vec::new());
        change(&mut facts.worktrees[0].entry);
        of_worktrees(&facts).len()
    };
    let journal = serde_json::json!({ "token": "t", "commit": "c" });
    let making = |entry: &mut Entry| {
        let journal = serde_json::from_value(journal.clone()).unwrap();
        entry.state = EntryState::Creating { process: process(), journal };
    };
    assert_eq!(count(&making), 0);
    let renaming = |entry: &mut Entry| {
        let names = crate::model::renaming::WorktreeNames {
            name: "a".to_owned(),
            identifier: "a".to_owned(),
            path: "/w/a".into(),
            branch: None,
        };
        entry.notes.renaming.write(&crate::model::renaming::Renaming {
            token: "t".to_owned(),
            process: process(),
            from: names.clone(),
            to: names,
            tip: None,
            new_parents: Vec::new(),
            project_before: None,
            project_after: None,
            extra: serde_json::Map::new(),
        });
    };
    assert_eq!(count(&renaming), 0);
}
