//! `wt events`: what happened, to what and by whom, once and in order, whoever writes at the same time; never an argument.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::holder::{Hold, hold};
use crate::support::services::{is_running, kill};
use crate::support::wait::{end_of, until};
use crate::support::{Sandbox, skip};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

fn named(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["events"].into_iter().chain(more.iter().copied()).collect();
    sandbox.json(&arguments)["events"].as_array().unwrap().clone()
}

fn words(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn who_did_what_to_which_worktree_is_told_and_each_wish_leaves_out_the_rest() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["create", "search"]).ok();
    sandbox.wt(&["ports", "exclude", "5012", "--reason", "mine"]).ok();
    let all = named(&sandbox, &[]);
    assert_eq!(words(&all), ["create_started", "created", "port_excluded"]);
    let created = &all[1];
    assert_eq!((&created["kind"], &created["worktree"]), (&"worktree".into(), &"feature-login".into()));
    assert_eq!(created["by"]["command"], "create");
    assert!(created["by"]["pid"].is_u64() && created["by"]["user"].is_string(), "{created}");
    assert_eq!(all[2]["by"]["command"], "ports exclude", "{}", all[2]);
    assert_eq!(words(&named(&sandbox, &["--kind", "port,setup"])), ["port_excluded"]);
    assert_eq!(words(&named(&sandbox, &["--worktree", "feature-login"])), ["create_started", "created"]);
    assert_eq!(named(&sandbox, &["--since", "0s"]).len(), 0);
    sandbox.refused(&["events", "--since", "2999-01-01"], "usage");
    assert_eq!(named(&sandbox, &["--all"]).len(), 5);
    let outside = sandbox.json_in(&sandbox.path("home"), &["events"]);
    assert_eq!(outside["events"].as_array().unwrap().len(), 5, "outside of a repository everybody's");
    sandbox.refused(&["events", "--kind", "conflicts"], "usage");
    sandbox.refused(&["events", "--since", "yesterday"], "usage");
    let line = sandbox.wt(&["events", "--kind", "port"]).ok().stdout;
    assert!(line.contains("\tport\tport_excluded\t") && line.contains("(ports exclude, pid "), "{line}");
}

#[test]
fn a_worktree_is_named_as_everywhere_and_one_that_is_gone_by_the_name_it_had() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "old"]).ok();
    sandbox.wt(&["remove", "old", "--force"]).ok();
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["create", "search"]).ok();
    let login = sandbox.worktree("feature-login");
    for name in ["login", "feature-login", "feature/login", login.to_str().unwrap()] {
        assert_eq!(words(&named(&sandbox, &["-w", name])), ["create_started", "created"], "{name}");
        sandbox.json(&["ports", "history", "-w", name]);
    }
    for name in ["old", "feature-old", "feature/old"] {
        assert_eq!(words(&named(&sandbox, &["-w", name])).last(), Some(&"removed"), "{name}");
        sandbox.json(&["ports", "history", "-w", name]);
    }
    assert_eq!(named(&sandbox, &["-w", "other/search"]).len(), 2);
    let outside = sandbox.json_in(&sandbox.path("home"), &["events", "-w", "search"]);
    assert_eq!(outside["events"].as_array().unwrap().len(), 2);
    for command in [&["events"][..], &["events", "--follow"], &["events", "--all"], &["ports", "history"]] {
        let refused = sandbox.refused(&[command, &["-w", "logi"]].concat(), "not_found");
        assert!(refused["hint"].as_str().unwrap().contains("did you mean `login`"), "{refused}");
    }
}

#[test]
fn a_conflict_is_one_event_with_its_ports_holders_policy_and_outcome() {
    let sandbox = Sandbox::new();
    let ports = [sandbox.port(0), sandbox.port(1)];
    let Some(holder) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &ports) else {
        return skip("python3");
    };
    sandbox.wt(&["create", "login", "--ports"]).exits(1);
    sandbox.wt(&["create", "login", "--ports", "--on-conflict", "retry"]).ok();
    let met = named(&sandbox, &["--kind", "conflict"]);
    assert_eq!(words(&met), ["port_conflict", "port_conflict"]);
    for (event, (policy, outcome)) in met.iter().zip([("fail", "refused"), ("retry", "passed_over")]) {
        assert_eq!((&event["policy"], &event["outcome"]), (&policy.into(), &outcome.into()), "{event}");
        assert_eq!((&event["service"], &event["purpose"]), (&"web".into(), &"feature".into()), "{event}");
        let holders = event["holders"].as_array().unwrap();
        let held: Vec<u16> =
            holders.iter().map(|one| one["port"].as_u64().unwrap().try_into().unwrap()).collect();
        assert!(held.starts_with(&ports), "{event}");
        assert_eq!(holders[0]["pid"], holder.pid(), "{event}");
        assert!(holders[0]["command"].as_str().unwrap().starts_with("python3"), "{event}");
    }
    let told = sandbox.wt(&["events", "--kind", "conflict"]).ok().stdout;
    let words = format!("{} is held by python3", ports[0]);
    assert!(told.contains(&words) && told.contains("; others were taken"), "{told}");
}

#[test]
fn arguments_are_in_no_event() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), "[worktree]\nsetup = [\"sh -c 'exit 3' s3cret-token\"]\n")
        .unwrap();
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt(&["create", "login", "--ports", "-x", "true", "s3cret-token"]).exits(1);
    sandbox.wt(&["run", "--", "true", "s3cret-token"]);
    let text = fs::read_to_string(sandbox.state().join("events.jsonl")).unwrap();
    assert!(text.contains("setup_failed") && !text.contains("s3cret-token"), "{text}");
    let failed = named(&sandbox, &["--kind", "setup"]).pop().unwrap();
    assert_eq!((&failed["command"], &failed["reason"]), (&"sh".into(), &"`sh` ended with status 3".into()));
}

struct Followed {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Followed {
    fn start(sandbox: &Sandbox, more: &[&str]) -> Self {
        let arguments: Vec<&str> =
            ["--json", "events", "--follow"].into_iter().chain(more.iter().copied()).collect();
        let mut command = sandbox.command(&sandbox.repo(), &arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn whoever_follows_is_told_each_event_once_the_past_first_and_ends_as_a_shell_expects() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let mut followed = Followed::start(&sandbox, &["--since", "1h", "--kind", "worktree"]);
    let mut seen: Vec<Value> = (0..2).map(|_| followed.next()).collect();
    // Put aside while it is followed, as a large log is.
    let log = sandbox.state().join("events.jsonl");
    fs::rename(&log, sandbox.state().join("events.jsonl.1")).unwrap();
    sandbox.wt(&["create", "two"]).ok();
    sandbox.wt(&["create", "three"]).ok();
    seen.extend((0..4).map(|_| followed.next()));
    assert_eq!(words(&seen), ["create_started", "created"].repeat(3));
    let numbers: Vec<u64> = seen.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
    assert!(seen[0]["command"].is_null() && seen[0]["at"].is_string(), "bare events: {}", seen[0]);
    kill_process(Pid::from_raw(i32::try_from(followed.child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    assert_eq!(end_of(&mut followed.child).code(), Some(130));

    let mut piped = sandbox.program("sh", &sandbox.repo());
    let command = format!(
        "{} --json events -f --since 1h | head -n 1; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_wt")
    );
    let output = piped.args(["-c", &format!("bash -c '{command}'")]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().last(), Some("0"), "{text}");
}

#[test]
fn what_services_did_is_told_also_while_the_registry_is_locked_and_while_nobody_watched() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let of_services = || {
        let events = named(&sandbox, &["--kind", "service"]);
        events.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    until("its start", || of_services() == ["started", "ready"]);
    let held = File::open(sandbox.state()).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    kill(fleet.pid("web"));
    until("its end", || of_services()[2..] == ["crashed", "failed"]);
    drop(held);
    let events = named(&sandbox, &["--kind", "service"]);
    let crashed = &events[2];
    assert_eq!(
        (&crashed["service"], &crashed["port"]),
        (&"web".into(), &sandbox.port(0).into()),
        "{crashed}"
    );
    assert_eq!(
        (&crashed["from"], &crashed["by"]["command"]),
        (&"ready".into(), &"supervise".into()),
        "{crashed}"
    );
    assert!(crashed["reason"].as_str().unwrap().contains("signal KILL"), "{crashed}");

    fleet.wt(&["up"]).ok();
    until("its second start", || of_services()[4..] == ["started", "ready"]);
    let (supervisor, web) = (fleet.supervisor().unwrap(), fleet.pid("web"));
    kill(supervisor);
    until("the supervisor's end", || !is_running(supervisor));
    kill(web);
    until("the service's end", || !is_running(web));
    fleet.wt(&["up"]).ok();
    until("its third start", || of_services().ends_with(&["started".to_owned(), "ready".to_owned()]));
    let told = of_services();
    assert!(told[6..].contains(&"failed".to_owned()), "{told:?}");
    fleet.wt(&["down"]).ok();
    until("its stop", || of_services().last().is_some_and(|last| last == "stopped"));
}

#[test]
fn up_run_and_restore_tell_of_the_conflicts_they_meet() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let conflicts = || named(&sandbox, &["--kind", "conflict"]);
    let port = sandbox.port(0);
    let stranger = hold("127.0.0.1", port, Hold::Listen).unwrap();
    fleet.wt(&["run", "--service", "web", "true"]).exits(1);
    let met = conflicts().pop().unwrap();
    assert_eq!((&met["port"], &met["by"]["command"]), (&port.into(), &"run".into()), "{met}");
    assert_eq!((&met["holders"][0]["port"], &met["outcome"]), (&port.into(), &"refused".into()), "{met}");
    let before = conflicts().len();
    fleet.wt(&["up"]).exits(1);
    until("the event of `up`", || conflicts().len() > before);
    let met = conflicts().pop().unwrap();
    assert_eq!((&met["by"]["command"], &met["port"]), (&"up".into(), &port.into()), "{met}");
    let whose = (&met["service"], &met["purpose"], &met["policy"], &met["outcome"]);
    assert_eq!(whose, (&"web".into(), &"feature".into(), &"fail".into(), &"refused".into()), "{met}");
    drop(stranger);
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    let stranger = hold("127.0.0.1", port, Hold::Listen).unwrap();
    let before = conflicts().len();
    sandbox.wt(&["restore", "feature-one"]).ok();
    let met = conflicts();
    assert_eq!(met.len(), before + 1, "{met:?}");
    let met = met.last().unwrap();
    assert_eq!(
        (&met["by"]["command"], &met["worktree"]),
        (&"restore".into(), &"feature-one".into()),
        "{met}"
    );
    drop(stranger);
}

#[test]
fn a_log_that_cannot_be_written_stops_no_command_and_older_lines_are_read() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    let old = r#"{"sequence":3,"at":"2026-01-01T00:00:00Z","event":"port_conflict","worktree":"w","kind":"system","ports":[5000]}"#;
    fs::write(sandbox.state().join("events.jsonl.1"), format!("{old}\n")).unwrap();
    fs::create_dir(sandbox.state().join("events.jsonl")).unwrap();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    fs::remove_dir(sandbox.state().join("events.jsonl")).unwrap();
    let told = named(&sandbox, &[]);
    assert_eq!((&told[0]["kind"], &told[0]["conflict_kind"]), (&"conflict".into(), &"system".into()));
    // The disk has no room for another line.
    let limited = "ulimit -f 8; trap '' XFSZ; exec \"$@\"";
    let log = sandbox.state().join("events.jsonl");
    fs::write(&log, format!("{}\n", " ".repeat(8 * 1024 - 20))).unwrap();
    let mut command = sandbox.program("bash", &sandbox.repo());
    command.args([
        "-c",
        limited,
        "bash",
        env!("CARGO_BIN_EXE_wt"),
        "ports",
        "exclude",
        "5012",
        "--reason",
        "r",
    ]);
    // Its answer must not go into a file of ours that has grown larger than that.
    assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    assert!(fs::metadata(&log).unwrap().len() == 8 * 1024, "a line was cut short");
    sandbox.wt(&["ports", "exclude", "5013", "--reason", "r"]).ok();
    assert_eq!(words(&named(&sandbox, &[])).last(), Some(&"port_excluded"));
}

#[test]
fn a_log_as_large_as_it_may_become_drops_its_oldest_lines() {
    let sandbox = Sandbox::new();
    sandbox.configure("[events]\nmax_size = \"3000\"\n");
    for round in 0..8 {
        let port = (5012 + round).to_string();
        sandbox.wt(&["ports", "exclude", &port, "--reason", &"r".repeat(300)]).ok();
    }
    let files = fs::read_dir(sandbox.state()).unwrap().map(Result::unwrap);
    let sizes = files.filter(|entry| entry.file_name().to_string_lossy().starts_with("events.jsonl"));
    let total: u64 = sizes.map(|entry| entry.metadata().unwrap().len()).sum();
    assert!(total <= 3000, "{total}");
    let left = named(&sandbox, &[]);
    assert!((2..8).contains(&left.len()), "{left:?}");
    let counted: Value =
        serde_json::from_slice(&fs::read(sandbox.state().join("counters.json")).unwrap()).unwrap();
    assert!(counted["events"]["port_excluded"].as_u64().unwrap() >= 8 - left.len() as u64, "{counted}");
}
