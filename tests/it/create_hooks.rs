//! The repository's own `post-checkout` hook runs once, as git would run it, and cannot spoil a create.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Sandbox;

fn install_hook(folder: &Path, script: &str) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join("post-checkout");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// A hook that writes its arguments, folder and `GIT_DIR` to a log.
fn logging(log: &Path) -> String {
    format!("echo \"$* $(pwd) [${{GIT_DIR+set}}]\" >> {}", log.display())
}

#[test]
fn it_runs_once_with_what_git_gives() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    install_hook(&sandbox.repo().join(".git/hooks"), &logging(&log));
    sandbox.wt(&["create", "login"]).ok();
    let head = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    let zeros = "0".repeat(40);
    let ours = fs::read_to_string(&log).unwrap();
    let folder = sandbox.worktree("feature-login");
    assert!(ours.starts_with(&format!("{zeros} {head} 1 {}", folder.display())), "{ours}");
    assert_eq!(ours.lines().count(), 1, "{ours}");
}

#[test]
fn it_sees_exactly_what_it_sees_under_git() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    install_hook(&sandbox.repo().join(".git/hooks"), &logging(&log));
    let folder = sandbox.path("same");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "a", folder.to_str().unwrap()]);
    sandbox.git(&sandbox.repo(), &["worktree", "remove", folder.to_str().unwrap()]);
    sandbox.wt(&["create", "b", "--path", folder.to_str().unwrap()]).ok();
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn it_runs_when_git_does_the_checkout_too_and_only_once() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    crate::support::git::write(&repo, ".gitattributes", "*.bin filter=up\n");
    crate::support::git::write(&repo, "a.bin", "a\n");
    sandbox.commit(&repo, "filtered");
    sandbox.git(&repo, &["config", "filter.up.smudge", "tr a-z A-Z"]);
    let log = sandbox.path("log");
    install_hook(&repo.join(".git/hooks"), &logging(&log));
    sandbox.wt(&["create", "login"]).ok();
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1);
}

#[test]
fn it_finds_the_env_already_written() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    install_hook(&sandbox.repo().join(".git/hooks"), &format!("cat .env > {}", log.display()));
    sandbox.wt(&["create", "login"]).ok();
    assert!(fs::read_to_string(&log).unwrap().contains("WT_NAME"));
}

#[test]
fn a_hook_that_fails_is_a_warning() {
    let sandbox = Sandbox::new();
    install_hook(&sandbox.repo().join(".git/hooks"), "echo no >&2; exit 3");
    let run = sandbox.wt(&["create", "login"]).ok();
    assert!(run.stderr.contains("warning") && run.stderr.contains("post-checkout"), "{}", run.shown());
    assert_eq!(sandbox.living()[0]["state"], "active");
}

#[test]
fn no_hooks_runs_none() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    install_hook(&sandbox.repo().join(".git/hooks"), &logging(&log));
    sandbox.wt(&["create", "login", "--no-hooks"]).ok();
    assert!(!log.exists());
}

#[test]
fn a_hooks_folder_named_in_the_configuration_counts() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    install_hook(&sandbox.path("shared-hooks"), &logging(&log));
    let folder = sandbox.path("shared-hooks");
    sandbox.git(&sandbox.repo(), &["config", "core.hooksPath", folder.to_str().unwrap()]);
    sandbox.wt(&["create", "login"]).ok();
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1);
}

#[test]
fn a_hooks_stdout_stays_out_of_the_answer() {
    let sandbox = Sandbox::new();
    install_hook(&sandbox.repo().join(".git/hooks"), "echo chatter");
    let run = sandbox.wt(&["--json", "create", "login"]).ok();
    assert_eq!(run.json()["worktree"]["name"], "feature-login");
    let run = sandbox.wt(&["create", "two"]).ok();
    assert!(!run.stdout.contains("chatter"), "{}", run.shown());
}

#[test]
fn a_hook_that_runs_wt_does_not_deadlock() {
    let sandbox = Sandbox::new();
    let wt = env!("CARGO_BIN_EXE_wt");
    let log = sandbox.path("log");
    install_hook(&sandbox.repo().join(".git/hooks"), &format!("'{wt}' list > {} 2>&1", log.display()));
    sandbox.wt(&["create", "login"]).ok();
    assert!(fs::read_to_string(&log).unwrap().contains("feature-login"));
}
