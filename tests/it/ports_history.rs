//! `wt ports history`: conflicts over ports and what was done about them, from the log.

use std::fs;

use super::support::Sandbox;
use super::support::holder::{Hold, hold};

/// A sandbox whose log tells of a conflict, a move and a holder's end, with lines between them that are none.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    let old = r#"{"sequence":1,"at":"2026-01-01T00:00:00Z","event":"port_conflict","worktree":"feature-a","service":"web","ports":[5000,5001]}"#;
    let now = [
        r#"{"sequence":2,"at":"2026-02-01T00:00:00Z","event":"created","worktree":"feature-a"}"#,
        r#"{"sequence":3,"at":"2026-02-01T00:00:01Z","event":"port_moved","worktree":"feature-a","service":"web","from":5000,"to":5002}"#,
        r#"{"sequence":4,"at":"2026-02-0"#,
        "[1, 2]",
        r#"{"sequence":5,"at":"2026-03-01T00:00:00Z","event":"holder_terminated","worktree":"feature-b","port":5007,"pid":42,"command":"node\u001b[2J","signal":"TERM"}"#,
    ];
    fs::write(sandbox.state().join("events.jsonl.1"), format!("{old}\n")).unwrap();
    fs::write(sandbox.state().join("events.jsonl"), now.join("\n")).unwrap();
    sandbox
}

fn sequences(sandbox: &Sandbox, more: &[&str]) -> Vec<u64> {
    let arguments: Vec<&str> = ["ports", "history"].into_iter().chain(more.iter().copied()).collect();
    let answer = sandbox.json(&arguments);
    answer["events"].as_array().unwrap().iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
}

#[test]
fn conflicts_and_what_was_done_about_them_are_told_in_order_and_lines_that_are_none_are_passed_over() {
    let sandbox = sandbox();
    assert_eq!(sequences(&sandbox, &[]), [1, 3, 5]);
    let run = sandbox.wt(&["ports", "history", "-v"]).ok().says(&["2 lines of the log could not be read"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", run.shown());
    assert_eq!(
        lines[1],
        "2026-02-01T00:00:01Z\tport_moved\t5000,5002\tfeature-a\t`web` moved from 5000 to 5002"
    );
    assert!(lines[2].contains("node\\u{1b}[2J (pid 42) ended by TERM"), "{}", run.shown());
}

#[test]
fn a_port_a_worktree_and_a_time_each_leave_out_the_rest() {
    let sandbox = sandbox();
    assert_eq!(sequences(&sandbox, &["--port", "5000"]), [1, 3]);
    assert_eq!(sequences(&sandbox, &["--port", "5002"]), [3]);
    assert_eq!(sequences(&sandbox, &["--port", "5999"]), [0_u64; 0]);
    assert_eq!(sequences(&sandbox, &["--worktree", "feature-b"]), [5]);
    assert_eq!(sequences(&sandbox, &["--since", "2026-02-01"]), [3, 5]);
    assert_eq!(sequences(&sandbox, &["--since", "2026-02-01T00:00:02Z"]), [5]);
    assert_eq!(sequences(&sandbox, &["--since", "36000d"]), [1, 3, 5]);
    assert_eq!(sequences(&sandbox, &["--port", "5000", "--since", "2026-01-02"]), [3]);
    sandbox.wt(&["ports", "history", "--port", "5999"]).ok().says(&["no conflicts"]);
}

#[test]
fn nonsense_is_asked_wrongly_and_no_log_is_no_conflict() {
    let sandbox = Sandbox::new();
    assert_eq!(sequences(&sandbox, &[]), [0_u64; 0]);
    for more in [["--port", "0"], ["--port", "70000"], ["--port", "abc"], ["--since", "yesterday"]] {
        sandbox.refused(&["ports", "history", more[0], more[1]], "usage");
    }
}

#[test]
fn a_create_that_met_a_busy_port_is_told_of() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(0);
    let Some(_holder) = hold("127.0.0.1", port, Hold::Listen) else { return };
    sandbox.wt(&["create", "login", "--ports"]).exits(1);
    let answer = sandbox.json(&["ports", "history", "--port", &port.to_string(), "--since", "1h"]);
    assert_eq!(answer["events"][0]["event"], "port_conflict");
    assert_eq!(answer["events"][0]["worktree"], "feature-login");
}
