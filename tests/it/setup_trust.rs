//! A setup is the repository's: none of it runs before somebody saw its text, and a branch has no say in it.

use std::fs;

use super::setup::{setup_of, trusted};
use crate::support::Sandbox;

#[test]
fn if_one_command_is_not_trusted_none_is_run_and_that_is_no_failure() {
    let sandbox = trusted("[worktree]\nsetup = [\"touch ../one\", \"touch ../two\"]\n");
    let path = |name: &str| sandbox.path("proj.worktrees").join(name);
    fs::write(sandbox.repo().join(".wt.toml"), "[worktree]\nsetup = [\"touch ../one\", \"touch ../too\"]\n")
        .unwrap();
    let error = sandbox.wt(&["--json", "trust"]).exits(1).error("untrusted");
    let keys: Vec<(&str, bool)> = error["details"]["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| (command["key"].as_str().unwrap(), command["trusted"].as_bool().unwrap()))
        .collect();
    assert_eq!(keys, [("worktree.setup[0]", true), ("worktree.setup[1]", false)], "{error}");
    let run = sandbox.wt(&["create", "login", "-x", "touch", "../executed"]).ok();
    let run = run.says(&["not trusted", "wt trust", "wt setup feature-login"]);
    assert!(run.stderr.contains("hint: ") && !run.stderr.contains("error: "), "{}", run.shown());
    assert!(path("executed").exists() && !path("one").exists() && !path("too").exists());
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "untrusted");
    sandbox.wt(&["list"]).ok().answers(&["setup untrusted"]);
    let error = sandbox.wt(&["--json", "setup", "login"]).exits(1).error("untrusted");
    assert_eq!(error["details"]["commands"][0]["key"], "worktree.setup[1]", "{error}");
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt(&["setup", "login"]).ok();
    assert!(path("one").exists() && path("too").exists());
    // Taken back, it is asked about again.
    sandbox.wt(&["trust", "--revoke"]).ok();
    sandbox.wt(&["setup", "login"]).exits(1);
}

#[test]
fn a_branchs_own_file_has_no_effect_and_the_users_own_needs_no_trust() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.wt(&["create", "evil"]).ok();
    let branch = sandbox.worktree("feature-evil");
    fs::write(branch.join(".wt.toml"), "[worktree]\nsetup = [\"touch ../evil\"]\n").unwrap();
    sandbox.git(&branch, &["add", ".wt.toml"]);
    sandbox.git(&branch, &["commit", "-qm", "evil"]);
    sandbox.wt(&["create", "again", "--base", "feature/evil"]).ok();
    sandbox.wt_in(&branch, &["setup"]).ok().says(&["needs no setup"]);
    assert!(!sandbox.path("proj.worktrees/evil").exists() && !repo.join(".wt.toml").exists());
    sandbox.configure("[worktree]\nsetup = [\"touch ../mine\"]\n");
    assert_eq!(sandbox.json(&["create", "mine"])["worktree"]["setup"]["state"], "done");
    assert!(sandbox.path("proj.worktrees/mine").exists());
}
