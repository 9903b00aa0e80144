//! `wt remove --delete-branch`: a branch that somebody else has, or that all others are merged into, stays.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Sandbox, git};

/// A worktree `feature-x` with a commit that is pushed nowhere but merged into main.
fn with_merged(sandbox: &Sandbox) -> PathBuf {
    sandbox.wt(&["create", "x"]).ok();
    let folder = sandbox.worktree("feature-x");
    git::write(&folder, "x.txt", "x\n");
    sandbox.commit(&folder, "x");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--ff-only", "feature/x"]);
    folder
}

/// Another worktree that has `branch` checked out too.
fn doubled(sandbox: &Sandbox, branch: &str) -> PathBuf {
    let other = sandbox.path("other");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-f", other.to_str().unwrap(), branch]);
    other
}

/// Removes `feature-x` with its branch; answers what became of it.
#[track_caller]
fn removed(sandbox: &Sandbox, words: &[&str]) -> Value {
    let words = [&["--json", "remove", "x", "-D"], words].concat();
    let run = sandbox.wt(&words).ok();
    run.json()["removed"][0].clone()
}

/// Makes the worktree anew: beside the other one it cannot be restored.
fn put_back(sandbox: &Sandbox) {
    let folder = sandbox.worktree("feature-x");
    let words = ["worktree", "add", "-q", "-f", folder.to_str().unwrap(), "feature/x"];
    sandbox.git(&sandbox.repo(), &words);
    sandbox.wt_in(&folder, &["adopt"]);
}

#[track_caller]
fn assert_kept(sandbox: &Sandbox, reason: &str) {
    for words in [&[][..], &["--force"]] {
        let answer = removed(sandbox, words);
        assert_eq!(answer["branch_deleted"], false, "{answer}");
        assert_eq!(answer["branch_kept_reason"], reason, "{answer}");
        assert!(sandbox.has_branch(&sandbox.repo(), "feature/x"));
        put_back(sandbox);
    }
}

#[test]
fn a_branch_that_another_worktree_has_checked_out_stays() {
    let sandbox = Sandbox::new();
    with_merged(&sandbox);
    let other = doubled(&sandbox, "feature/x");
    let run = sandbox.wt(&["remove", "x", "-D", "--dry-run", "--json"]).ok();
    assert_eq!(run.json()["plan"]["worktrees"][0]["branch_kept_reason"], "checked_out");
    let plain = sandbox.wt(&["remove", "x", "-D", "--dry-run"]).ok();
    assert!(plain.stdout.contains(" stays: it is checked out in "), "{}", plain.shown());
    let run = sandbox.wt(&["remove", "x", "-D"]).ok();
    run.says(&["branch `feature/x` stays: it is checked out in", other.to_str().unwrap()]);
    assert_eq!(sandbox.git(&other, &["status", "--porcelain"]), "");
    put_back(&sandbox);
    assert_kept(&sandbox, "checked_out");
}

#[test]
fn a_branch_that_another_worktree_rebases_or_bisects_stays() {
    for (reason, words) in [
        ("rebasing", &["rebase", "-q", "--force-rebase", "--exec", "false", "HEAD~1"][..]),
        ("bisecting", &["bisect", "start", "HEAD", "HEAD~1"]),
    ] {
        let sandbox = Sandbox::new();
        with_merged(&sandbox);
        let other = doubled(&sandbox, "feature/x");
        // A rebase whose command fails stops in the middle, which is what is wanted.
        let _ = sandbox.try_git(&other, words);
        if reason == "bisecting" {
            sandbox.git(&other, &["checkout", "-q", "--detach"]);
        }
        assert!(
            sandbox.try_git(&other, &["symbolic-ref", "-q", "HEAD"]).stdout.is_empty(),
            "{reason}: detached"
        );
        assert_kept(&sandbox, reason);
    }
}

#[test]
fn a_branch_that_a_head_names_as_a_symbolic_link_is_taken_and_stays() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let folder = sandbox.path("sw");
    sandbox.git(&repo, &["config", "core.preferSymlinkRefs", "true"]);
    sandbox.git(&repo, &["worktree", "add", "-q", folder.to_str().unwrap(), "-b", "sb"]);
    let head = repo.join(".git/worktrees/sw/HEAD");
    // Whatever this git does with the setting.
    let _ = std::fs::remove_file(&head);
    std::os::unix::fs::symlink("refs/heads/sb", &head).unwrap();
    sandbox.refused(&["create", "x", "--branch", "sb"], "branch_checked_out");
    let list = sandbox.json(&["list"]);
    assert_eq!(list["worktrees"][1]["branch"], "sb", "{list}");
    let other = doubled(&sandbox, "sb");
    sandbox.wt_in(&other, &["adopt"]).ok();
    let answer = sandbox.json(&["remove", "other", "-D"])["removed"][0].clone();
    assert_eq!(answer["branch_kept_reason"], "checked_out", "{answer}");
    assert!(sandbox.has_branch(&repo, "sb"));
}

#[test]
fn the_default_branch_goes_only_with_force() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["switch", "-q", "-c", "aside"]);
    let folder = sandbox.path("m");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", folder.to_str().unwrap(), "main"]);
    let run = sandbox.wt(&["remove", "m", "-D"]).ok();
    run.says(&["branch `main` stays: it is the default branch"]);
    assert!(sandbox.has_branch(&sandbox.repo(), "main"));
    sandbox.wt(&["restore", "m"]).ok();
    let answer = sandbox.json(&["remove", "m", "-D"])["removed"][0].clone();
    assert_eq!(
        (&answer["branch_deleted"], &answer["branch_kept_reason"]),
        (&false.into(), &"default_branch".into())
    );
    sandbox.wt(&["restore", "m"]).ok();
    let answer = sandbox.json(&["remove", "m", "-D", "--force"])["removed"][0].clone();
    assert_eq!(answer["branch_deleted"], true, "{answer}");
    assert!(!sandbox.has_branch(&sandbox.repo(), "main"));
}

#[test]
fn a_pruning_leaves_a_branch_that_another_worktree_has() {
    let sandbox = Sandbox::new();
    with_merged(&sandbox);
    let other = doubled(&sandbox, "feature/x");
    sandbox.git(&sandbox.repo(), &["worktree", "lock", other.to_str().unwrap()]);
    let answer = sandbox.json(&["prune", "--merged", "--min-age", "0s", "-D"]);
    assert_eq!(answer["pruned"][0]["name"], "feature-x", "{answer}");
    assert_eq!(answer["pruned"][0]["branch_kept_reason"], "checked_out", "{answer}");
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/x"));
}

#[test]
fn a_dry_run_tells_people_what_becomes_of_the_branch() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["remove", "login", "-D", "--dry-run"]).ok().answers(&["  branch `feature/login` goes too"]);
    let plain = sandbox.wt(&["remove", "login", "--dry-run"]).ok();
    assert!(!plain.stdout.contains("branch"), "{}", plain.shown());
}
