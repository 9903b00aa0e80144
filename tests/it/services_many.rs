//! More services than a process may have files open: the supervisor takes what it may have, and what it starts sees the limit
//! that its caller had.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::services::{Fleet, is_running};
use crate::support::strace::has_strace;
use crate::support::wait::{end_of, until};
use crate::support::{Run, Sandbox, skip};

/// Runs `wt` below a shell that limits open files first.
fn limited(fleet: &Fleet<'_>, limit: &str, arguments: &[&str]) -> Run {
    let script = format!("ulimit {limit} && exec \"$@\"");
    let mut command = fleet.sandbox.program("sh", &fleet.folder);
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_wt")]).args(arguments);
    Run::new(arguments, &command.output().unwrap())
}

#[test]
fn where_too_few_files_may_be_open_nothing_is_begun_and_it_says_so() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", "[service.web]\nrun = \"sleep 600\"\nlistens = false\n");
    limited(&fleet, "-n 24", &["up"]).exits(1).says(&["only 24 files open", "32 are needed", "ulimit -Hn"]);
    limited(&fleet, "-n 24", &["down"]).ok();
    assert_eq!(fleet.state("web").0, "stopped");
    limited(&fleet, "-n 32", &["up"]).ok();
    limited(&fleet, "-n 24", &["status"]).ok();
    fleet.wt(&["down"]).ok();
}

#[test]
fn services_setups_and_checks_see_the_callers_limit_of_open_files() {
    let sandbox = Sandbox::new();
    let config = "[service.web]
run = \"sh -c 'ulimit -Sn > of-run; exec sleep 600'\"
setup = \"sh -c 'ulimit -Sn > of-setup'\"
listens = false
health = { command = \"sh -c 'ulimit -Sn > of-check'\", interval = \"100ms\" }
";
    let fleet = sandbox.fleet("one", config);
    limited(&fleet, "-Sn 123", &["up"]).ok();
    let said = |name: &str| fs::read_to_string(fleet.folder.join(name)).unwrap_or_default();
    for name in ["of-setup", "of-run", "of-check"] {
        until("its limit", || said(name) == "123\n");
    }
    let supervisor = fleet.supervisor().unwrap();
    let limits = fs::read_to_string(format!("/proc/{supervisor}/limits")).unwrap();
    let open = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = open.split_ascii_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{open}");
    fleet.wt(&["down"]).ok();
}

#[test]
fn a_check_that_is_no_command_is_named_as_such_whatever_limit_it_would_have() {
    let sandbox = Sandbox::new();
    let config = "[service.web]
run = \"sleep 600\"
listens = false
health = { command = \"no-such-check\", interval = \"100ms\", start_timeout = \"1s\" }
";
    let fleet = sandbox.fleet("one", config);
    let run = fleet.wt(&["up"]);
    assert_ne!(run.status, 0);
    run.says(&["`no-such-check` cannot be run: there is no such command"]);
}

/// Forty of them need a descriptor for their end and one for their log each.
fn forty() -> String {
    let mut config = String::new();
    for number in 1..=40 {
        let _ = write!(config, "[service.s{number}]\nrun = \"sleep 600\"\nlistens = false\n");
    }
    config
}

#[test]
fn more_services_than_open_files_start_and_stop() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &forty());
    limited(&fleet, "-Sn 48", &["up"]).ok();
    let status = fleet.json(&["status"]);
    let ready = status["services"].as_array().unwrap().iter().filter(|service| service["state"] == "ready");
    assert_eq!(ready.count(), 40, "{status}");
    fleet.wt(&["down"]).ok();
}

/// Follows which files a process opens until it ends; `None` where it may not be followed here.
fn follow(fleet: &Fleet<'_>, pid: u32, log: &Path) -> Option<Child> {
    let errors = fs::File::create(log.with_extension("errors")).unwrap();
    let mut command = fleet.sandbox.program("strace", &fleet.folder);
    command.args(["-f", "-e", "trace=openat,open", "-o"]).arg(log).args(["-p", &pid.to_string()]);
    let mut child = command.stdout(Stdio::null()).stderr(errors).spawn().ok()?;
    let said = || fs::read_to_string(log.with_extension("errors")).unwrap_or_default();
    let mut is_over = false;
    until("strace", || {
        is_over = child.try_wait().unwrap().is_some();
        is_over || said().contains("attached")
    });
    (!is_over).then_some(child)
}

#[test]
fn many_services_that_are_stopped_share_the_looks_at_all_processes_and_each_has_ended() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &forty());
    if !has_strace(&fleet.folder) {
        return skip("strace is not installed or may not trace here");
    }
    fleet.wt(&["up"]).ok();
    let status = fleet.json(&["status"]);
    let pids = status["services"].as_array().unwrap().iter().map(|service| service["pid"].as_u64().unwrap());
    let pids: Vec<u32> = pids.map(|pid| u32::try_from(pid).unwrap()).collect();
    assert!(pids.len() == 40 && pids.iter().all(|pid| is_running(*pid)), "{status}");
    let log = sandbox.path("opened");
    let Some(mut tracer) = follow(&fleet, fleet.supervisor().unwrap(), &log) else {
        return skip("strace may not follow a process here");
    };
    fleet.wt(&["down"]).ok();
    end_of(&mut tracer);
    assert!(pids.iter().all(|pid| !is_running(*pid)), "{pids:?}");
    // Whoever looks at all processes looks at us too.
    let ours = format!("/proc/{}/environ", std::process::id());
    let looks = fs::read_to_string(&log).unwrap().lines().filter(|line| line.contains(&ours)).count();
    assert!((1..40).contains(&looks), "{looks} looks for 40 services");
}

#[test]
fn where_even_the_hard_limit_is_too_low_the_start_fails_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &forty());
    let run = limited(&fleet, "-n 48", &["up"]);
    assert_ne!(run.status, 0, "{}", run.shown());
    let run = run.says(&["open files"]);
    assert!(!run.stderr.contains("does not end"), "{}", run.shown());
    until("the ends of all", || {
        fleet.json(&["status"])["services"].as_array().unwrap().iter().all(|service| service["pid"].is_null())
    });
}
