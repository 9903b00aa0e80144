//! Wishes that meet: starts that overlap, a start while somebody stops, and plans of different ages.

use super::*;
use crate::model::port::Port;
use crate::model::services::plan::ExtraPort;

fn names(names: &[&str]) -> Vec<ServiceName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn a_start_while_everything_stops_answers_who_waits_for_the_end() {
    let mut world = three_up();
    assert_eq!(world.step(stop(2)), ["stop web"]);
    assert_eq!(world.up(3, &[plan("api", &["db"]), plan("db", &[])]), ["2 undone: api, db"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["stop api"]);
    assert_eq!(world.ended("api", ServiceExit::Signal(15)), ["stop db"], "it follows the end that was begun");
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["launch db"]);
    assert_eq!(world.well("db"), ["launch api"]);
    assert_eq!(world.well("api"), ["3 done"]);
    assert_eq!(world.state("web"), ServiceState::Stopped);
}

#[test]
fn a_start_of_what_has_stopped_already_answers_who_waits_for_the_others() {
    let mut world = three_up();
    world.up(2, &[plan("mail", &[])]);
    world.well("mail");
    assert_eq!(world.step(stop(3)), ["stop mail", "stop web"]);
    world.ended("mail", ServiceExit::Signal(15));
    assert_eq!(world.up(4, &[plan("mail", &[])]), ["3 undone: mail", "launch mail"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["stop api"], "the others go on ending");
}

#[test]
fn a_restart_while_it_stops_answers_who_waits_and_a_stop_of_others_goes_on() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("mail", &[])]);
    world.well("db");
    world.well("mail");
    assert_eq!(world.step(MachineEvent::Stop { batch: 2, services: names(&["db"]) }), ["stop db"]);
    assert_eq!(world.step(MachineEvent::Stop { batch: 3, services: names(&["mail"]) }), ["stop mail"]);
    let (plans, anew) = (vec![plan("db", &[])], names(&["db"]));
    assert_eq!(
        world.step(MachineEvent::Restart { batch: 4, plans, anew, named: Vec::new() }),
        ["2 undone: db"]
    );
    assert_eq!(world.ended("mail", ServiceExit::Signal(15)), ["3 done"]);
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["launch db"]);
}

#[test]
fn plans_of_different_ages_that_need_each_other_stop_all_the_same() {
    let mut world = World::default();
    world.up(1, &[plan("api", &["web"]), plan("web", &[]), plan("db", &["api"])]);
    for name in ["web", "api", "db"] {
        world.well(name);
    }
    // The need was turned round meanwhile, and one of them restarted.
    let (plans, anew) = (vec![plan("api", &[]), plan("web", &["api"])], names(&["web"]));
    assert_eq!(world.step(MachineEvent::Restart { batch: 2, plans, anew, named: Vec::new() }), ["stop web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["launch web"]);
    world.well("web");
    assert_eq!(world.step(stop(3)), ["stop db"], "what nobody needs still goes first");
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["stop api"]);
    assert_eq!(world.ended("api", ServiceExit::Signal(15)), ["stop web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["3 done"]);
}

#[test]
fn what_somebody_was_told_is_ready_stays_when_the_start_of_another_fails() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("web", &["db"])]);
    world.up(2, &[plan("db", &[])]);
    assert_eq!(world.well("db"), ["launch web", "2 done"]);
    assert_eq!(world.ended("web", ServiceExit::Status(1)), ["1 failed: web ended with status 1"]);
    assert_eq!(world.state("db"), ServiceState::Ready);
}

#[test]
fn what_a_restart_waits_for_stays_when_a_start_of_it_fails() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("web", &[])]);
    let (plans, anew) = (vec![plan("api", &["db"]), plan("db", &[])], names(&["api"]));
    assert_eq!(
        world.step(MachineEvent::Restart { batch: 2, plans, anew, named: Vec::new() }),
        Vec::<String>::new()
    );
    assert_eq!(world.step(MachineEvent::Abandon { batch: 1 }), ["stop web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["1 ended"]);
    assert_eq!(world.well("db"), ["launch api"]);
    assert_eq!(world.well("api"), ["2 done"]);
}

#[test]
fn nothing_is_due_while_a_start_is_taken_back() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("web", &[])]);
    world.ended("db", ServiceExit::Status(3));
    assert_eq!(world.after(500), ["stop web"]);
    assert_eq!(world.fleet.next_deadline(), None);
}

#[test]
fn nothing_is_due_while_a_stop_cuts_off_a_start_that_waits() {
    let mut world = World::default();
    world.step(MachineEvent::Start {
        batch: 1,
        plans: vec![plan("web", &[])],
        wait: true,
        named: Vec::new(),
    });
    world.well("web");
    assert_eq!(world.fleet.next_deadline(), Some(CALM));
    assert_eq!(world.step(stop(2)), ["stop web"]);
    assert_eq!(world.fleet.next_deadline(), None);
}

#[test]
fn a_failure_that_somebody_mends_within_the_grace_is_forgotten() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("web", &[])]);
    assert_eq!(world.ended("db", ServiceExit::Status(3)), Vec::<String>::new());
    assert_eq!(world.up(2, &[plan("db", &[])]), ["launch db"]);
    assert_eq!(world.fleet.next_deadline(), Some(Duration::from_mins(1)), "only the starts are due");
    world.after(10_000);
    assert_eq!(world.ended("db", ServiceExit::Status(3)), ["2 failed: db ended with status 3"]);
    assert_eq!(world.after(499), Vec::<String>::new(), "web has its half second anew");
    assert_eq!(world.after(1), ["stop web"]);
}

#[test]
fn a_job_that_is_done_stays_done_for_a_start_that_only_shows_it_elsewhere() {
    let mut world = World::default();
    let job = ServicePlan { port: None, ..plan("job", &[]) };
    world.up(1, &[job.clone(), plan("web", &[])]);
    world.well("web");
    assert_eq!(world.ended("job", ServiceExit::Status(0)), ["1 done"]);
    let shown = ServicePlan { terminal: true, ..job.clone() };
    assert_eq!(world.up(2, &[shown, plan("web", &[])]), ["2 done"]);
    let other = ServicePlan { words: vec!["another".to_owned()], ..job };
    assert_eq!(world.up(3, &[other, plan("web", &[])]), ["launch job"]);
}

#[test]
fn each_phase_says_how_the_service_stands() {
    let since = Duration::from_secs(5);
    let started = since + Duration::from_mins(1);
    for (phase, state, is_running, is_resting, deadline) in [
        (Phase::Stopped, ServiceState::Stopped, false, true, None),
        (Phase::Waiting, ServiceState::Starting, false, false, None),
        (Phase::SettingUp, ServiceState::Starting, true, false, None),
        (Phase::Starting { since }, ServiceState::Starting, true, false, Some(started)),
        (Phase::Ready { since }, ServiceState::Ready, true, false, None),
        (Phase::Unhealthy { since }, ServiceState::Unhealthy, true, false, None),
        (Phase::Stopping { then: NextPhase::Again }, ServiceState::Stopping, true, false, None),
        (Phase::Backoff { until: since }, ServiceState::Backoff, false, false, None),
        (Phase::Failed, ServiceState::Failed, false, true, None),
        (Phase::Completed, ServiceState::Completed, false, true, None),
        (Phase::Asleep, ServiceState::Asleep, false, false, None),
    ] {
        let mut service = SupervisedService::new(plan("web", &[]), false);
        service.phase = phase;
        assert_eq!(service.state(), state, "{phase:?}");
        assert_eq!((service.is_running(), service.is_resting()), (is_running, is_resting), "{phase:?}");
        assert_eq!(service.start_deadline(), deadline, "{phase:?}");
        service.leaving = Some(NextPhase::Stopped);
        assert_eq!(service.start_deadline(), None, "{phase:?}: it is on its way out");
    }
}

#[test]
fn a_service_has_its_ports_and_those_of_its_next_start() {
    let extra = |port| ExtraPort {
        name: "admin".parse().unwrap(),
        port: Port::new(port).unwrap(),
        variable: None,
        is_awaited: false,
    };
    let with = |port, further| ServicePlan {
        port: Port::new(port),
        extra_ports: vec![extra(further)],
        ..plan("web", &[])
    };
    let mut service = SupervisedService::new(with(5000, 5001), false);
    let ports = |service: &SupervisedService| service.ports().map(Port::number).collect::<Vec<_>>();
    assert_eq!(ports(&service), [5000, 5001]);
    service.next = Some(with(5002, 5003));
    assert_eq!(ports(&service), [5000, 5001, 5002, 5003]);
}

#[test]
fn what_nobody_waits_for_goes_on_waiting_and_fails_once_somebody_does() {
    let mut world = World::default();
    let db = plan("db", &[]);
    let mut web = plan("web", &["db"]);
    web.needs.insert("db".parse().unwrap(), Condition::Completed);
    world.up(1, std::slice::from_ref(&db));
    let plans = vec![db, web];
    let restart =
        MachineEvent::Restart { batch: 2, plans: plans.clone(), anew: names(&["web"]), named: Vec::new() };
    assert_eq!(world.step(restart), Vec::<String>::new());
    assert_eq!(world.step(MachineEvent::Abandon { batch: 2 }), ["2 ended"]);
    assert_eq!(world.well("db"), ["1 done"]);
    assert_eq!(world.up(3, &[plan("mail", &[])]), ["launch mail"]);
    assert_eq!(world.state("web"), ServiceState::Starting);
    world.up(4, &plans);
    assert_eq!(world.state("web"), ServiceState::Failed);
    assert_eq!(world.reason("web"), "needs `db`, which is to complete, and is a server that goes on");
}
