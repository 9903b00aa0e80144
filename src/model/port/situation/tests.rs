//! The table: each relation of a holder, with each way in which a port is had, and each tenure of its (older) tenant.

use std::collections::HashMap;

use super::*;
use crate::model::config::settings::Strategy;
use crate::model::port::dispute::{Dispute, DisputeTrouble};
use crate::model::port::doubled::{Keeping, keeping};
use crate::model::port::listener::Probe;
use crate::model::port::remedy::{Remedy, remedy};
use crate::model::port::resolution::{DisputeAction, movers, steps};
use crate::model::port::sample::{USER, claim, key, settings, situation, socket, strays};
use crate::model::port::verdict::{PortEvidence, Traffic, rule};
use crate::model::process::killing::KillRefusal;

/// *alone*: `a` has the port, and the holder is the only one. *shared*: a server of `a` listens too. *doubled*: the younger
/// `b` has it as well, and where the holder is one of theirs it is the server of `b`. The tenure is that of `a`.
const TABLE: &str = "\
relation  | arrangement | tenure | verdict      | validate moves | intelligent | aggressive | advised
own       | alone       | free   | own_listener | nobody         | nothing     | nothing    | nothing
own       | alone       | pinned | own_listener | nobody         | nothing     | nothing    | nothing
own       | alone       | locked | own_listener | nobody         | nothing     | nothing    | nothing
own       | shared      | free   | own_listener | nobody         | nothing     | nothing    | nothing
own       | shared      | pinned | own_listener | nobody         | nothing     | nothing    | nothing
own       | shared      | locked | own_listener | nobody         | nothing     | nothing    | nothing
own       | doubled     | free   | own_listener | a              | move a      | move a     | resolve
own       | doubled     | pinned | own_listener | nobody         | leave       | leave      | choose
own       | doubled     | locked | own_listener | nobody         | leave       | leave      | choose
sibling   | alone       | free   | sibling      | a              | move a      | end        | resolve
sibling   | alone       | pinned | sibling      | nobody         | leave       | end        | owner
sibling   | alone       | locked | sibling      | nobody         | leave       | end        | owner
sibling   | shared      | free   | sibling      | nobody         | leave       | end        | owner
sibling   | shared      | pinned | sibling      | nobody         | leave       | end        | owner
sibling   | shared      | locked | sibling      | nobody         | leave       | end        | owner
sibling   | doubled     | free   | sibling      | b              | move b      | move b     | resolve
sibling   | doubled     | pinned | sibling      | b              | move b      | move b     | resolve
sibling   | doubled     | locked | sibling      | b              | move b      | move b     | resolve
stray     | alone       | free   | stranger     | a              | end         | end        | resolve
stray     | alone       | pinned | stranger     | nobody         | end         | end        | resolve
stray     | alone       | locked | stranger     | nobody         | end         | end        | resolve
stray     | shared      | free   | stranger     | nobody         | end         | end        | resolve
stray     | shared      | pinned | stranger     | nobody         | end         | end        | resolve
stray     | shared      | locked | stranger     | nobody         | end         | end        | resolve
stray     | doubled     | free   | stranger     | b              | move b      | move b     | resolve
stray     | doubled     | pinned | stranger     | b              | move b      | move b     | resolve
stray     | doubled     | locked | stranger     | b              | move b      | move b     | resolve
stranger  | alone       | free   | stranger     | a              | move a      | end        | resolve
stranger  | alone       | pinned | stranger     | nobody         | leave       | end        | kill
stranger  | alone       | locked | stranger     | nobody         | leave       | end        | kill
stranger  | shared      | free   | stranger     | nobody         | leave       | end        | resolve --strategy aggressive
stranger  | shared      | pinned | stranger     | nobody         | leave       | end        | resolve --strategy aggressive
stranger  | shared      | locked | stranger     | nobody         | leave       | end        | resolve --strategy aggressive
stranger  | doubled     | free   | stranger     | b              | move b      | move b     | resolve
stranger  | doubled     | pinned | stranger     | b              | move b      | move b     | resolve
stranger  | doubled     | locked | stranger     | b              | move b      | move b     | resolve
unseen    | alone       | free   | other_user   | a              | move a      | leave      | resolve
unseen    | alone       | pinned | other_user   | nobody         | leave       | leave      | owner
unseen    | alone       | locked | other_user   | nobody         | leave       | leave      | owner
unseen    | shared      | free   | other_user   | nobody         | leave       | leave      | owner
unseen    | shared      | pinned | other_user   | nobody         | leave       | leave      | owner
unseen    | shared      | locked | other_user   | nobody         | leave       | leave      | owner
unseen    | doubled     | free   | other_user   | b              | move b      | move b     | resolve
unseen    | doubled     | pinned | other_user   | b              | move b      | move b     | resolve
unseen    | doubled     | locked | other_user   | b              | move b      | move b     | resolve
container | alone       | free   | container    | a              | move a      | leave      | resolve
container | alone       | pinned | container    | nobody         | leave       | leave      | owner
container | alone       | locked | container    | nobody         | leave       | leave      | owner
container | shared      | free   | container    | nobody         | leave       | leave      | owner
container | shared      | pinned | container    | nobody         | leave       | leave      | owner
container | shared      | locked | container    | nobody         | leave       | leave      | owner
container | doubled     | free   | container    | b              | move b      | move b     | resolve
container | doubled     | pinned | container    | b              | move b      | move b     | resolve
container | doubled     | locked | container    | b              | move b      | move b     | resolve
";

fn background<'a>(
    relation: &str,
    gone: &'a HashMap<u32, String>,
    refused: &'a HashMap<u32, KillRefusal>,
) -> Background<'a> {
    Background {
        user: Some(USER),
        container: (relation == "container").then_some("db-1"),
        strays: (relation == "stray").then_some(gone),
        refusals: (relation == "container").then_some(refused),
    }
}

fn arranged(relation: &str, arrangement: &str, tenure: &str) -> Situation {
    let is_doubled = arrangement == "doubled";
    let mut holder = socket(match relation {
        "own" => Some(if is_doubled { "b" } else { "a" }),
        "sibling" => Some("c"),
        _ => None,
    });
    match relation {
        "unseen" => {
            holder.owners.clear();
            holder.user = 33;
        }
        "container" => holder.owners[0].command = "docker-proxy".to_owned(),
        _ => {}
    }
    let mut sockets = vec![holder];
    if arrangement == "shared" {
        let mut own = socket(Some("a"));
        own.owners[0].pid = 43;
        sockets.push(own);
    }
    let mut tenants =
        vec![Tenant { pinned: tenure == "pinned", locked: tenure == "locked", ..claim("a", 5000, 1) }];
    if is_doubled {
        tenants.push(claim("b", 5000, 9));
    }
    let (gone, refused) = (strays(42, "gone"), HashMap::from([(42, KillRefusal::Container)]));
    Situation::of(Port::new(5000).unwrap(), tenants, &sockets, &background(relation, &gone, &refused))
}

/// One row as the model answers it.
fn answered(relation: &str, arrangement: &str, tenure: &str) -> Vec<String> {
    let situation = arranged(relation, arrangement, tenure);
    let evidence = PortEvidence { probe: Probe::Busy, exclusion: None, traffic: Traffic::None, claim: None };
    let verdict = rule(&situation, &evidence).verdict.as_str().to_owned();
    let dispute = Dispute::find(&situation);
    let does = |strategy: Strategy| {
        let Some(dispute) = &dispute else { return "nothing".to_owned() };
        let all = steps(std::slice::from_ref(dispute), strategy, settings());
        assert_eq!(all.len(), 1, "it is settled by one step");
        match &all[0].action {
            DisputeAction::Move { tenant } => format!("move {}", tenant.worktree.name),
            DisputeAction::Terminate { needs_agreement, holders, .. } => {
                assert!(*needs_agreement && holders.iter().all(|holder| holder.relation != Relation::Own));
                "end".to_owned()
            }
            DisputeAction::Restart { .. } => "restart".to_owned(),
            DisputeAction::Leave { .. } => "leave".to_owned(),
        }
    };
    let fixed = dispute.iter().flat_map(movers).map(|tenant| tenant.worktree.name.as_str());
    let fixed = fixed.collect::<Vec<_>>().join(" and ");
    let conservative = does(Strategy::Conservative);
    let said = if fixed.is_empty() { "nobody".to_owned() } else { fixed.clone() };
    let moves = conservative.strip_prefix("move ").unwrap_or_default();
    assert_eq!(moves, fixed, "`validate --fix` moves whom the conservative moves");
    let advised = dispute.as_ref().map_or_else(
        || "nothing".to_owned(),
        |dispute| match remedy(dispute, settings()) {
            Remedy::Choose => "choose".to_owned(),
            other => {
                let command = other.command(situation.port).unwrap().to_string();
                command.trim_start_matches("wt ports ").replace(" 5000", "")
            }
        },
    );
    let row = [relation, arrangement, tenure].map(str::to_owned).into_iter();
    row.chain([verdict, said, does(Strategy::Intelligent), does(Strategy::Aggressive), advised]).collect()
}

#[test]
fn each_relation_arrangement_and_tenure_has_one_answer() {
    let mut rows = TABLE.lines().skip(1);
    let mut wrong = Vec::new();
    for relation in ["own", "sibling", "stray", "stranger", "unseen", "container"] {
        for arrangement in ["alone", "shared", "doubled"] {
            for tenure in ["free", "pinned", "locked"] {
                let expected: Vec<String> =
                    rows.next().unwrap().split('|').map(|cell| cell.trim().to_owned()).collect();
                let found = answered(relation, arrangement, tenure);
                if found != expected {
                    wrong.push(format!("{found:?}, not {expected:?}"));
                }
            }
        }
    }
    assert!(rows.next().is_none() && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_words_of_each_relation_are_the_same_in_every_answer() {
    for (relation, words) in [
        ("sibling", "held by node (pid 42, worktree c), a sibling"),
        ("stray", "held by node (pid 42), a stray of gone"),
        ("stranger", "held by node (pid 42), a stranger"),
        ("unseen", "held by a process out of sight (user 33), another user"),
        ("container", "published by a container (`db-1`)"),
    ] {
        let alone = arranged(relation, "alone", "free");
        assert_eq!(alone.held_by_others().as_deref(), Some(words));
        let shared = arranged(relation, "shared", "free").held_by_others().unwrap();
        assert_eq!(shared, format!("{words}; its own server listens too, and requests reach either"));
        let evidence =
            PortEvidence { probe: Probe::Busy, exclusion: None, traffic: Traffic::None, claim: None };
        assert_eq!(rule(&alone, &evidence).reason, format!("{words}; allocated to a (web)"));
        assert_eq!(Dispute::find(&alone).unwrap().level().1, words);
    }
}

#[test]
fn of_a_port_that_two_have_the_others_server_is_a_siblings() {
    let situation = arranged("own", "doubled", "free");
    assert_eq!(situation.held_by_others(), None);
    let seen = situation.seen_from(&key("a"));
    assert_eq!(seen.held_by_others().unwrap(), "held by node (pid 42, worktree b), a sibling");
    assert_eq!(situation.seen_from(&key("b")).held_by_others(), None);
    let had = situation.had_by().unwrap();
    assert!(had.contains("`b` keeps it, since its server runs on it, and `a` moves"), "{had}");
    let Some(Dispute { trouble: DisputeTrouble::Doubled { tenants }, .. }) = Dispute::find(&situation) else {
        panic!()
    };
    assert!(matches!(keeping(&tenants), Keeping::Moves { keeper, .. } if keeper.worktree == key("b")));
}

#[test]
fn beside_its_own_server_only_those_count_to_whom_localhost_may_lead() {
    let own = socket(Some("a"));
    let other = |address: &str, listening| {
        let mut other = socket(None);
        other.owners[0].pid = 43;
        Listener { address: address.parse().unwrap(), listening, ..other }
    };
    let tenants = [claim("a", 5000, 1)];
    let counts = |one: Listener| !situation(&tenants, &[own.clone(), one]).intruders().is_empty();
    assert!(counts(other("::1", true)) && counts(other("0.0.0.0", true)) && counts(other("127.0.0.1", true)));
    assert!(!counts(other("10.0.0.7", true)) && !counts(other("127.0.0.1", false)));
    let alone = situation(&tenants, &[other("10.0.0.7", false)]);
    assert_eq!(
        alone.held_by_others().unwrap(),
        "held by node (pid 43), a stranger; it is bound and does not listen"
    );
}

#[test]
fn a_socket_that_was_handed_on_stays_its_worktrees() {
    let mut shared = socket(Some("a"));
    let mut child = socket(None).owners.remove(0);
    child.pid = 43;
    shared.owners.push(child);
    let situation = situation(&[claim("a", 5000, 1)], &[shared]);
    assert!(situation.intruders().is_empty() && situation.holders.len() == 2, "{situation:?}");
}

#[test]
fn many_holders_are_counted_once_a_few_are_named() {
    let sockets = (1..=5).map(|pid| {
        let mut one = socket(None);
        one.owners[0].pid = pid;
        one
    });
    let said = situation(&[], &sockets.collect::<Vec<_>>()).held_by_others().unwrap();
    assert!(said.ends_with(" and 2 more") && said.matches("held by").count() == 3, "{said}");
}
