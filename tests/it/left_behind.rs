//! A create whose command died, as its record has it: what is left is finished as it was asked for, or undone, or said.

use std::fs;

use crate::kill::assert_all_or_nothing;
use crate::support::{Sandbox, git};
use crate::validate::findings;

/// Puts the registry one step back, as a write leaves it that died between its two renames: one file under both names.
fn step_back(sandbox: &Sandbox) {
    let (registry, backup) =
        (sandbox.state().join("registry.json"), sandbox.state().join("registry.json.bak"));
    assert!(fs::read_to_string(&backup).unwrap().contains("\"creating\""), "the backup is one step behind");
    fs::remove_file(&registry).unwrap();
    fs::hard_link(&backup, &registry).unwrap();
}

#[test]
fn a_write_of_the_registry_that_died_between_its_renames_was_no_backup_put_back() {
    let sandbox = crate::kill::with_bystander();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    // The record calls it unfinished, and nothing of it is there: it is to be undone.
    sandbox.git(&sandbox.repo(), &["worktree", "remove", "--force", folder.to_str().unwrap()]);
    sandbox.git(&sandbox.repo(), &["branch", "-D", "feature/login"]);
    step_back(&sandbox);
    sandbox.wt(&["list"]).ok();
    assert_all_or_nothing(&sandbox, "one file under both names");
    assert!(!sandbox.registry().to_string().contains("recovered"));
}

#[test]
fn a_create_that_is_finished_for_a_dead_command_is_locked_and_ignored_as_that_wanted() {
    for (flag, reason) in [("--lock=on a stick", "on a stick\n"), ("--lock", "")] {
        let sandbox = Sandbox::new();
        let folder = sandbox.repo().join("trees/login");
        sandbox.wt(&["create", "login", flag, "--path", folder.to_str().unwrap()]).ok();
        let exclude = sandbox.repo().join(".git/info/exclude");
        let lock = sandbox.repo().join(".git/worktrees/feature-login/locked");
        assert_eq!(fs::read_to_string(&lock).unwrap(), reason);
        assert!(fs::read_to_string(&exclude).unwrap().contains("/trees/"));
        step_back(&sandbox);
        fs::remove_file(&lock).unwrap();
        fs::write(&exclude, "").unwrap();
        sandbox.wt(&["list"]).ok();
        assert_eq!(sandbox.living()[0]["state"], "active");
        assert_eq!(fs::read_to_string(&lock).unwrap(), reason);
        assert!(fs::read_to_string(&exclude).unwrap().contains("/trees/"));
    }
}

#[test]
fn a_create_that_died_after_its_lock_is_finished_too() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--lock"]).ok();
    step_back(&sandbox);
    sandbox.wt(&["list"]).ok();
    assert_eq!(sandbox.living()[0]["state"], "active");
    assert!(sandbox.repo().join(".git/worktrees/feature-login/locked").exists());
}

#[test]
fn what_cannot_be_healed_is_not_called_fixed() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    step_back(&sandbox);
    git::write(&sandbox.worktree("feature-login"), "work.txt", "a day's work\n");
    fs::remove_file(sandbox.repo().join(".git/worktrees/feature-login/index")).unwrap();
    let found = findings(&sandbox, &["--fix"], 1);
    let left = found.iter().find(|finding| finding["code"] == "create-incomplete").unwrap();
    assert_eq!(left["fixed"], false, "{left}");
    assert!(left["hint"].as_str().unwrap().contains("work.txt"), "{left}");
    // What is in the way is moved, and the rest is undone.
    fs::remove_file(sandbox.worktree("feature-login").join("work.txt")).unwrap();
    findings(&sandbox, &["--fix"], 0);
    assert_eq!(sandbox.living().len(), 0);
    assert!(!sandbox.worktree("feature-login").exists());
}
