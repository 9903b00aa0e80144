//! What became of services is written down: each change, each conflict, and why a supervisor had to begin anew.

use std::fs;

use crate::support::holder::{Hold, hold};
use crate::support::services::{is_running, kill};
use crate::support::wait::until;
use crate::support::{Sandbox, services::Fleet};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

/// What became of `web`, as the events have it.
fn changes(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter().filter(|event| event["kind"] == "service");
    events.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

fn log(fleet: &Fleet<'_>) -> String {
    fs::read_to_string(fleet.sandbox.services_of("feature-one").join("supervisor.log")).unwrap()
}

#[test]
fn every_change_of_a_service_is_an_event_and_a_line_of_the_log() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    until("its start", || changes(&sandbox) == ["started", "ready"]);
    kill(fleet.pid("web"));
    until("its end", || changes(&sandbox) == ["started", "ready", "crashed", "failed"]);
    let event = sandbox.events().into_iter().rfind(|event| event["state"] == "failed").unwrap();
    assert_eq!((&event["service"], &event["from"]), (&"web".into(), &"ready".into()), "{event}");
    assert_eq!(
        (&event["worktree"], &event["port"]),
        (&"feature-one".into(), &sandbox.port(0).into()),
        "{event}"
    );
    assert!(event["reason"].as_str().unwrap().contains("signal KILL"), "{event}");
    let log = log(&fleet);
    assert!(log.contains("web ready after") && log.contains("web failed: was ended by signal KILL"), "{log}");
}

#[test]
fn the_log_says_that_a_supervisor_ended_without_a_word() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let supervisor = fleet.supervisor().unwrap();
    kill(supervisor);
    until("its end", || !is_running(supervisor));
    fleet.wt(&["down"]).ok();
    let log = log(&fleet);
    assert!(log.contains(&format!("pid {supervisor} did before, and ended without a word")), "{log}");
    assert!(log.contains("another one took over web"), "{log}");
}

#[test]
fn conflicts_met_by_up_and_run_are_in_the_history() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let port = sandbox.port(0);
    let _stranger = hold("127.0.0.1", port, Hold::Listen).unwrap();
    let told = |words: &str| {
        let history = sandbox.wt(&["ports", "history", "--port", &port.to_string()]).ok();
        history.stdout.matches(words).count()
    };
    fleet.wt(&["run", "--service", "web", "true"]).exits(1);
    assert_eq!(told("of a run"), 1);
    fleet.wt(&["up"]).exits(1);
    until("the event", || told("of `web` is held by") == 1);
}
