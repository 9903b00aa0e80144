//! What is said while services start, crash and stop: each change once, in order.

use super::super::super::news;
use super::*;

impl World {
    fn said(&self, name: &str) -> String {
        news::said(self.service(name), self.fleet.services())
    }

    fn seen(&mut self, service: &str, sight: &str) {
        let sight = LookResult::Unwell(sight.to_owned());
        self.step(MachineEvent::Seen { service: service.parse().unwrap(), sight });
    }
}

#[test]
fn a_start_says_what_is_waited_for_and_how_long_it_took() {
    let mut world = World::default();
    let with_setup = ServicePlan { setup: Some(vec!["initdb".to_owned()]), ..plan("db", &[]) };
    world.up(1, &[with_setup, plan("mail", &[]), plan("web", &["db", "mail"])]);
    assert_eq!(world.said("db"), "starting: its setup runs");
    assert_eq!(world.said("web"), "waiting for `db`, `mail`");
    world.ended("db", ServiceExit::Status(0));
    world.seen("db", "nothing listens on 5000 yet");
    assert_eq!(world.said("db"), "starting");
    world.seen("db", "allocated 5000, listening on 5173");
    assert_eq!(world.said("db"), "starting: allocated 5000, listening on 5173");
    world.after(1250);
    world.well("db");
    assert_eq!(
        (world.said("db"), world.said("web")),
        ("ready after 1.3s".into(), "waiting for `mail`".into())
    );
    world.well("mail");
    assert_eq!(world.said("web"), "starting");
}

#[test]
fn a_crash_says_how_it_ended_and_when_it_is_tried_again() {
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::Always)]);
    world.ended("web", ServiceExit::Status(3));
    assert_eq!(world.said("web"), "crashed (exit 3), again in 500ms (1 of 3)");
    let reason = |world: &World| news::reason(world.service("web"), world.fleet.services());
    assert_eq!(reason(&world).unwrap(), "ended with status 3; again in 500ms (1 of 3)");
    world.after(500);
    assert_eq!(world.said("web"), "starting");
    world.seen("web", "port 5000 is held by python3, pid 7");
    world.ended("web", ServiceExit::Signal(9));
    let held = "port 5000 is held by python3, pid 7";
    assert_eq!(world.said("web"), format!("crashed (signal KILL; {held}), again in 1s (2 of 3)"));
    world.after(1000);
    world.well("web");
    world.ended("web", ServiceExit::Status(0));
    assert_eq!(world.said("web"), "ended (exit 0), again in 2s (3 of 3)");
    world.after(2000);
    world.ended("web", ServiceExit::Status(3));
    assert_eq!(world.said("web"), "failed: ended with status 3; 3 restarts in a row did not help");
}

#[test]
fn what_was_asked_to_end_is_stopping_until_nothing_of_it_runs() {
    let mut world = three_up();
    world.step(stop(2));
    assert_eq!((world.said("web"), world.state("web")), ("stopping".into(), ServiceState::Stopping));
    assert_eq!(world.state("api"), ServiceState::Ready, "it is needed until web is gone");
    world.ended("web", ServiceExit::Signal(15));
    assert_eq!((world.said("web"), world.said("api")), ("stopped".into(), "stopping".into()));
}

#[test]
fn a_restart_and_a_start_that_takes_too_long_are_stopping_in_between() {
    let mut world = three_up();
    let anew = vec!["web".parse().unwrap()];
    world.step(MachineEvent::Restart { batch: 2, plans: three().to_vec(), anew, named: Vec::new() });
    assert_eq!((world.said("web"), world.state("web")), ("stopping".into(), ServiceState::Stopping));
    world.ended("web", ServiceExit::Signal(15));
    assert_eq!((world.said("web"), world.state("web")), ("starting".into(), ServiceState::Starting));
    world.after(60_000);
    assert_eq!(
        (world.said("web"), world.state("web")),
        ("stopping: not ready within 60s".into(), ServiceState::Stopping)
    );
    world.ended("web", ServiceExit::Signal(15));
    assert_eq!(
        (world.said("web"), world.state("web")),
        ("failed: not ready within 60s".into(), ServiceState::Failed)
    );
}

#[test]
fn a_stop_of_some_leaves_the_others_alone() {
    let mut world = three_up();
    let named = vec!["db".parse().unwrap()];
    assert_eq!(world.step(MachineEvent::Stop { batch: 2, services: named }), ["stop db"]);
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["2 done"]);
    assert_eq!((world.state("api"), world.state("web")), (ServiceState::Ready, ServiceState::Ready));
}

#[test]
fn a_stop_of_some_ends_a_start_of_it_and_no_other() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[]), plan("web", &[])]);
    world.up(2, &[plan("web", &[])]);
    let named = vec!["db".parse().unwrap()];
    assert_eq!(world.step(MachineEvent::Stop { batch: 3, services: named }), ["stop db"]);
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["1 ended", "3 done"]);
    assert_eq!(world.well("web"), ["2 done"]);
}
