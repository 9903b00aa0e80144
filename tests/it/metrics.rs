//! `wt metrics`: what Prometheus reads; its numbers are those of the other commands, and promtool finds nothing to say.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::support::services::kill;
use crate::support::strace::has_strace;
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const SERVER: &str =
    "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\nrestart = \"always\"\n";

fn metrics(sandbox: &Sandbox, more: &[&str]) -> String {
    let arguments: Vec<&str> = ["metrics"].into_iter().chain(more.iter().copied()).collect();
    sandbox.wt(&arguments).ok().stdout
}

/// Asserts that promtool takes the text as it is.
fn assert_lint(sandbox: &Sandbox, text: &str) {
    let mut command = sandbox.program("promtool", &sandbox.repo());
    let child = command
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut child) = child.spawn() else { return skip("promtool (Debian's package prometheus)") };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}\n{text}", String::from_utf8_lossy(&said));
}

#[test]
fn the_numbers_of_worktrees_ports_services_and_conflicts_are_told_and_promtool_agrees() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    kill(fleet.pid("web"));
    until("its restart", || sandbox.events().iter().any(|event| event["event"] == "restarted"));
    until("its second start", || fleet.state("web").0 == "ready");
    let ports = [sandbox.port(1)];
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &ports) else {
        return skip("python3");
    };
    sandbox.wt(&["create", "two", "--ports"]).exits(1);
    fleet.wt(&["health"]);
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["metrics"]).ok();
    sandbox.assert_unchanged(&before, &run);
    let text = run.stdout;
    let labels = "repository=\"proj\",service=\"web\",worktree=\"feature-one\"";
    for line in [
        format!("wt_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
        "wt_worktrees{repository=\"proj\",state=\"active\"} 1".to_owned(),
        "wt_port_allocations{health=\"healthy\",purpose=\"feature\"} 1".to_owned(),
        format!("wt_port_range_capacity{{range=\"feature\"}} {}", sandbox.feature_count()),
        "wt_port_range_used{range=\"feature\"} 1".to_owned(),
        "wt_port_conflicts{kind=\"system\"} 0".to_owned(),
        "wt_port_conflicts_total{kind=\"system\",purpose=\"feature\",service=\"web\"} 1".to_owned(),
        format!("wt_service_up{{{labels}}} 1"),
        format!("wt_service_port{{{labels}}} {}", sandbox.port(0)),
        format!("wt_service_restarts_total{{{labels}}} 1"),
        "# EOF".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    for name in ["wt_service_memory_bytes", "wt_service_cpu_seconds_total", "wt_check_duration_seconds"] {
        assert!(text.contains(&format!("{name}{{{labels}}} ")), "no {name} in\n{text}");
    }
    assert!(text.contains("wt_last_look_timestamp_seconds 1"), "{text}");
    let port = format!("\"{}\"", sandbox.port(0));
    assert!(!text.contains("/tmp") && !text.contains("feature/one") && !text.contains(&port), "{text}");
    assert_lint(&sandbox, &text);
    // Counters equal the events that there are.
    let mut events: BTreeMap<String, u64> = BTreeMap::new();
    for event in sandbox.events() {
        *events.entry(event["event"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for (event, count) in events {
        let line = format!("wt_events_total{{event=\"{event}\"}} {count}");
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    let json = sandbox.json(&["metrics"]);
    let families = json["families"].as_array().unwrap();
    assert!(families.iter().any(|family| family["name"] == "wt_service_up"), "{json}");
}

#[test]
fn sums_alone_or_few_rows_where_that_is_wanted_and_each_repository_by_a_name_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    fs::create_dir(sandbox.path("else")).unwrap();
    sandbox.make_repository("else/proj");
    sandbox.wt_in(&sandbox.path("else/proj"), &["create", "one", "--ports"]).ok();
    assert_eq!(metrics(&sandbox, &[]).matches("wt_service_up{").count(), 2);
    let all = metrics(&sandbox, &["--all"]);
    assert_eq!(all.matches("wt_service_up{").count(), 3, "{all}");
    assert!(all.contains("repository=\"proj-2\",service=\"web\",worktree=\"feature-one\""), "{all}");
    let outside = sandbox.wt_in(&sandbox.path("home"), &["metrics"]).ok().stdout;
    assert_eq!(outside.matches("wt_service_up{").count(), 3, "{outside}");
    assert_lint(&sandbox, &all);
    sandbox.configure("[metrics]\nmax_worktrees = 1\n");
    let few = metrics(&sandbox, &["--all"]);
    assert!(few.matches("wt_service_up{").count() == 1 && few.contains("wt_rows_left_out 2"), "{few}");
    sandbox.configure("[metrics]\nper_worktree = false\n");
    let sums = metrics(&sandbox, &["--all"]);
    assert!(!sums.contains("worktree=") && sums.contains("wt_worktrees{"), "{sums}");
}

#[test]
fn git_s_record_of_each_worktree_is_read_once_for_all_numbers() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.path("home")) {
        return skip("strace");
    }
    for name in ["one", "two", "three"] {
        sandbox.wt(&["create", name, "--ports"]).ok();
    }
    let calls = sandbox.path("calls");
    let run = sandbox
        .program("strace", &sandbox.repo())
        .args(["-f", "-qq", "-e", "trace=openat", "-o"])
        .arg(&calls)
        .args([env!("CARGO_BIN_EXE_wt"), "metrics"])
        .output()
        .unwrap();
    assert!(run.status.success());
    let calls = fs::read_to_string(&calls).unwrap();
    for name in ["one", "two", "three"] {
        let lock = format!("worktrees/feature-{name}/locked\"");
        assert_eq!(calls.matches(&lock).count(), 1, "{name}\n{calls}");
        let branch = format!("refs/heads/feature/{name}\"");
        assert_eq!(calls.matches(&branch).count(), 1, "{name}\n{calls}");
    }
}
