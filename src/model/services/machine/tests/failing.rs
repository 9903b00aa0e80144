//! What fails: for which reasons, which of them are told, and what a named service changes.

use super::*;
use crate::model::port::Port;

#[test]
fn a_server_that_ends_before_it_listens_has_failed_whatever_its_status() {
    let mut world = World::default();
    world.up(1, &[plan("web", &[])]);
    let failed = world.ended("web", ServiceExit::Status(0));
    assert_eq!(failed, ["1 failed: web ended with status 0 before it listened on 5000"]);
}

#[test]
fn a_start_that_takes_too_long_is_ended_and_says_why() {
    let mut world = World::default();
    world.up(1, &[plan("web", &[])]);
    world.unwell("web");
    assert_eq!(world.after(60_000), ["stop web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["1 failed: web not ready within 60s: 503"]);
}

#[test]
fn several_bad_answers_make_a_ready_service_unhealthy_and_good_ones_ready_again() {
    let mut world = three_up();
    world.unwell("db");
    assert_eq!((world.state("db"), world.reason("db")), (ServiceState::Ready, "503 (1 of 3 in a row)"));
    world.well("db");
    for _ in 0..3 {
        assert_eq!(world.unwell("db"), Vec::<String>::new());
    }
    assert_eq!((world.state("db"), world.reason("db")), (ServiceState::Unhealthy, "503"));
    world.well("db");
    assert_eq!((world.state("db"), world.reason("db")), (ServiceState::Ready, ""));
}

#[test]
fn an_unhealthy_service_with_a_policy_is_started_anew() {
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::OnFailure)]);
    world.well("web");
    world.unwell("web");
    world.unwell("web");
    assert_eq!(world.unwell("web"), ["stop web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), Vec::<String>::new());
    assert_eq!((world.state("web"), world.reason("web")), (ServiceState::Backoff, "503"));
    assert_eq!(world.after(500), ["launch web"]);
}

fn launch_failed(service: &str) -> MachineEvent {
    let reason = "no such command".to_owned();
    MachineEvent::LaunchFailed { service: service.parse().unwrap(), reason, is_final: true }
}

#[test]
fn a_launch_that_fails_for_something_that_may_pass_is_tried_again_up_to_the_limit() {
    let lost = || MachineEvent::LaunchFailed {
        service: "web".parse().unwrap(),
        reason: "the disk of its log is full".to_owned(),
        is_final: false,
    };
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::Always)]);
    for pause in [500, 1000, 2000] {
        assert_eq!(world.step(lost()), Vec::<String>::new());
        assert_eq!(world.state("web"), ServiceState::Backoff);
        assert_eq!(world.after(pause), ["launch web"]);
    }
    let failed = world.step(lost());
    assert_eq!(failed, ["1 failed: web the disk of its log is full; 3 restarts in a row did not help"]);
    let mut world = World::default();
    world.up(1, &[plan("web", &[])]);
    assert_eq!(world.step(lost()), ["1 failed: web the disk of its log is full"], "there is no policy");
}

#[test]
fn all_that_fail_at_about_the_same_time_are_told_the_causes_first() {
    let mut world = World::default();
    world.up(1, &[plan("api", &["db"]), plan("db", &[]), plan("mail", &[]), plan("web", &[])]);
    assert_eq!(world.ended("db", ServiceExit::Status(3)), Vec::<String>::new(), "mail and web may fail too");
    world.after(499);
    assert_eq!(world.step(launch_failed("mail")), Vec::<String>::new());
    assert_eq!(
        world.ended("web", ServiceExit::Status(4)),
        [
            "1 failed: db ended with status 3, mail no such command, web ended with status 4, api needs `db`, which failed"
        ]
    );
    assert_eq!((world.reason("db"), world.reason("web")), ("ended with status 3", "ended with status 4"));
}

#[test]
fn others_are_waited_for_only_briefly_once_one_failed() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("web", &[])]);
    assert_eq!(world.ended("db", ServiceExit::Status(3)), Vec::<String>::new());
    assert_eq!(world.fleet.next_deadline(), Some(GRACE));
    assert_eq!(world.after(500), ["stop web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["1 failed: db ended with status 3"]);
    assert_eq!((world.state("web"), world.reason("web")), (ServiceState::Stopped, ""));
}

#[test]
fn a_service_that_is_not_critical_fails_the_wish_that_names_it() {
    let mail = || ServicePlan { critical: false, ..plan("mail", &["db"]) };
    let plans = || vec![plan("db", &[]), mail()];
    for (named, answer) in [(vec![], "1 done"), (vec!["mail".parse().unwrap()], "stop db")] {
        let mut world = World::default();
        world.step(MachineEvent::Start { batch: 1, plans: plans(), wait: false, named: named.clone() });
        world.well("db");
        assert_eq!(world.ended("mail", ServiceExit::Status(1)), [answer]);
        let mut world = World::default();
        let anew = vec!["mail".parse().unwrap()];
        world.step(MachineEvent::Restart { batch: 1, plans: plans(), anew, named: named.clone() });
        world.well("db");
        let answer = if named.is_empty() { "1 done" } else { "1 failed: mail ended with status 1" };
        assert_eq!(world.ended("mail", ServiceExit::Status(1)), [answer]);
    }
}

#[test]
fn what_needs_an_unhealthy_service_is_told_at_once_and_not_waited_for() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[])]);
    world.well("db");
    for _ in 0..3 {
        world.unwell("db");
    }
    let both = [plan("db", &[]), plan("web", &["db"])];
    assert_eq!(world.up(2, &both), ["2 failed: web needs `db`, which is unhealthy: 503"]);
    assert_eq!(world.state("db"), ServiceState::Unhealthy);
    world.well("db");
    assert_eq!(world.up(3, &both), ["launch web"]);
}

#[test]
fn an_unhealthy_service_that_is_not_critical_holds_nobody_up() {
    let mut world = World::default();
    let mail = ServicePlan { critical: false, ..plan("mail", &[]) };
    world.up(1, std::slice::from_ref(&mail));
    world.well("mail");
    for _ in 0..3 {
        world.unwell("mail");
    }
    assert_eq!(world.up(2, &[mail, plan("web", &["mail"])]), ["launch web"]);
}

#[test]
fn what_starts_again_by_itself_waits_until_what_it_needs_is_well_again() {
    let mut world = World::default();
    let web = ServicePlan { needs: plan("web", &["db"]).needs, ..restarting("web", RestartPolicy::Always) };
    world.up(1, &[plan("db", &[]), web]);
    world.well("db");
    world.well("web");
    for _ in 0..3 {
        world.unwell("db");
    }
    world.ended("web", ServiceExit::Status(1));
    assert_eq!(world.after(500), Vec::<String>::new());
    assert_eq!(world.state("web"), ServiceState::Starting);
    assert_eq!(world.well("db"), ["launch web"]);
}

#[test]
fn the_end_of_a_server_is_not_waited_for_and_that_of_a_job_is() {
    for (port, answer) in [
        (
            Port::new(5000),
            vec!["1 failed: web needs `db`, which is to complete, and is a server that goes on"],
        ),
        (None, vec![]),
    ] {
        let mut world = World::default();
        let mut web = plan("web", &[]);
        web.needs.insert("db".parse().unwrap(), Condition::Completed);
        world.up(1, &[ServicePlan { port, ..plan("db", &[]) }, web]);
        let mut said = world.well("db");
        if said == ["stop db"] {
            said = world.ended("db", ServiceExit::Signal(15));
        }
        assert_eq!(said, answer);
    }
}

#[test]
fn a_run_that_lasted_makes_the_count_begin_anew_also_where_it_ended_unhealthy() {
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::OnFailure)]);
    for _ in 0..9 {
        world.well("web");
        world.after(10_000);
        world.well("web");
        for _ in 0..3 {
            world.after(10_000);
            world.unwell("web");
        }
        world.ended("web", ServiceExit::Signal(15));
        assert_eq!(world.after(500), ["launch web"], "the first pause each time");
    }
    for pause in [1000, 2000] {
        world.well("web");
        for _ in 0..3 {
            world.after(10_000);
            world.unwell("web");
        }
        assert_eq!(world.state("web"), ServiceState::Stopping);
        world.ended("web", ServiceExit::Signal(15));
        assert_eq!(world.after(pause), ["launch web"], "one that was never well again has not lasted");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_not_tried_again() {
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::Always)]);
    let reason = "`nothing` cannot be run: there is no such command".to_owned();
    let failed =
        world.step(MachineEvent::LaunchFailed { service: "web".parse().unwrap(), reason, is_final: true });
    assert_eq!(failed, ["1 failed: web `nothing` cannot be run: there is no such command"]);
}

#[test]
fn a_service_that_is_lost_dooms_those_that_wait_for_it() {
    let mut world = World::default();
    assert_eq!(world.up(1, &[plan("web", &["gone"])]), ["1 failed: web needs `gone`, which is not there"]);
}
