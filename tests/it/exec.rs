//! `wt exec`: one command in several worktrees, each with its own variables, and how each of them ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::services::is_running;
use crate::support::wait::{end_of, until};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    sandbox.wt(&["create", "three", "--purpose", "docs"]).ok();
    sandbox
}

/// The rows' names, with the value of `field`.
fn rows(answer: &Value, field: &str) -> Vec<(String, Value)> {
    let runs = answer["runs"].as_array().unwrap_or_else(|| panic!("{answer}"));
    runs.iter().map(|run| (run["worktree"].as_str().unwrap().to_owned(), run[field].clone())).collect()
}

#[test]
fn each_worktree_has_its_folder_and_variables_and_the_words_reach_it_as_they_are() {
    let sandbox = sandbox();
    let script = "pwd; echo \"$PORT $WT_NAME $1\"; echo wrong >&2; read x; exit ${WT_NAME#feature-}0";
    let run =
        sandbox.wt(&["exec", "two", "feature-one", "two", "--", "sh", "-c", script, "sh", "{{ name }} $(x)"]);
    let (one, two) = (sandbox.worktree("feature-one"), sandbox.worktree("feature-two"));
    let shown = format!(
        "feature-two\t{two}\nfeature-two\t{} feature-two {{{{ name }}}} $(x)\n\
         feature-one\t{one}\nfeature-one\t{} feature-one {{{{ name }}}} $(x)\n\n",
        sandbox.port(1),
        sandbox.port(0),
        one = one.display(),
        two = two.display()
    );
    assert!(run.stdout.starts_with(&shown), "{}", run.shown());
    let table: Vec<&str> = run.stdout[shown.len()..].lines().collect();
    assert_eq!(table.len(), 2, "each once: {}", run.shown());
    assert!(table[0].starts_with("feature-two\t2\t"), "an exit status that is no number: {}", run.shown());
    assert!(run.stderr.contains("feature-two\twrong\n") && run.stderr.contains("feature-one\twrong\n"));
}

#[test]
fn the_exit_code_is_the_worst_and_json_is_one_object_beside_the_output_on_stderr() {
    let sandbox = sandbox();
    let script = "echo hello; case $WT_NAME in *one) exit 3;; *two) kill -KILL $$;; esac";
    let run = sandbox.wt(&["--json", "exec", "--all", "-j", "2", "--", "sh", "-c", script]).exits(137);
    let answer = run.json();
    assert!(run.stderr.contains("\thello\n"), "{}", run.shown());
    let named = |name: &str, value: Value| (name.to_owned(), value);
    let expected =
        [named("docs-three", json!(0)), named("feature-one", json!(3)), named("feature-two", json!(137))];
    assert_eq!(rows(&answer, "status"), expected);
    assert_eq!(rows(&answer, "signal")[2].1, 9);
    let first = &answer["runs"][1];
    assert_eq!((&first["skipped"], &first["reason"]), (&json!(false), &Value::Null));
    assert!(
        first["duration_ms"].is_u64() && first["path"] == sandbox.worktree("feature-one").to_str().unwrap()
    );
    let run = sandbox.wt(&["--json", "exec", "one", "--", "wt-no-such-command"]).exits(127);
    assert!(run.json()["runs"][0]["reason"].as_str().unwrap().contains("no such command"));
    sandbox.wt(&["exec", "one", "--", "/etc/passwd"]).exits(126);
    sandbox.wt(&["exec", "one", "--", "true"]).ok();
}

#[test]
fn a_purpose_chooses_a_missing_folder_is_skipped_and_an_unknown_name_stops_all() {
    let sandbox = sandbox();
    fs::remove_dir_all(sandbox.worktree("feature-two")).unwrap();
    let run = sandbox.wt(&["--json", "exec", "--all", "--purpose", "feature", "--", "touch", "made"]).ok();
    let answer = run.json();
    assert_eq!(
        rows(&answer, "skipped"),
        [("feature-one".into(), json!(false)), ("feature-two".into(), json!(true))]
    );
    assert_eq!(answer["runs"][1]["reason"], "missing");
    assert!(run.stderr.contains("skipped `feature-two`: missing"), "{}", run.shown());
    assert!(!sandbox.repo().join("made").exists(), "the main worktree is not recorded");
    let only = sandbox.json(&["exec", "two", "--", "true"]);
    assert_eq!(only["runs"][0]["status"], Value::Null);
    let none = sandbox.json(&["exec", "--purpose", "hotfix", "--", "false"]);
    assert_eq!(none["runs"], json!([]));
    sandbox.wt(&["exec", "--purpose", "hotfix", "--", "false"]).ok();
    sandbox.refused(&["exec", "one", "four", "--", "touch", "never"], "not_found");
    assert!(!sandbox.worktree("feature-one").join("never").exists());
    for words in [
        &["exec", "--", "true"][..],
        &["exec", "one", "--all", "--", "true"],
        &["exec", "one"],
        &["exec", "one", "-j", "0", "--", "true"],
    ] {
        sandbox.refused(words, "usage");
    }
}

#[test]
fn as_many_run_at_a_time_as_are_asked_for() {
    let sandbox = sandbox();
    // Each waits until the other one has begun.
    let script = "touch \"$0/$WT_NAME\"; while [ ! -e \"$0/feature-one\" ] || [ ! -e \"$0/feature-two\" ]; do sleep 0.01; done";
    let place = sandbox.path("run");
    let words =
        ["exec", "one", "two", "-j", "2", "--", "timeout", "20", "sh", "-c", script, place.to_str().unwrap()];
    sandbox.wt(&words).ok();
}

#[test]
fn a_signal_to_us_ends_all_of_them_and_starts_no_more() {
    let sandbox = sandbox();
    let script = "sleep 600 & echo $!; wait";
    let words = ["exec", "--all", "-j", "2", "--", "sh", "-c", script];
    let mut child = sandbox.command(&sandbox.repo(), &words);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let pid = |line: String| line.rsplit_once('\t').unwrap().1.parse::<u32>().unwrap();
    let pids: Vec<u32> = lines.by_ref().take(2).map(pid).collect();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
    for pid in pids {
        until("it has ended", || !is_running(pid));
    }
    let table: Vec<String> = lines.collect();
    assert!(
        table.iter().any(|line| line.starts_with("feature-two\tskipped") && line.contains("interrupted")),
        "{table:?}"
    );
}

#[test]
fn a_signal_ends_a_command_that_left_our_process_group_too() {
    let sandbox = sandbox();
    let words = ["exec", "one", "--", "setsid", "sh", "-c", "echo $$; exec sleep 600"];
    let mut child = sandbox.command(&sandbox.repo(), &words);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pid: u32 = line.trim().rsplit_once('\t').unwrap().1.parse().unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
    until("it has ended", || !is_running(pid));
}

#[test]
fn a_reader_that_goes_away_ends_all_of_them_silently() {
    let sandbox = sandbox();
    let mut child = sandbox.command(&sandbox.repo(), &["exec", "one", "--", "yes"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "feature-one\ty\n");
    assert_eq!(end_of(&mut child).code(), Some(0));
}
