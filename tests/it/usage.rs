//! Asked wrongly: one envelope, one exit code, with and without `--json`.

use crate::support::{Run, Sandbox};

fn both(sandbox: &Sandbox, arguments: &[&str]) -> (Run, Run) {
    let with_json: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
    (sandbox.wt(arguments), sandbox.wt(&with_json))
}

#[test]
fn an_unknown_flag_is_usage() {
    let sandbox = Sandbox::new();
    for command in ["create", "remove", "restore", "list", "path", "switch", "env", "adopt", "init"] {
        let (plain, json) = both(&sandbox, &[command, "--no-such-flag"]);
        assert_eq!((plain.status, json.status), (2, 2), "{}", plain.shown());
        assert_eq!(plain.stdout, "");
        assert!(plain.stderr.starts_with("error: "), "{}", plain.shown());
        json.error("usage");
    }
}

#[test]
fn a_missing_argument_is_usage() {
    let sandbox = Sandbox::new();
    for arguments in [&["path"][..], &["switch"], &["completions"], &["create", "x", "--base"]] {
        let (plain, json) = both(&sandbox, arguments);
        assert_eq!((plain.status, json.status), (2, 2), "{}", plain.shown());
        json.error("usage");
    }
}

#[test]
fn an_unknown_command_is_usage_and_the_near_one_suggested() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["craete"]).exits(2);
    assert!(run.stderr.contains("create"), "{}", run.shown());
}

#[test]
fn a_folder_for_c_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    let missing = sandbox.path("missing");
    let (plain, json) = both(&sandbox, &["-C", missing.to_str().unwrap(), "list"]);
    assert_ne!(plain.status, 0);
    assert_eq!(plain.status, json.status);
    assert!(plain.stderr.contains("missing"), "{}", plain.shown());
}

#[test]
fn help_and_version_are_answers() {
    let sandbox = Sandbox::new();
    for arguments in [&["--help"][..], &["--version"], &["create", "--help"], &["help", "remove"]] {
        let run = sandbox.wt(arguments).ok();
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{}", run.shown());
    }
}

#[test]
fn an_error_without_json_leaves_stdout_empty_and_with_it_stderr() {
    let sandbox = Sandbox::new();
    let (plain, json) = both(&sandbox, &["path", "nobody"]);
    assert_eq!((plain.status, json.status), (1, 1));
    assert_eq!(plain.stdout, "");
    json.error("not_found");
    assert_eq!(json.stdout.lines().count(), 1, "one object, one line: {}", json.shown());
}

#[test]
fn an_answer_that_cannot_be_written_is_said_on_stderr() {
    let sandbox = Sandbox::new();
    for words in [&["list"][..], &["--json", "list"], &["--json", "path", "nobody"], &["path", "main"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = sandbox.command(&sandbox.repo(), words).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("error: "), "{words:?}: {said}");
    }
    // A reader who left is no failure.
    for words in [&["list"][..], &["--json", "list"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.command(&sandbox.repo(), words).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{words:?}");
    }
}
