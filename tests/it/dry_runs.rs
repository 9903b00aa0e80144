//! `--dry-run` writes nothing, whichever command it is and whatever waits to be done: not even what a look would heal.

use std::fs;

use clap::CommandFactory;
use wt::door::Cli;

use crate::support::{Sandbox, git};

/// Every command that has the flag, as it is typed without it.
const COMMANDS: [&[&str]; 23] = [
    &["create", "next", "--ports"],
    &["create"],
    &["create", "--branch", "origin/topic", "--lock", "--ports=2"],
    &["create", "next", "--detach", "--on-conflict", "retry", "--ports"],
    &["remove", "login"],
    &["remove", "login", "-D", "--force", "--force"],
    &["remove", "nobody", "--if-exists"],
    &["prune"],
    &["prune", "gone"],
    &["prune", "--merged", "--min-age", "0s"],
    &["carry", "login", "--force"],
    &["carry", "--all"],
    &["clean", "login"],
    &["clean", "--idle", "0s"],
    &["validate", "--fix"],
    &["validate", "--fix", "--verify-ports"],
    &["validate", "--fix", "--verify-ports", "--all"],
    &["ports", "resolve"],
    &["ports", "resolve", "--strategy", "conservative"],
    &["ports", "resolve", "--strategy", "aggressive"],
    &["ports", "resolve", "--strategy", "intelligent"],
    &["init"],
    &["init", "--yes"],
];

#[track_caller]
fn assert_nothing_is_written(sandbox: &Sandbox) {
    for words in COMMANDS {
        for json in [&[][..], &["--json"]] {
            let words = [json, words, &["--dry-run"]].concat();
            let before = sandbox.everything();
            let run = sandbox.wt(&words);
            sandbox.assert_nothing_written(&before, &run);
            assert!(run.status <= 2, "{}", run.shown());
        }
    }
}

#[test]
fn where_wt_never_was_nothing_of_it_is_made() {
    let sandbox = Sandbox::new();
    sandbox.add_remote(&sandbox.repo(), "origin");
    assert_nothing_is_written(&sandbox);
    assert!(!sandbox.state().exists());
}

#[test]
fn where_much_waits_to_be_done_it_goes_on_waiting() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["branch", "topic"]);
    sandbox.add_remote(&repo, "origin");
    sandbox.git(&repo, &["branch", "-D", "-q", "topic"]);
    for name in ["login", "gone", "merged", "moved", "twin", "dead"] {
        sandbox.wt(&["create", name, "--ports"]).ok();
    }
    sandbox.wt(&["create", "old"]).ok();
    sandbox.wt(&["remove", "old"]).ok();
    git::write(&sandbox.worktree("feature-login"), "mine.txt", "mine\n");
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    let to = sandbox.path("elsewhere");
    let from = sandbox.worktree("feature-moved");
    sandbox.git(&repo, &["worktree", "move", from.to_str().unwrap(), to.to_str().unwrap()]);
    let by_hand = sandbox.path("by-hand");
    sandbox.git(&repo, &["worktree", "add", "-q", by_hand.to_str().unwrap()]);
    let twin = sandbox.worktree("feature-twin");
    fs::remove_file(twin.join(".env")).unwrap();
    let mut registry = sandbox.registry();
    let first = sandbox.port(0);
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        match entry["name"].as_str().unwrap() {
            "feature-twin" => entry["allocations"][0]["port"] = first.into(),
            "feature-dead" => {
                entry["state"] = "creating".into();
                entry["process"] = serde_json::json!({ "pid": 4_194_303, "started": 1 });
                let commit = "0".repeat(40);
                entry["journal"] = serde_json::json!({ "token": "dead", "commit": commit, "env": true });
            }
            _ => {}
        }
    }
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
    git::write(&repo, "package.json", r#"{"scripts": {"dev": "vite --port 3000"}}"#);
    assert_nothing_is_written(&sandbox);
}

#[test]
fn every_command_that_has_the_flag_is_tried() {
    let (mut missing, mut tried) = (Vec::new(), 0);
    let mut waiting = vec![(Vec::new(), Cli::command())];
    while let Some((words, command)) = waiting.pop() {
        let has_flag = command.get_arguments().any(|argument| argument.get_long() == Some("dry-run"));
        if has_flag && !COMMANDS.iter().any(|known| known.starts_with(&words)) {
            missing.push(words.join(" "));
        }
        tried += usize::from(has_flag);
        for inner in command.get_subcommands() {
            let name: &'static str = Box::leak(inner.get_name().to_owned().into_boxed_str());
            waiting.push(([&words[..], &[name]].concat(), inner.clone()));
        }
    }
    assert!(missing.is_empty() && tried > 5, "{missing:?} of {tried}");
}
