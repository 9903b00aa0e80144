//! Which branch is the default one: one rule for all commands, and no guess where nothing tells.

use std::fs;

use crate::support::{Sandbox, git};

const PRUNE: [&str; 5] = ["prune", "--merged", "--min-age", "0s", "--dry-run"];

/// A worktree `feature-a` that is merged into main, and a branch `develop` that is older.
fn merged_into_main(sandbox: &Sandbox) {
    sandbox.git(&sandbox.repo(), &["branch", "develop"]);
    sandbox.wt(&["create", "a"]).ok();
    let folder = sandbox.worktree("feature-a");
    git::write(&folder, "a.txt", "a\n");
    sandbox.commit(&folder, "a");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--ff-only", "feature/a"]);
}

#[track_caller]
fn compared_with(sandbox: &Sandbox) -> (String, usize) {
    let plan = sandbox.json(&PRUNE)["plan"].clone();
    let names: Vec<&str> =
        plan["compared_with"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    (names.join(" "), plan["pruned"].as_array().unwrap().len())
}

#[test]
fn what_is_merged_is_asked_of_the_branch_that_the_remotes_head_names() {
    let sandbox = Sandbox::new();
    merged_into_main(&sandbox);
    assert_eq!(compared_with(&sandbox), ("main".to_owned(), 1), "there is no remote");
    sandbox.add_remote(&sandbox.repo(), "origin");
    sandbox.git(&sandbox.repo(), &["remote", "set-head", "origin", "develop"]);
    assert_eq!(compared_with(&sandbox), ("develop origin/develop".to_owned(), 0));
    sandbox.git(&sandbox.repo(), &["branch", "-D", "-q", "develop"]);
    assert_eq!(compared_with(&sandbox), ("origin/develop".to_owned(), 0));
    sandbox
        .wt(&PRUNE)
        .ok()
        .says(&["kept feature-a: not merged into origin/develop", "compared with origin/develop"]);
}

#[test]
fn of_several_remotes_the_one_counts_that_the_main_worktrees_branch_follows() {
    let sandbox = Sandbox::new();
    merged_into_main(&sandbox);
    for name in ["origin", "upstream"] {
        sandbox.add_remote(&sandbox.repo(), name);
    }
    sandbox.git(&sandbox.repo(), &["remote", "set-head", "origin", "main"]);
    sandbox.git(&sandbox.repo(), &["remote", "set-head", "upstream", "develop"]);
    let error = sandbox.refused(&PRUNE, "branch_not_found");
    assert!(error["message"].as_str().unwrap().contains("origin, upstream"), "{error}");
    sandbox.git(&sandbox.repo(), &["branch", "-q", "--set-upstream-to=upstream/main"]);
    assert_eq!(compared_with(&sandbox), ("develop upstream/develop".to_owned(), 0));
    sandbox.git(&sandbox.repo(), &["branch", "-q", "--set-upstream-to=origin/main"]);
    assert_eq!(compared_with(&sandbox), ("main origin/main".to_owned(), 1));
    sandbox.configure("[git]\ndefault_branch = \"develop\"\n");
    assert_eq!(compared_with(&sandbox).1, 0, "the configuration has the first word");
}

#[test]
fn without_a_recorded_head_two_usual_branches_are_too_many() {
    let sandbox = Sandbox::new();
    merged_into_main(&sandbox);
    sandbox.git(&sandbox.repo(), &["branch", "master"]);
    sandbox.add_remote(&sandbox.repo(), "origin");
    let _ = sandbox.try_git(&sandbox.repo(), &["remote", "set-head", "origin", "-d"]);
    let error = sandbox.refused(&PRUNE, "branch_not_found");
    assert!(error["hint"].as_str().unwrap().contains("git remote set-head origin -a"), "{error}");
    let listed = sandbox.json(&["list", "--status"])["worktrees"].clone();
    for worktree in listed.as_array().unwrap() {
        assert!(worktree["ahead"].is_null() && worktree["behind"].is_null(), "no counts: {worktree}");
    }
    sandbox.git(&sandbox.repo(), &["remote", "set-head", "origin", "main"]);
    assert_eq!(compared_with(&sandbox), ("main origin/main".to_owned(), 1));
}

#[test]
fn a_remote_that_was_never_fetched_says_nothing() {
    let sandbox = Sandbox::new();
    merged_into_main(&sandbox);
    sandbox.git(&sandbox.repo(), &["remote", "add", "origin", "/nowhere"]);
    assert_eq!(compared_with(&sandbox), ("main".to_owned(), 1));
    sandbox.git(&sandbox.repo(), &["branch", "-m", "main", "trunk"]);
    sandbox.refused(&PRUNE, "branch_not_found");
    fs::write(sandbox.repo().join(".wt.toml"), "[git]\ndefault_branch = \"trunk\"\n").unwrap();
    assert_eq!(compared_with(&sandbox).0, "trunk");
}

#[test]
fn worktrees_that_stay_are_named_with_the_reason() {
    let sandbox = Sandbox::new();
    merged_into_main(&sandbox);
    git::write(&sandbox.worktree("feature-a"), "notes.txt", "mine\n");
    sandbox.wt(&["create", "b"]).ok();
    let run = sandbox.wt(&["prune", "--merged", "--min-age", "0s"]).ok();
    run.says(&[
        "kept feature-a: removing it would lose untracked: notes.txt",
        "kept feature-b: no commit was ever made on `feature/b`",
        "nothing to prune",
        "compared with main",
    ]);
}
