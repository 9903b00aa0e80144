//! The machine against every promise about order, taking back, restarts and limits.

use super::super::plan::{Condition, RestartPolicy, Restarting};
use super::super::sample::plan;
use super::super::state::ServiceState;
use super::*;

mod failing;
mod meeting;
mod saying;
mod sleeping;

fn restarting(name: &str, policy: RestartPolicy) -> ServicePlan {
    let usual = plan(name, &[]);
    ServicePlan { restart: Restarting { policy, ..usual.restart }, ..usual }
}

impl Fleet {
    fn step(&mut self, event: MachineEvent, now: Duration) -> Vec<MachineAction> {
        self.step_all(vec![event], now)
    }
}

/// A fleet with a clock of its own.
#[derive(Default)]
struct World {
    fleet: Fleet,
    now: Duration,
}

impl World {
    fn up(&mut self, batch: BatchId, plans: &[ServicePlan]) -> Vec<String> {
        self.step(MachineEvent::Start { batch, plans: plans.to_vec(), wait: false, named: Vec::new() })
    }

    fn step(&mut self, event: MachineEvent) -> Vec<String> {
        self.fleet.step(event, self.now).iter().map(words).collect()
    }

    fn well(&mut self, service: &str) -> Vec<String> {
        self.step(MachineEvent::Seen { service: service.parse().unwrap(), sight: LookResult::Well })
    }

    fn unwell(&mut self, service: &str) -> Vec<String> {
        let sight = LookResult::Unwell("503".to_owned());
        self.step(MachineEvent::Seen { service: service.parse().unwrap(), sight })
    }

    fn ended(&mut self, service: &str, exit: ServiceExit) -> Vec<String> {
        self.step(MachineEvent::Ended { service: service.parse().unwrap(), exit })
    }

    fn after(&mut self, milliseconds: u64) -> Vec<String> {
        self.now += Duration::from_millis(milliseconds);
        self.step(MachineEvent::Tick)
    }

    fn service(&self, name: &str) -> &SupervisedService {
        &self.fleet.services()[&name.parse().unwrap()]
    }

    fn state(&self, name: &str) -> ServiceState {
        self.service(name).state()
    }

    fn reason(&self, name: &str) -> &str {
        self.service(name).reason.as_deref().unwrap_or_default()
    }
}

fn words(action: &MachineAction) -> String {
    match action {
        MachineAction::SetUp(name) => format!("set up {name}"),
        MachineAction::Launch(name) => format!("launch {name}"),
        MachineAction::Stop(name) => format!("stop {name}"),
        MachineAction::Settled { batch, outcome: BatchOutcome::Done } => format!("{batch} done"),
        MachineAction::Settled { batch, outcome: BatchOutcome::Ended } => format!("{batch} ended"),
        MachineAction::Settled { batch, outcome: BatchOutcome::Undone(names) } => {
            let names: Vec<&str> = names.iter().map(ServiceName::as_str).collect();
            format!("{batch} undone: {}", names.join(", "))
        }
        MachineAction::Settled { batch, outcome: BatchOutcome::Failed(failures) } => {
            let failures: Vec<String> =
                failures.iter().map(|failure| format!("{} {}", failure.service, failure.reason)).collect();
            format!("{batch} failed: {}", failures.join(", "))
        }
    }
}

fn stop(batch: BatchId) -> MachineEvent {
    MachineEvent::Stop { batch, services: Vec::new() }
}

fn three() -> [ServicePlan; 3] {
    [plan("api", &["db"]), plan("db", &[]), plan("web", &["api"])]
}

fn three_up() -> World {
    let mut world = World::default();
    world.up(1, &three());
    for name in ["db", "api", "web"] {
        world.well(name);
    }
    world
}

#[test]
fn services_start_as_soon_as_what_they_need_is_ready_and_not_before() {
    let mut world = World::default();
    let mut plans = three().to_vec();
    plans.push(plan("mail", &[]));
    assert_eq!(world.up(1, &plans), ["launch db", "launch mail"]);
    assert_eq!(world.well("mail"), Vec::<String>::new());
    assert_eq!(world.well("db"), ["launch api"]);
    assert_eq!(world.state("web"), ServiceState::Starting);
    assert_eq!(world.well("api"), ["launch web"]);
    assert_eq!(world.well("web"), ["1 done"]);
    assert_eq!(world.state("web"), ServiceState::Ready);
}

#[test]
fn a_dependency_may_be_met_by_a_start_or_an_end() {
    let mut world = World::default();
    let job = ServicePlan { port: None, ..plan("job", &[]) };
    let mut late = plan("late", &["job"]);
    late.needs.insert("job".parse().unwrap(), Condition::Completed);
    let mut early = plan("early", &["job"]);
    early.needs.insert("job".parse().unwrap(), Condition::Started);
    assert_eq!(world.up(1, &[job, late, early]), ["launch job", "launch early"]);
    assert_eq!(world.well("job"), Vec::<String>::new(), "running is not completed");
    assert_eq!(world.ended("job", ServiceExit::Status(0)), ["launch late"]);
    assert_eq!(world.state("job"), ServiceState::Completed);
}

#[test]
fn a_setup_runs_once_before_the_first_start() {
    let mut world = World::default();
    let with_setup = ServicePlan { setup: Some(vec!["initdb".to_owned()]), ..plan("db", &[]) };
    assert_eq!(world.up(1, std::slice::from_ref(&with_setup)), ["set up db"]);
    assert_eq!(world.ended("db", ServiceExit::Status(0)), ["launch db"]);
    assert_eq!(world.well("db"), ["1 done"]);
    assert_eq!(world.step(stop(2)), ["stop db"]);
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["2 done"]);
    assert_eq!(world.up(3, &[with_setup]), ["launch db"], "it was done before");
}

#[test]
fn a_setup_that_fails_fails_the_service() {
    let mut world = World::default();
    let with_setup = ServicePlan { setup: Some(vec!["initdb".to_owned()]), ..plan("db", &[]) };
    world.up(1, &[with_setup]);
    assert_eq!(world.ended("db", ServiceExit::Status(1)), ["1 failed: db its setup ended with status 1"]);
    assert!(!world.service("db").is_set_up);
}

#[test]
fn a_failed_start_takes_back_what_it_started_in_reverse() {
    let mut world = World::default();
    world.up(1, &three());
    world.well("db");
    world.well("api");
    assert_eq!(world.ended("web", ServiceExit::Status(3)), ["stop api"], "db is needed until api is gone");
    assert_eq!(world.ended("api", ServiceExit::Signal(15)), ["stop db"]);
    assert_eq!(world.ended("db", ServiceExit::Status(143)), ["1 failed: web ended with status 3"]);
    assert_eq!(world.state("web"), ServiceState::Failed);
    assert_eq!((world.state("api"), world.state("db")), (ServiceState::Stopped, ServiceState::Stopped));
    assert!(world.fleet.is_idle());
}

#[test]
fn what_ran_before_survives_a_failed_start() {
    let mut world = World::default();
    world.up(1, &[plan("db", &[])]);
    world.well("db");
    world.up(2, &three());
    assert_eq!(
        world.ended("api", ServiceExit::Status(1)),
        ["2 failed: api ended with status 1, web needs `api`, which failed"]
    );
    assert_eq!(world.state("db"), ServiceState::Ready);
    assert_eq!(world.state("web"), ServiceState::Failed);
    assert_eq!(world.reason("web"), "needs `api`, which failed");
}

#[test]
fn of_two_starts_at_once_the_one_that_goes_on_inherits() {
    let mut world = World::default();
    assert_eq!(world.up(1, &three()), ["launch db"]);
    assert_eq!(world.up(2, &[plan("db", &[])]), Vec::<String>::new(), "nothing is started twice");
    assert_eq!(world.step(MachineEvent::Abandon { batch: 1 }), ["1 ended"]);
    assert_eq!(world.well("db"), ["2 done"]);
    assert_eq!(world.state("web"), ServiceState::Stopped);
    assert_eq!(world.step(MachineEvent::Abandon { batch: 2 }), Vec::<String>::new(), "settled already");
}

#[test]
fn a_service_that_is_not_critical_holds_nobody_up() {
    let mut world = World::default();
    let mail = ServicePlan { critical: false, ..plan("mail", &[]) };
    world.up(1, &[mail, plan("web", &["mail"])]);
    assert_eq!(world.ended("mail", ServiceExit::Status(1)), ["launch web"]);
    assert_eq!(world.well("web"), ["1 done"]);
    assert_eq!((world.state("mail"), world.reason("mail")), (ServiceState::Failed, "ended with status 1"));
}

#[test]
fn a_stop_goes_in_reverse_and_a_signal_is_no_failure_then() {
    for exit in [
        ServiceExit::Signal(15),
        ServiceExit::Status(143),
        ServiceExit::Status(130),
        ServiceExit::Status(1),
        ServiceExit::Unknown,
    ] {
        let mut world = three_up();
        assert_eq!(world.step(stop(2)), ["stop web"]);
        assert_eq!(world.ended("web", exit), ["stop api"]);
        assert_eq!(world.ended("api", exit), ["stop db"]);
        assert_eq!(world.ended("db", exit), ["2 done"]);
        for name in ["db", "api", "web"] {
            assert_eq!((world.state(name), world.reason(name)), (ServiceState::Stopped, ""));
        }
    }
}

#[test]
fn a_stop_while_starting_ends_the_start_too() {
    let mut world = World::default();
    world.up(1, &three());
    assert_eq!(world.step(stop(2)), ["stop db"]);
    let ended = world.ended("db", ServiceExit::Signal(15));
    assert!(ended.contains(&"1 ended".to_owned()) && ended.contains(&"2 done".to_owned()), "{ended:?}");
}

#[test]
fn a_crash_is_followed_by_longer_and_longer_pauses_up_to_the_limit() {
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::OnFailure)]);
    for (number, pause) in [500, 1000, 2000].into_iter().enumerate() {
        assert_eq!(world.ended("web", ServiceExit::Status(7)), Vec::<String>::new());
        assert_eq!(world.state("web"), ServiceState::Backoff);
        assert_eq!(world.fleet.next_deadline(), Some(world.now + Duration::from_millis(pause)));
        assert_eq!(world.after(pause - 1), Vec::<String>::new());
        assert_eq!(world.after(1), ["launch web"]);
        assert_eq!(world.service("web").restarts, u32::try_from(number).unwrap() + 1);
    }
    let failed = world.ended("web", ServiceExit::Status(7));
    assert_eq!(failed, ["1 failed: web ended with status 7; 3 restarts in a row did not help"]);
}

#[test]
fn a_run_that_lasted_makes_the_count_begin_anew() {
    let mut world = World::default();
    world.up(1, &[restarting("web", RestartPolicy::OnFailure)]);
    for _ in 0..9 {
        world.well("web");
        world.after(10_000);
        world.ended("web", ServiceExit::Signal(9));
        assert_eq!(world.reason("web"), "was ended by signal KILL");
        assert_eq!(world.after(500), ["launch web"], "the first pause each time");
    }
    assert_eq!(world.service("web").restarts, 9);
}

#[test]
fn without_a_policy_a_crash_is_final() {
    let mut world = three_up();
    assert_eq!(world.ended("api", ServiceExit::Signal(9)), Vec::<String>::new());
    assert_eq!(world.state("api"), ServiceState::Failed);
    assert_eq!((world.state("db"), world.state("web")), (ServiceState::Ready, ServiceState::Ready));
}

#[test]
fn a_good_end_is_completed_unless_it_is_to_run_always() {
    let mut world = World::default();
    world.up(1, &[restarting("job", RestartPolicy::OnFailure), restarting("loop", RestartPolicy::Always)]);
    world.well("job");
    world.well("loop");
    world.ended("job", ServiceExit::Status(0));
    world.ended("loop", ServiceExit::Status(0));
    assert_eq!((world.state("job"), world.state("loop")), (ServiceState::Completed, ServiceState::Backoff));
}

#[test]
fn a_restart_stops_in_reverse_and_starts_in_order_with_the_new_plan() {
    let mut world = three_up();
    let plans = three().map(|plan| ServicePlan { words: vec!["new".to_owned()], ..plan });
    let anew = ["api", "web"].map(|name| name.parse().unwrap()).to_vec();
    assert_eq!(
        world.step(MachineEvent::Restart { batch: 2, plans: plans.to_vec(), anew, named: Vec::new() }),
        ["stop web"]
    );
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["stop api"]);
    assert_eq!(world.ended("api", ServiceExit::Signal(15)), ["launch api"]);
    assert_eq!(world.well("api"), ["launch web"]);
    assert_eq!(world.well("web"), ["2 done"]);
    assert_eq!(world.service("api").plan.words, ["new"]);
    assert_eq!(world.service("db").plan.words, ["db"], "it was only needed");
}

#[test]
fn a_restart_of_what_failed_starts_it() {
    let mut world = World::default();
    world.up(1, &[plan("web", &[])]);
    world.ended("web", ServiceExit::Status(1));
    let anew = vec!["web".parse().unwrap()];
    let actions = world.step(MachineEvent::Restart {
        batch: 2,
        plans: vec![plan("web", &[])],
        anew,
        named: Vec::new(),
    });
    assert_eq!(actions, ["launch web"]);
    assert_eq!(world.ended("web", ServiceExit::Status(1)), ["2 failed: web ended with status 1"]);
}

#[test]
fn a_start_that_waits_is_settled_once_all_stayed_well() {
    let mut world = World::default();
    world.step(MachineEvent::Start {
        batch: 1,
        plans: vec![plan("web", &[])],
        wait: true,
        named: Vec::new(),
    });
    assert_eq!(world.well("web"), Vec::<String>::new());
    assert_eq!(world.after(1999), Vec::<String>::new());
    assert_eq!(world.after(1), ["1 done"]);
}

#[test]
fn a_start_of_what_is_just_ending_follows_its_end() {
    let mut world = three_up();
    world.step(stop(2));
    assert_eq!(world.up(3, &three()), ["2 undone: api, db, web"]);
    assert_eq!(world.ended("web", ServiceExit::Signal(15)), ["stop api"]);
    world.ended("api", ServiceExit::Signal(15));
    assert_eq!(world.ended("db", ServiceExit::Signal(15)), ["launch db"]);
}

#[test]
fn whoever_gives_up_on_a_stop_or_a_restart_is_answered_at_once_and_it_goes_on() {
    let mut world = three_up();
    assert_eq!(world.step(stop(2)), ["stop web"]);
    assert_eq!(world.step(MachineEvent::Abandon { batch: 2 }), ["2 ended"]);
    assert_eq!(world.ended("web", ServiceExit::Status(0)), ["stop api"]);
    let mut world = three_up();
    let anew = vec!["web".parse().unwrap()];
    assert_eq!(
        world.step(MachineEvent::Restart { batch: 2, plans: three().to_vec(), anew, named: Vec::new() }),
        ["stop web"]
    );
    assert_eq!(world.step(MachineEvent::Abandon { batch: 2 }), ["2 ended"]);
}
