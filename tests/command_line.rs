//! What holds for every command line, before any repository is looked at: exit codes, the JSON envelope, closed pipes.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start processes, and panic when they cannot"
)]

use std::fs::OpenOptions;
use std::io::Read;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn wt(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wt"));
    command.args(line.split_whitespace()).stdin(Stdio::null());
    command
}

fn run(line: &str) -> Output {
    wt(line).output().unwrap()
}

#[test]
fn what_was_asked_wrongly_is_2_with_and_without_json() {
    for line in ["create --prots", "nonsense", "shell-init tcsh", "path", "create a b", "list --color=often"]
    {
        let plain = run(line);
        let json = run(&format!("{line} --json"));
        assert_eq!((plain.status.code(), json.status.code()), (Some(2), Some(2)), "{line}");
        assert!(plain.stdout.is_empty(), "{line}: {plain:?}");
        assert!(String::from_utf8(plain.stderr).unwrap().starts_with("error: "), "{line}");
        let answer: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(answer["schema"], 1);
        assert_eq!(answer["error"]["code"], "usage", "{line}: {answer}");
    }
}

#[test]
fn the_envelope_names_the_command_and_the_near_word() {
    let answer: Value = serde_json::from_slice(&run("-C / --json create --prots").stdout).unwrap();
    assert_eq!(answer["command"], "create");
    assert!(answer["error"]["hint"].as_str().unwrap().contains("--ports"), "{answer}");
}

#[test]
fn help_and_version_are_answers() {
    for line in ["", "--help", "-h", "help create", "create --help", "--version", "--json --help"] {
        let shown = run(line);
        assert_eq!(shown.status.code(), Some(0), "{line}");
        assert!(!shown.stdout.is_empty() && shown.stderr.is_empty(), "{line}: {shown:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = wt("completions bash").stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let shown = wt("completions bash").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(shown.status.code(), Some(1));
    assert!(String::from_utf8(shown.stderr).unwrap().contains("stdout cannot be written to"));
}

#[test]
fn an_error_can_be_coloured_into_a_pipe_and_is_not_by_itself() {
    let plain = run("nonsense").stderr;
    assert!(!plain.contains(&0x1b));
    // A flag that clap refused the line for is still heard.
    assert!(run("--color=always nonsense").stderr.contains(&0x1b));
}
