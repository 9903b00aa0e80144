//! Services that start when somebody asks for them.

use std::time::Duration;

use super::super::super::batch::BatchOutcome;
use super::super::super::plan::ServicePlan;
use super::super::super::service::{NextPhase, Phase, SupervisedService};
use super::super::super::state::{LookResult, ServiceExit, ServiceState};
use super::super::{Fleet, MachineAction, MachineEvent};
use super::plan;

fn sleeper(name: &str, needs: &[&str]) -> ServicePlan {
    ServicePlan { on_demand: true, ..plan(name, needs) }
}

fn start(fleet: &mut Fleet, plans: &[ServicePlan], named: &[&str]) -> Vec<MachineAction> {
    let named = named.iter().map(|name| name.parse().unwrap()).collect();
    fleet.step(MachineEvent::Start { batch: 1, plans: plans.to_vec(), wait: false, named }, Duration::ZERO)
}

fn state(fleet: &Fleet, name: &str) -> ServiceState {
    fleet.services()[&name.parse().unwrap()].state()
}

fn launched(actions: &[MachineAction]) -> Vec<String> {
    let launches = actions.iter().filter_map(|action| match action {
        MachineAction::Launch(name) => Some(name.to_string()),
        _ => None,
    });
    launches.collect()
}

fn well(fleet: &mut Fleet, name: &str) -> Vec<MachineAction> {
    fleet.step(MachineEvent::Seen { service: name.parse().unwrap(), sight: LookResult::Well }, Duration::ZERO)
}

fn wake(fleet: &mut Fleet, batch: u64, name: &str) -> Vec<MachineAction> {
    fleet.step(MachineEvent::Wake { batch, services: vec![name.parse().unwrap()] }, Duration::ZERO)
}

fn is_settled(actions: &[MachineAction]) -> bool {
    actions.iter().any(|action| matches!(action, MachineAction::Settled { .. }))
}

#[test]
fn what_sleeps_is_registered_and_starts_when_it_is_asked_for_with_what_it_needs() {
    let mut fleet = Fleet::default();
    let plans = [sleeper("web", &["db"]), sleeper("db", &[]), sleeper("mail", &[])];
    let actions = start(&mut fleet, &plans, &[]);
    assert!(launched(&actions).is_empty() && is_settled(&actions), "{actions:?}");
    assert_eq!((state(&fleet, "web"), state(&fleet, "db")), (ServiceState::Asleep, ServiceState::Asleep));
    assert!(!fleet.is_idle(), "somebody has to hold its port");
    assert_eq!(launched(&wake(&mut fleet, 2, "web")), ["db"]);
    assert_eq!(launched(&well(&mut fleet, "db")), ["web"]);
    assert!(is_settled(&well(&mut fleet, "web")));
    assert!(is_settled(&wake(&mut fleet, 3, "web")), "it runs already");
    assert_eq!(state(&fleet, "mail"), ServiceState::Asleep);
}

#[test]
fn what_is_named_or_needed_by_what_runs_does_not_sleep() {
    let mut fleet = Fleet::default();
    let plans = [plan("web", &["db"]), sleeper("db", &[]), sleeper("mail", &[])];
    assert_eq!(launched(&start(&mut fleet, &plans, &["mail"])), ["db", "mail"]);
    well(&mut fleet, "db");
    well(&mut fleet, "web");
    fleet.step(MachineEvent::Doze { service: "db".parse().unwrap() }, Duration::ZERO);
    assert_eq!(state(&fleet, "db"), ServiceState::Ready, "web needs it");
}

#[test]
fn what_nobody_needs_sleeps_again_and_a_request_in_between_starts_it_anew() {
    let mut fleet = Fleet::default();
    start(&mut fleet, &[sleeper("web", &[])], &["web"]);
    well(&mut fleet, "web");
    let doze = |fleet: &mut Fleet| {
        fleet.step(MachineEvent::Doze { service: "web".parse().unwrap() }, Duration::ZERO)
    };
    let end = |fleet: &mut Fleet| {
        let exit = ServiceExit::Signal(15);
        fleet.step(MachineEvent::Ended { service: "web".parse().unwrap(), exit }, Duration::ZERO)
    };
    assert_eq!(doze(&mut fleet), [MachineAction::Stop("web".parse().unwrap())]);
    end(&mut fleet);
    assert_eq!(state(&fleet, "web"), ServiceState::Asleep);
    wake(&mut fleet, 2, "web");
    well(&mut fleet, "web");
    doze(&mut fleet);
    wake(&mut fleet, 3, "web");
    assert_eq!(launched(&end(&mut fleet)), ["web"], "somebody asked while it ended");
    well(&mut fleet, "web");
    let stop = fleet.step(MachineEvent::Stop { batch: 4, services: Vec::new() }, Duration::ZERO);
    assert!(!is_settled(&stop));
    assert!(is_settled(&end(&mut fleet)) && fleet.is_idle());
    start(&mut fleet, &[sleeper("web", &[])], &[]);
    assert!(is_settled(&fleet.step(MachineEvent::Stop { batch: 5, services: Vec::new() }, Duration::ZERO)));
    assert!(fleet.is_idle(), "what sleeps is stopped at once");
}

fn end(fleet: &mut Fleet, name: &str, second: u64) -> Vec<MachineAction> {
    let exit = ServiceExit::Status(0);
    let event = MachineEvent::Ended { service: name.parse().unwrap(), exit };
    fleet.step(event, Duration::from_secs(second))
}

#[test]
fn a_server_that_ends_by_itself_sleeps_and_one_that_does_nothing_else_fails() {
    let mut fleet = Fleet::default();
    start(&mut fleet, &[sleeper("web", &[])], &[]);
    for batch in 2..8 {
        assert_eq!(state(&fleet, "web"), ServiceState::Asleep, "{batch}");
        wake(&mut fleet, batch, "web");
        well(&mut fleet, "web");
        end(&mut fleet, "web", 1);
    }
    assert_eq!(state(&fleet, "web"), ServiceState::Failed, "nobody can have used it");
    assert!(fleet.is_idle());
    // Whoever starts it again has all tries, and one that ran for long is no such server.
    start(&mut fleet, &[sleeper("web", &[])], &[]);
    for batch in 12..24 {
        wake(&mut fleet, batch, "web");
        well(&mut fleet, "web");
        end(&mut fleet, "web", 100);
        assert_eq!(state(&fleet, "web"), ServiceState::Asleep, "{batch}");
    }
}

#[test]
fn one_that_ends_before_it_is_ready_has_failed_and_whoever_asked_is_told() {
    let mut fleet = Fleet::default();
    start(&mut fleet, &[sleeper("web", &[])], &[]);
    wake(&mut fleet, 2, "web");
    let told = end(&mut fleet, "web", 1);
    let failed = |action: &MachineAction| {
        matches!(action, MachineAction::Settled { batch: 2, outcome: BatchOutcome::Failed(_) })
    };
    assert!(told.iter().any(failed), "{told:?}");
    assert_eq!(state(&fleet, "web"), ServiceState::Failed);
    assert!(fleet.find_not_up(&["web".parse().unwrap()]).is_some(), "a request starts it no more");
}

#[test]
fn a_request_starts_nothing_that_was_stopped_and_waits_for_nobody_who_stops() {
    let mut fleet = Fleet::default();
    let web = "web".parse().unwrap();
    assert!(fleet.find_not_up(std::slice::from_ref(&web)).is_some(), "never started");
    start(&mut fleet, &[sleeper("web", &["db"]), plan("db", &[])], &[]);
    well(&mut fleet, "db");
    assert!(fleet.find_not_up(std::slice::from_ref(&web)).is_none());
    // What it needs is stopped while it is asked for: the request fails over that, and nobody waits for ever.
    let db = vec!["db".parse().unwrap()];
    fleet.step(MachineEvent::Stop { batch: 2, services: db.clone() }, Duration::ZERO);
    wake(&mut fleet, 3, "web");
    let told = end(&mut fleet, "db", 1);
    assert!(told.iter().any(|action| matches!(action, MachineAction::Settled { batch: 3, .. })), "{told:?}");
    assert_eq!(state(&fleet, "web"), ServiceState::Asleep, "the next request finds it as it was");
    // It is being stopped itself.
    start(&mut fleet, &[sleeper("web", &[])], &["web"]);
    well(&mut fleet, "web");
    fleet.step(MachineEvent::Stop { batch: 4, services: Vec::new() }, Duration::ZERO);
    assert_eq!(fleet.find_not_up(std::slice::from_ref(&web)), Some(web));
}

#[test]
fn a_start_that_fails_leaves_asleep_what_slept_before() {
    let mut fleet = Fleet::default();
    start(&mut fleet, &[sleeper("web", &[])], &[]);
    start(&mut fleet, &[sleeper("web", &[]), sleeper("mail", &[]), plan("db", &[])], &[]);
    end(&mut fleet, "db", 1);
    assert_eq!(state(&fleet, "db"), ServiceState::Failed);
    assert_eq!((state(&fleet, "web"), state(&fleet, "mail")), (ServiceState::Asleep, ServiceState::Stopped));
    // With its supervisor it holds nothing up.
    assert!(is_settled(&fleet.step(MachineEvent::Stop { batch: 9, services: Vec::new() }, Duration::ZERO)));
}

#[test]
fn what_a_request_wakes_in_vain_sleeps_on_and_the_next_one_tries_again() {
    let mut fleet = Fleet::default();
    start(&mut fleet, &[sleeper("web", &["db"]), plan("db", &[])], &[]);
    well(&mut fleet, "db");
    let stop = MachineEvent::Stop { batch: 2, services: vec!["db".parse().unwrap()] };
    fleet.step(stop, Duration::ZERO);
    let exit = ServiceExit::Signal(15);
    fleet.step(MachineEvent::Ended { service: "db".parse().unwrap(), exit }, Duration::ZERO);
    let failed = wake(&mut fleet, 3, "web");
    assert!(is_settled(&failed) && launched(&failed).is_empty(), "{failed:?}");
    let reason = |fleet: &Fleet| fleet.services()[&"web".parse().unwrap()].reason.clone();
    assert_eq!(
        (state(&fleet, "web"), reason(&fleet).as_deref()),
        (ServiceState::Asleep, Some("needs `db`, which is stopped"))
    );
    let pauses = |fleet: &Fleet, seconds: u64| {
        fleet.services()[&"web".parse().unwrap()].is_pausing(Duration::from_secs(seconds))
    };
    assert!(pauses(&fleet, 0) && !pauses(&fleet, 1), "whoever is still connected does not wake it at once");
    start(&mut fleet, &[plan("db", &[])], &[]);
    well(&mut fleet, "db");
    assert_eq!(launched(&wake(&mut fleet, 4, "web")), ["web"]);
    // Somebody else has its port.
    let reason_of_port = "port 5000 is held by a stranger".to_owned();
    let refused = MachineEvent::LaunchFailed {
        service: "web".parse().unwrap(),
        reason: reason_of_port.clone(),
        is_final: false,
    };
    assert!(is_settled(&fleet.step(refused, Duration::ZERO)));
    assert_eq!((state(&fleet, "web"), reason(&fleet)), (ServiceState::Asleep, Some(reason_of_port)));
    assert!(pauses(&fleet, 1) && !pauses(&fleet, 2), "longer each time");
    assert_eq!(launched(&wake(&mut fleet, 5, "web")), ["web"]);
    fleet.step(
        MachineEvent::Ended { service: "web".parse().unwrap(), exit: ServiceExit::Status(1) },
        Duration::ZERO,
    );
    assert_eq!(state(&fleet, "web"), ServiceState::Failed, "it ran, and it is its own fault");
}

#[test]
fn only_what_is_up_or_on_its_way_needs_another_service() {
    let mut fleet = Fleet::default();
    let db = "db".parse().unwrap();
    start(&mut fleet, &[sleeper("web", &["db"]), plan("db", &[])], &[]);
    well(&mut fleet, "db");
    assert!(!fleet.is_needed(&db), "web sleeps");
    wake(&mut fleet, 2, "web");
    assert!(fleet.is_needed(&db), "web is on its way");
    well(&mut fleet, "web");
    assert!(fleet.is_needed(&db) && !fleet.is_needed(&"web".parse().unwrap()));
    fleet.step(MachineEvent::Stop { batch: 3, services: vec!["web".parse().unwrap()] }, Duration::ZERO);
    end(&mut fleet, "web", 1);
    assert!(!fleet.is_needed(&db), "web is stopped");
}

#[test]
fn why_it_rests_is_told_of_what_rests_or_sleeps_alone() {
    let mut fleet = Fleet::default();
    start(&mut fleet, &[sleeper("web", &[]), plan("db", &[]), plan("job", &[])], &[]);
    well(&mut fleet, "db");
    end(&mut fleet, "job", 1);
    for (name, is_told) in [("web", true), ("db", false), ("job", true), ("gone", false)] {
        let own = name.parse().unwrap();
        fleet.explain(&own, Some("so it is".to_owned()));
        let reason = fleet.services().get(&own).and_then(|service| service.reason.as_deref());
        assert_eq!(reason == Some("so it is"), is_told, "{name}");
    }
}

#[test]
fn a_request_takes_back_a_sleep_that_has_not_begun() {
    for (leaving, expected) in [
        (NextPhase::Asleep, None),
        (NextPhase::Stopped, Some(NextPhase::Stopped)),
        (NextPhase::Again, Some(NextPhase::Again)),
    ] {
        let mut service = SupervisedService::new(sleeper("web", &[]), false);
        service.phase = Phase::Ready { since: Duration::ZERO };
        service.leaving = Some(leaving);
        service.wake();
        assert_eq!(service.leaving, expected);
    }
}
