//! Pipes where git keeps plain files: refused by their kind, and nobody waits for their other end.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Sandbox, wait};

fn put_pipe(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs `wt`, and returns its status and what it said; fails where it waits.
#[track_caller]
fn run(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = sandbox.command(&sandbox.repo(), arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let status = wait::end_of(&mut child);
    let mut said = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    (status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_pipe_as_the_log_of_the_new_branch_is_refused_and_left() {
    let sandbox = Sandbox::new();
    let log = sandbox.repo().join(".git/logs/refs/heads/feature/login");
    put_pipe(&log);
    let (status, said) = run(&sandbox, &["create", "login", "--ports"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("is not a plain file") && said.contains(log.to_str().unwrap()), "{said}");
    assert!(!said.contains("undoing failed"), "{said}");
    assert_eq!(sandbox.living().len(), 0);
    assert!(!sandbox.worktree("feature-login").exists());
    assert!(log.symlink_metadata().is_ok());
    assert_eq!(run(&sandbox, &["list"]).0, Some(0));
}

#[test]
fn a_pipe_as_the_log_of_a_branch_or_of_head_is_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    put_pipe(&sandbox.repo().join(".git/logs/refs/heads/feature/login"));
    put_pipe(&sandbox.repo().join(".git/worktrees/feature-login/logs/HEAD"));
    put_pipe(&sandbox.repo().join(".git/logs/refs/stash"));
    for arguments in [&["list", "--status"][..], &["prune", "--merged", "--dry-run"]] {
        assert_eq!(run(&sandbox, arguments).0, Some(0), "{arguments:?}");
    }
}

#[test]
fn a_pipe_as_the_list_of_ignored_files_is_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--no-env"]).ok();
    put_pipe(&sandbox.repo().join(".git/info/exclude"));
    put_pipe(&sandbox.repo().join(".git/info/attributes"));
    assert_eq!(run(&sandbox, &["list", "--status"]).0, Some(0));
}

#[test]
fn a_create_that_cannot_have_its_env_ignored_is_undone_whole() {
    let sandbox = Sandbox::new();
    put_pipe(&sandbox.repo().join(".git/info/exclude"));
    let (status, said) = run(&sandbox, &["create", "login", "--ports"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("info/exclude") && !said.contains("undoing failed"), "{said}");
    assert_eq!(sandbox.living().len(), 0);
    assert!(!sandbox.worktree("feature-login").exists());
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
}
