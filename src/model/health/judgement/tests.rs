//! From who is on the port, and what it answered, to the judgement.

use super::*;
use crate::model::health::check::HttpCheck;
use crate::model::port::holder::Relation;
use crate::model::port::sample::{situation, socket};

fn judged(occupancy: &Occupancy, outcome: Option<CheckOutcome>) -> Judgement {
    let check = CheckKind::Http(HttpCheck::of("/up?a=1&b=2"));
    let subject = ActionSubject {
        port: Port::new(5000).unwrap(),
        check: &check,
        folder: "/my work",
        runnable: Some("web"),
        is_named: true,
        remedy: Some("wt ports resolve"),
        held: None,
    };
    judge(subject, occupancy, outcome)
}

#[test]
fn what_no_configuration_names_can_be_given_up() {
    let check = CheckKind::Tcp;
    let (port, folder) = (Port::new(5000).unwrap(), "/w");
    let subject = ActionSubject {
        port,
        check: &check,
        folder,
        runnable: None,
        is_named: false,
        remedy: None,
        held: None,
    };
    let judgement = judge(subject, &Occupancy::Nobody, None);
    assert!(judgement.reason.unwrap().contains("no configuration names"));
    assert_eq!(judgement.action.as_deref(), Some("wt -C /w ports release 5000"));
}

fn ours() -> Occupancy {
    Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: None }
}

fn holder() -> Holder {
    let mut socket = socket(None);
    socket.owners[0].pid = 4242;
    situation(&[], &[socket]).holders.remove(0)
}

#[test]
fn nothing_there_is_not_running_and_says_how_to_start_it() {
    let judgement = judged(&Occupancy::Nobody, None);
    assert_eq!((judgement.health, judgement.level, judgement.pid), (Health::NotRunning, 0, None));
    assert_eq!(judgement.action.as_deref(), Some("wt -C '/my work' up web"));
    let held = judged(&Occupancy::Reserved { pid: 9 }, None);
    assert_eq!(
        (held.health, held.level, held.pid),
        (Health::NotRunning, 1, Some(9)),
        "a hold is no stranger"
    );
}

#[test]
fn what_its_supervisor_finds_counts_where_its_own_process_was_not_asked() {
    let (reason, action) = (Some("not trusted".to_owned()), Some("wt trust".to_owned()));
    let health = Health::Unknown;
    let unasked = Judgement { health, level: 2, pid: Some(7), reason, action, ..Judgement::default() };
    let well = watched(unasked.clone(), None);
    assert_eq!((well.health, well.level, well.pid), (Health::Healthy, 3, Some(7)));
    assert_eq!((well.reason, well.action), (None, None), "nothing is wrong with it any more");
    let unwell = watched(unasked.clone(), Some("it hangs".to_owned()));
    assert_eq!((unwell.health, unwell.level), (Health::Unhealthy, 2));
    assert_eq!(unwell.reason.as_deref(), Some("it hangs"));
    let by_others = Judgement { by_others: true, ..unasked.clone() };
    let by_answer = Judgement { by_answer: true, ..unasked.clone() };
    for seen in [by_others, by_answer, Judgement { level: 1, ..unasked }] {
        assert_eq!(watched(seen.clone(), None), seen);
    }
}

#[test]
fn a_stranger_is_unhealthy_whatever_it_would_answer() {
    let theirs = Occupancy::Theirs(holder());
    let judgement = judged(&theirs, Some(CheckOutcome::Responds { latency_ms: 1.0 }));
    assert_eq!((judgement.health, judgement.level), (Health::Unhealthy, 1));
    assert_eq!(judgement.reason.as_deref(), Some("held by node (pid 4242), a stranger"));
    assert_eq!(judgement.action.as_deref(), Some("wt ports resolve"), "ours moves, nobody is ended");
    let sibling = Holder { relation: Relation::Sibling, worktree: Some("feature-b".to_owned()), ..holder() };
    let judgement = judged(&Occupancy::Theirs(sibling), None);
    assert_eq!(
        judgement.reason.as_deref(),
        Some("held by node (pid 4242, worktree feature-b), a sibling"),
        "a sibling is no stranger"
    );
    let beside = Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: Some(holder()) };
    let judgement = judged(&beside, Some(CheckOutcome::Responds { latency_ms: 1.0 }));
    assert_eq!((judgement.health, judgement.level, judgement.pid), (Health::Unhealthy, 2, Some(7)));
}

#[test]
fn our_own_server_is_as_well_as_its_answer() {
    let well = judged(&ours(), Some(CheckOutcome::Responds { latency_ms: 1.5 }));
    assert_eq!(
        (well.health, well.level, well.latency_ms, well.reason),
        (Health::Healthy, 3, Some(1.5), None)
    );
    let silent = judged(&ours(), Some(CheckOutcome::NotAccepting));
    assert!(silent.reason.unwrap().starts_with("not accepting"));
    let failing = judged(&ours(), Some(CheckOutcome::Fails("answered 503".to_owned())));
    assert_eq!((failing.health, failing.level), (Health::Unhealthy, 2));
    assert_eq!(failing.action.as_deref(), Some("curl -i 'http://localhost:5000/up?a=1&b=2'"));
    let outcome =
        CheckOutcome::NotAsked { reason: "not trusted".to_owned(), action: Some("wt trust".to_owned()) };
    let unasked = judged(&ours(), Some(outcome));
    assert_eq!((unasked.health, unasked.level, unasked.by_answer), (Health::Unknown, 2, false));
}

#[test]
fn whoever_has_the_port_beside_or_before_us_is_another() {
    let beside = Occupancy::Ours { pid: 7, addresses: Vec::new(), beside: Some(holder()) };
    for (occupancy, by_others) in [
        (Occupancy::Theirs(holder()), true),
        (beside, true),
        (ours(), false),
        (Occupancy::Nobody, false),
        (Occupancy::Reserved { pid: 9 }, false),
    ] {
        let seen = judged(&occupancy, None);
        assert_eq!(seen.by_others, by_others, "{occupancy:?}");
        assert_eq!(asleep(seen).is_asleep, !by_others, "what others have does not sleep: {occupancy:?}");
    }
}

#[test]
fn a_service_that_sleeps_is_well_and_needs_nothing() {
    let seen = asleep(judged(&Occupancy::Reserved { pid: 9 }, None));
    let reason = Some("asleep".to_owned());
    assert_eq!(seen, Judgement { health: Health::Healthy, reason, is_asleep: true, ..Judgement::default() });
}

#[test]
fn what_was_given_up_is_unhealthy_unless_it_runs_again() {
    let down = judged(&Occupancy::Nobody, None);
    let failed = given_up("/my work", "web", down.clone(), "exited with 1");
    assert_eq!(
        (failed.health, failed.reason.as_deref(), failed.action.as_deref()),
        (Health::Unhealthy, Some("failed: exited with 1"), Some("wt -C '/my work' logs web"))
    );
    assert_eq!(given_up("/w", "web", down, "").reason.as_deref(), Some("failed"));
    let up = judged(&ours(), Some(CheckOutcome::Responds { latency_ms: 1.0 }));
    assert_eq!(given_up("/w", "web", up.clone(), "exited with 1"), up);
}

#[test]
fn while_it_starts_or_goes_to_sleep_nobody_knows_better() {
    let down = under_way(judged(&Occupancy::Nobody, None), "starting");
    assert_eq!((down.health, down.reason.as_deref(), down.action), (Health::Unknown, Some("starting"), None));
    let unasked = under_way(judged(&ours(), None), "starting");
    assert_eq!((unasked.health, unasked.reason.as_deref()), (Health::Unknown, Some("starting")));
    let outcomes = [CheckOutcome::Responds { latency_ms: 1.0 }, CheckOutcome::NotAccepting];
    for seen in outcomes
        .map(|outcome| judged(&ours(), Some(outcome)))
        .into_iter()
        .chain([judged(&Occupancy::Theirs(holder()), None)])
    {
        assert_eq!(under_way(seen.clone(), "starting"), seen);
    }
}

#[test]
fn a_closer_look_is_taken_as_the_service_speaks() {
    let look = |check: CheckKind| {
        let subject = ActionSubject {
            port: Port::new(5000).unwrap(),
            check: &check,
            folder: "/w",
            runnable: None,
            is_named: true,
            remedy: None,
            held: None,
        };
        judge(subject, &ours(), Some(CheckOutcome::Fails("no".to_owned()))).action
    };
    assert_eq!(look(CheckKind::Tcp).as_deref(), Some("wt ports owner 5000"));
    assert_eq!(look(CheckKind::Redis).as_deref(), Some("redis-cli -h localhost -p 5000 ping"));
}

#[test]
fn what_is_bound_and_does_not_listen_yet_says_how_to_start_it() {
    let held = judged(&Occupancy::Reserved { pid: 9 }, None);
    assert_eq!(held.reason.as_deref(), Some("5000 is bound, and nothing listens on it yet"));
    assert_eq!(held.action.as_deref(), Some("wt -C '/my work' up web"));
    let nobody = judged(&Occupancy::Nobody, None);
    assert_eq!(nobody.reason.as_deref(), Some("nothing listens on 5000"));
}

#[test]
fn each_answer_of_our_own_server_has_its_reason_and_its_action() {
    let unknown_pid = Occupancy::Ours { pid: 0, addresses: Vec::new(), beside: None };
    assert_eq!(judged(&unknown_pid, None).pid, None);
    let outcome =
        CheckOutcome::NotAsked { reason: "not trusted".to_owned(), action: Some("wt trust".to_owned()) };
    let usual = || Judgement { level: 2, pid: Some(7), ..Judgement::default() };
    let text = |text: &str| Some(text.to_owned());
    for (outcome, expected) in [
        (
            Some(CheckOutcome::NotAccepting),
            Judgement {
                health: Health::Unhealthy,
                reason: text("not accepting: connections pile up in its queue"),
                action: text("wt ports resolve"),
                by_answer: true,
                ..usual()
            },
        ),
        (
            Some(CheckOutcome::Responds { latency_ms: 2.0 }),
            Judgement {
                health: Health::Healthy,
                level: 3,
                latency_ms: Some(2.0),
                by_answer: true,
                ..usual()
            },
        ),
        (
            Some(CheckOutcome::Fails("answered 503".to_owned())),
            Judgement {
                health: Health::Unhealthy,
                reason: text("answered 503"),
                action: text("curl -i 'http://localhost:5000/up?a=1&b=2'"),
                by_answer: true,
                ..usual()
            },
        ),
        (Some(outcome), Judgement { reason: text("not trusted"), action: text("wt trust"), ..usual() }),
        (None, Judgement { reason: text("not asked"), ..usual() }),
    ] {
        assert_eq!(judged(&ours(), outcome), expected);
    }
}

#[test]
fn whoever_holds_the_port_is_told_in_the_words_that_the_registry_has_for_it() {
    let check = CheckKind::Redis;
    let subject = ActionSubject {
        port: Port::new(5000).unwrap(),
        check: &check,
        folder: "/w",
        runnable: None,
        is_named: true,
        remedy: None,
        held: Some("held by somebody"),
    };
    let seen = judge(subject, &Occupancy::Theirs(holder()), None);
    assert_eq!(
        (seen.reason.as_deref(), seen.action.as_deref(), seen.pid),
        (Some("held by somebody"), Some("wt ports owner 5000"), Some(4242))
    );
    assert_eq!(judge(subject, &Occupancy::Nobody, None).action, None, "nothing says how it is run");
}
