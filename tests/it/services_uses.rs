//! When a worktree's use of a shared service begins and ends: a start that fails or is interrupted, and the waits for another `wt`.

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::Sandbox;
use crate::support::services::{Fleet, is_running};
use crate::support::wait::{end_of, until};

const CONFIG: &str = "[service.queue]\nshared = true\nlistens = false\nrun = \"sleep 1000\"\n\
                      [service.api]\nrun = \"sleep 1000\"\nlistens = false\ndepends_on = [\"queue\"]\n\
                      [service.bad]\nrun = \"wt-no-such-program\"\nlistens = false\ndepends_on = [\"queue\", \"store\"]\n\
                      [service.store]\nshared = true\nlistens = false\nrun = \"sleep 1000\"\n";

#[test]
fn a_start_that_fails_ends_the_use_that_it_began_and_nothing_that_runs_here_needs() {
    let sandbox = Sandbox::new();
    let one = sandbox.fleet("one", CONFIG);
    let stands = |service: &str| {
        let service = one.service(service);
        (service["state"].as_str().unwrap().to_owned(), service["shared_by"].as_u64().unwrap())
    };
    let (unused, used) = (("stopped".to_owned(), 0), ("ready".to_owned(), 1));
    one.wt(&["restart", "bad"]).exits(1);
    assert_eq!((stands("queue"), stands("store")), (unused.clone(), unused.clone()));

    one.wt(&["up", "api"]).ok();
    let queue = one.pid("queue");
    for failing in [&["up", "--foreground", "bad"][..], &["restart", "bad"]] {
        one.wt(failing).exits(1);
        assert_eq!((stands("queue"), stands("store")), (used.clone(), unused.clone()), "{failing:?}");
        assert!(one.pid("queue") == queue && one.state("api").0 == "ready", "{failing:?}");
    }
    // Whatever a failed start leaves running has what it needs.
    one.wt(&["down"]).ok();
    one.wt(&["up", "api", "bad"]).exits(1);
    let is_there = one.state("api").0 == "ready";
    assert_eq!(stands("queue"), if is_there { used } else { unused });
}

#[test]
fn a_start_waits_for_no_service_of_another_ones_own_and_takes_back_its_use_behind_whoever_is_first() {
    let sandbox = Sandbox::new();
    let go = sandbox.path("go");
    let (go, until_go) = (&go, format!("while ! [ -e {} ]; do sleep 0.01; done", go.display()));
    let slow = json!(format!("sh -c {}", json!(format!("trap '{until_go}; exit' TERM; sleep 1000 & wait"))));
    let config = format!(
        "[service.queue]\nshared = true\nlistens = false\nrun = \"sleep 1000\"\n\
         [service.gate]\nshared = true\nlistens = false\nrun = \"sleep 1000\"\n\
         health = {{ command = \"test -e {gate}\", interval = \"100ms\", start_timeout = \"5m\" }}\n\
         [service.api]\nrun = {slow}\nlistens = false\ndepends_on = [\"queue\"]\nstop = {{ timeout = \"5m\" }}\n\
         [service.never]\nrun = \"sleep 1000\"\nlistens = false\ndepends_on = [\"queue\"]\n\
         health = {{ command = \"false\", interval = \"100ms\", start_timeout = \"5m\" }}\n",
        gate = go.display(),
    );
    let one = sandbox.fleet("one", &config);
    sandbox.wt(&["create", "two"]).ok();
    let two = Fleet { sandbox: &sandbox, folder: sandbox.worktree("feature-two") };
    let main = Fleet { sandbox: &sandbox, folder: sandbox.repo() };
    let begin = |fleet: &Fleet<'_>, arguments: &[&str]| -> Child {
        let mut command = sandbox.command(&fleet.folder, arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };

    let mut ends = Vec::new();
    for (fleet, down) in [(&one, &["down"][..]), (&main, &["down", "api"])] {
        fleet.wt(&["up", "api"]).ok();
        ends.push(begin(fleet, down));
        until("the begin of its end", || fleet.state("api").0 == "stopping");
    }
    let mut starting = begin(&two, &["up", "never"]);
    until("a start beside these ends", || two.state("never").0 == "starting");
    assert!(ends.iter_mut().all(|end| end.try_wait().unwrap().is_none()));

    let mut first = begin(&one, &["up", "gate"]);
    until("the start of what serves all", || one.state("gate").0 == "starting");
    kill_process(Pid::from_child(&starting), Signal::INT).unwrap();
    until("what the interrupted start takes back first", || two.state("never").0 == "stopped");
    fs::write(go, "").unwrap();
    assert_eq!(end_of(&mut starting).code(), Some(130));
    for child in ends.iter_mut().chain([&mut first]) {
        assert!(end_of(child).success());
    }
    // The main worktree's own use is left alone.
    assert_eq!(two.service("queue")["shared_by"], 1);
    let queue = two.pid("queue");
    main.wt(&["down"]).ok();
    assert!(!is_running(queue));
}
