//! `wt list` shows how services stand now: asked of their supervisors and of the machine's sockets, never by memory alone.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::services::{Fleet, is_running, kill, signal};
use crate::support::skip;
use crate::support::terminal::Terminal;
use crate::support::wait;

const WEB: &str = "[service.web]\nrun = \"python3 -m http.server --bind 127.0.0.1 {{ port }}\"\n";

/// The port of the service as `wt list` has it.
#[track_caller]
fn listed(sandbox: &Sandbox, service: &str) -> Value {
    let answer = sandbox.json(&["list", "--all"]);
    let worktrees = answer["worktrees"].as_array().unwrap();
    let mut ports = worktrees.iter().flat_map(|worktree| worktree["ports"].as_array().unwrap());
    ports.find(|port| port["service"] == service).cloned().unwrap_or_else(|| panic!("no {service}: {answer}"))
}

fn screen(sandbox: &Sandbox) -> String {
    let mut command = sandbox.command(&sandbox.repo(), &["list"]);
    command.env("NO_COLOR", "1");
    Terminal::start(command).finish().1
}

/// The state of the last health that is on record for the first port of the first worktree.
fn recorded(sandbox: &Sandbox) -> Value {
    sandbox.living()[0]["allocations"][0]["health"]["state"].clone()
}

fn age_of(port: &Value) -> f64 {
    let checked: jiff::Timestamp = port["checked_at"].as_str().unwrap().parse().unwrap();
    jiff::Timestamp::now().duration_since(checked).as_secs_f64()
}

#[test]
fn a_service_is_shown_as_it_stands_and_what_is_on_record_follows_it() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", WEB);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let port = listed(&sandbox, "web");
    assert_eq!((&port["state"], &port["health"]), (&"stopped".into(), &Value::Null), "{port}");
    fleet.wt(&["up"]).ok();
    let port = listed(&sandbox, "web");
    assert_eq!(port["state"], "ready", "{port}");
    let mark = |sign: &str| format!("web:{}{sign}", port["port"]);
    assert!(screen(&sandbox).contains(&mark("● ")), "{}", screen(&sandbox));
    wait::until("the health to be recorded", || recorded(&sandbox) == "healthy");
    let allocation = sandbox.living()[0]["allocations"][0].clone();
    assert_eq!(
        (&allocation["health"]["level"], &allocation["health"]["pid"]),
        (&3.into(), &fleet.pid("web").into())
    );
    assert_eq!(allocation["last_listening"], allocation["health"]["checked_at"], "{allocation}");
    fleet.wt(&["down"]).ok();
    assert_eq!(listed(&sandbox, "web")["state"], "stopped");
    assert!(screen(&sandbox).contains(&mark("○ ")), "{}", screen(&sandbox));
    wait::until("the end to be recorded", || recorded(&sandbox) == "not_running");
}

#[test]
fn what_starts_and_what_was_given_up_are_told_apart() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'while test ! -e go; do sleep 0.05; done; exit 3'\"\n";
    let fleet = sandbox.fleet("one", config);
    let mut up = fleet.sandbox.command(&fleet.folder, &["up"]);
    let mut up = up.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let has_begun = || sandbox.json(&["list"]).to_string().contains("\"state\":\"starting\"");
    wait::until("it to start", has_begun);
    assert!(screen(&sandbox).contains('◐'), "{}", screen(&sandbox));
    std::fs::write(fleet.folder.join("go"), "").unwrap();
    wait::end_of(&mut up);
    assert_eq!(listed(&sandbox, "web")["state"], "failed");
    assert!(screen(&sandbox).contains('✗'), "{}", screen(&sandbox));
    wait::until("the failure to be recorded", || recorded(&sandbox) == "unhealthy");
}

/// Holds a supervisor still until the value goes.
struct Still(u32);

impl Still {
    fn hold(fleet: &Fleet<'_>) -> Self {
        let pid = fleet.supervisor().unwrap();
        signal(pid, Signal::STOP);
        Self(pid)
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        signal(self.0, Signal::CONT);
    }
}

#[test]
fn a_supervisor_that_does_not_answer_is_not_waited_for_and_its_record_is_shown_with_its_age() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", WEB);
    fleet.wt(&["up"]).ok();
    let _still = Still::hold(&fleet);
    let record = sandbox.services_of("feature-one").join("services.json");
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    std::fs::File::open(&record).unwrap().set_modified(hour_ago).unwrap();
    let port = listed(&sandbox, "web");
    assert_eq!(port["state"], "ready", "{port}");
    assert!(age_of(&port) > 3500.0, "nobody has seen it since: {port}");
    assert!(screen(&sandbox).contains(&format!("web:{}●(1h)", port["port"])), "{}", screen(&sandbox));
    let kept: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    let pid = kept["services"][0]["processes"][0]["pid"].as_u64().unwrap();
    kill(u32::try_from(pid).unwrap());
    wait::until("its end", || listed(&sandbox, "web")["state"] == "stopped");
}

#[test]
fn sockets_tell_of_servers_that_nobody_supervises() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    assert_eq!(listed(&sandbox, "web")["state"], "stopped");
    let folder = sandbox.worktree("feature-one");
    let port = sandbox.port(0);
    let Some(own) = sandbox.python_server(&folder, "127.0.0.1", &[port]) else { return skip("no python3") };
    assert_eq!(listed(&sandbox, "web")["state"], "ready");
    drop(own);
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[port]) else { return };
    let found = listed(&sandbox, "web");
    assert_eq!(found["state"], "unhealthy", "{found}");
    assert!(screen(&sandbox).contains(&format!("web:{port}✗ ")), "{}", screen(&sandbox));
}

#[test]
fn what_a_check_found_out_about_this_very_process_counts_and_has_its_age() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let port = sandbox.port(0);
    let config = "[service.web]\nhealth = { http = \"/\", timeout = \"300ms\" }\n";
    std::fs::write(sandbox.repo().join(".wt.toml"), config).unwrap();
    let folder = sandbox.worktree("feature-one");
    // It listens and never says a word.
    let Some(own) = sandbox.python_server(&folder, "127.0.0.1", &[port]) else { return skip("no python3") };
    sandbox.wt(&["health"]).exits(1);
    let found = listed(&sandbox, "web");
    assert_eq!(
        (&found["state"], &found["checked_at"]),
        (&"unhealthy".into(), &found["health"]["checked_at"]),
        "{found}"
    );
    assert!(screen(&sandbox).contains(&format!("web:{port}✗(now)")), "{}", screen(&sandbox));
    drop(own);
    let Some(_next) = sandbox.python_server(&folder, "127.0.0.1", &[port]) else { return };
    assert_eq!(listed(&sandbox, "web")["state"], "ready", "that was another one");
}

#[test]
fn an_old_finding_is_no_sign_for_what_was_stopped_since_and_is_told_with_its_age() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", WEB);
    fleet.wt(&["up"]).ok();
    fleet.wt(&["health"]).ok();
    let supervisor = fleet.supervisor().unwrap();
    fleet.wt(&["down"]).ok();
    // Its last word may come after the one that says so.
    wait::until("the supervisor to end", || !is_running(supervisor));
    wait::until("the end to be recorded", || recorded(&sandbox) == "not_running");
    // As a check found it while it ran, and as nobody could record its end.
    let mut registry = sandbox.registry();
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(3);
    let health = &mut registry["worktrees"][0]["allocations"][0]["health"];
    *health = json!({ "state": "healthy", "level": 3, "pid": 1, "checked_at": at.to_string() });
    std::fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
    let port = listed(&sandbox, "web");
    assert_eq!((&port["state"], &port["health"]["state"]), (&"stopped".into(), &"healthy".into()), "{port}");
    assert!(age_of(&port) < 3000.0, "it was seen just now: {port}");
    let mark = |sign: &str| format!("web:{}{sign}", port["port"]);
    assert!(screen(&sandbox).contains(&mark("○ ")), "{}", screen(&sandbox));
    let mut command = sandbox.command(&fleet.folder, &["ports", "list"]);
    command.env("NO_COLOR", "1");
    let shown = Terminal::start(command).finish().1;
    assert!(shown.contains("last healthy (3h ago)"), "{shown}");
}

#[test]
fn a_list_writes_nothing_and_a_worktree_without_ports_has_none_to_show() {
    let sandbox = Sandbox::new();
    let created = sandbox.json(&["create", "one", "--ports"]);
    assert!(created["worktree"]["ports"][0].get("state").is_none(), "nobody looked: {created}");
    sandbox.wt(&["list"]).ok();
    let before = sandbox.everything();
    for arguments in [&["list"][..], &["list", "--all"], &["list", "--json"]] {
        let run = sandbox.wt(arguments).ok();
        sandbox.assert_nothing_written(&before, &run);
    }
    assert!(!sandbox.state().join("run").exists(), "a look makes no folder");
    let answer = sandbox.json(&["list"]);
    assert_eq!(answer["worktrees"][0]["ports"], json!([]), "{answer}");
}
