//! `wt prune --merged`: finds merged work however it was merged, and takes away nothing that anybody still needs.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git, skip};

/// A worktree `feature-NAME` with two commits to files of its own.
fn worktree(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.wt(&["create", name]).ok();
    let folder = sandbox.worktree(&format!("feature-{name}"));
    for part in ["one", "two"] {
        git::write(&folder, &format!("{name}-{part}.txt"), &format!("{part}\n"));
        sandbox.commit(&folder, &format!("{name} {part}"));
    }
    folder
}

/// Something else happens on main.
fn go_on(sandbox: &Sandbox, name: &str) {
    git::write(&sandbox.repo(), name, "later\n");
    sandbox.commit(&sandbox.repo(), name);
}

fn squash(sandbox: &Sandbox, name: &str) {
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--squash", &format!("feature/{name}")]);
    sandbox.git(&sandbox.repo(), &["commit", "-q", "-m", &format!("{name} squashed")]);
}

fn plan(sandbox: &Sandbox) -> Value {
    sandbox.json(&["prune", "--merged", "--min-age", "0s", "--dry-run"])["plan"].clone()
}

/// The reason for which `feature-NAME` would go; fails when it would stay.
#[track_caller]
fn merged(sandbox: &Sandbox, name: &str) -> String {
    let plan = plan(sandbox);
    let all = plan["pruned"].as_array().unwrap();
    let found = all.iter().find(|pruned| pruned["name"] == format!("feature-{name}"));
    let found = found.unwrap_or_else(|| panic!("{name} stays: {plan:#}"));
    assert_eq!(found["kind"], "merged");
    found["reason"].as_str().unwrap().to_owned()
}

/// The reason for which `feature-NAME` stays; fails when it would go.
#[track_caller]
fn kept(sandbox: &Sandbox, name: &str) -> String {
    let plan = plan(sandbox);
    let all = plan["kept"].as_array().unwrap();
    let found = all.iter().find(|kept| kept["name"] == format!("feature-{name}"));
    found.unwrap_or_else(|| panic!("{name} goes: {plan:#}"))["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_merge_commit_and_a_fast_forward_are_found() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--no-ff", "-m", "merge", "feature/a"]);
    assert_eq!(merged(&sandbox, "a"), "its commits are part of main");
    worktree(&sandbox, "b");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--ff-only", "feature/b"]);
    assert_eq!(merged(&sandbox, "b"), "same commit as main");
    go_on(&sandbox, "later");
    assert_eq!(merged(&sandbox, "b"), "its commits are part of main");
}

#[test]
fn a_squash_merge_is_found_at_once_and_after_main_went_on() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    squash(&sandbox, "a");
    assert_eq!(merged(&sandbox, "a"), "same tree as main");
    go_on(&sandbox, "later");
    assert_eq!(merged(&sandbox, "a"), "same tree as main~1");
}

#[test]
fn a_squash_merge_onto_a_main_that_had_moved_is_found() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    squash(&sandbox, "a");
    assert_eq!(merged(&sandbox, "a"), "merging it would add nothing to main");
}

#[test]
fn a_squash_merge_whose_lines_main_changed_later_is_found_by_its_patch() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    squash(&sandbox, "a");
    git::write(&sandbox.repo(), "a-one.txt", "quite another\n");
    sandbox.commit(&sandbox.repo(), "changed later");
    assert_eq!(merged(&sandbox, "a"), "squashed as main~1");
}

#[test]
fn a_rebase_merge_is_found_also_where_main_changed_the_lines_later() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    sandbox.git(&sandbox.repo(), &["cherry-pick", "main..feature/a"]);
    assert_eq!(merged(&sandbox, "a"), "merging it would add nothing to main");
    git::write(&sandbox.repo(), "a-one.txt", "quite another\n");
    sandbox.commit(&sandbox.repo(), "changed later");
    assert_eq!(merged(&sandbox, "a"), "the patches of its 2 commits are in main");
}

#[test]
fn commits_that_were_cherry_picked_apart_from_each_other_are_found() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    sandbox.git(&sandbox.repo(), &["cherry-pick", "feature/a~1"]);
    assert_eq!(kept(&sandbox, "a"), "not merged into main", "one of two");
    go_on(&sandbox, "between");
    sandbox.git(&sandbox.repo(), &["cherry-pick", "feature/a"]);
    git::write(&sandbox.repo(), "a-two.txt", "quite another\n");
    sandbox.commit(&sandbox.repo(), "changed later");
    assert_eq!(merged(&sandbox, "a"), "the patches of its 2 commits are in main");
}

#[test]
fn work_that_was_reverted_on_main_was_merged_all_the_same() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    squash(&sandbox, "a");
    sandbox.git(&sandbox.repo(), &["revert", "--no-edit", "HEAD"]);
    assert_eq!(merged(&sandbox, "a"), "squashed as main~1");
}

#[test]
fn a_branch_that_went_on_after_its_merge_stays() {
    let sandbox = Sandbox::new();
    let folder = worktree(&sandbox, "a");
    squash(&sandbox, "a");
    git::write(&folder, "three.txt", "new\n");
    sandbox.commit(&folder, "three");
    assert_eq!(kept(&sandbox, "a"), "not merged into main");
}

#[test]
fn a_merge_that_was_fetched_but_not_pulled_is_found_in_the_upstream() {
    let sandbox = Sandbox::new();
    let remote = sandbox.add_remote(&sandbox.repo(), "origin");
    sandbox.git(&sandbox.repo(), &["branch", "--set-upstream-to=origin/main"]);
    let folder = worktree(&sandbox, "a");
    sandbox.git(&folder, &["push", "-q", "origin", "feature/a"]);
    let other = sandbox.path("other");
    sandbox.git(&sandbox.path(""), &["clone", "-q", remote.to_str().unwrap(), other.to_str().unwrap()]);
    sandbox.git(&other, &["merge", "-q", "--squash", "origin/feature/a"]);
    sandbox.git(&other, &["commit", "-q", "-m", "squashed there"]);
    sandbox.git(&other, &["push", "-q", "origin", "HEAD:main"]);
    assert_eq!(kept(&sandbox, "a"), "not merged into main or origin/main");
    sandbox.git(&sandbox.repo(), &["fetch", "-q"]);
    assert_eq!(merged(&sandbox, "a"), "same tree as origin/main");
}

#[test]
fn unmerged_work_stays() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "later");
    assert_eq!(kept(&sandbox, "a"), "not merged into main");
}

#[test]
fn a_branch_nobody_committed_to_is_no_merged_work() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "a"]).ok();
    assert_eq!(kept(&sandbox, "a"), "no commit was ever made on `feature/a`");
    go_on(&sandbox, "later");
    assert_eq!(kept(&sandbox, "a"), "no commit was ever made on `feature/a`");
    sandbox.git(&sandbox.worktree("feature-a"), &["merge", "-q", "--ff-only", "main"]);
    assert_eq!(kept(&sandbox, "a"), "no commit was ever made on `feature/a`");
}

#[test]
fn young_worktrees_stay_and_old_ones_go() {
    let sandbox = Sandbox::new();
    let folder = worktree(&sandbox, "a");
    squash(&sandbox, "a");
    let of_default = |sandbox: &Sandbox| {
        sandbox.json(&["prune", "--merged", "--dry-run"])["plan"]["pruned"].as_array().unwrap().len()
    };
    assert_eq!(of_default(&sandbox), 0, "made just now");
    // Two days later, as far as records tell.
    let then = SystemTime::now() - Duration::from_hours(48);
    let head = fs::File::options().append(true).open(sandbox.repo().join(".git/worktrees/feature-a/HEAD"));
    head.unwrap().set_modified(then).unwrap();
    assert_eq!(of_default(&sandbox), 0, "the record is young");
    for log in ["worktrees/feature-a/logs/HEAD", "logs/refs/heads/feature/a"] {
        // The commits bear the sandbox's date; what made the worktree bears today's.
        let file = sandbox.repo().join(".git").join(log);
        let text = fs::read_to_string(&file).unwrap();
        let old: Vec<&str> = text.lines().filter(|line| line.contains("\tcommit: ")).collect();
        fs::write(file, old.join("\n") + "\n").unwrap();
    }
    let created = sandbox.living()[0]["created_at"].as_str().unwrap().to_owned();
    let file = sandbox.state().join("registry.json");
    let text = fs::read_to_string(&file).unwrap().replace(&created, "2026-02-01T00:00:00Z");
    fs::write(&file, text).unwrap();
    assert_eq!(of_default(&sandbox), 1);
    let mut sandbox = sandbox;
    let now = jiff::Timestamp::now().to_string();
    sandbox.set("GIT_COMMITTER_DATE", now);
    sandbox.commit(&folder, "just now, and empty");
    assert_eq!(of_default(&sandbox), 0, "the last commit is young");
}

#[test]
fn what_is_nowhere_else_keeps_its_worktree() {
    let sandbox = Sandbox::new();
    for name in ["dirty", "staged", "untracked", "ignored", "locked", "busy", "stash"] {
        worktree(&sandbox, name);
        squash(&sandbox, name);
    }
    let folder = |name: &str| sandbox.worktree(&format!("feature-{name}"));
    git::write(&folder("dirty"), "dirty-one.txt", "changed\n");
    git::write(&folder("staged"), "new.txt", "new\n");
    sandbox.git(&folder("staged"), &["add", "new.txt"]);
    git::write(&folder("untracked"), "notes.txt", "mine\n");
    git::write(&sandbox.repo(), ".git/info/exclude", ".env\nlocal.db\n");
    git::write(&folder("ignored"), "local.db", "data\n");
    sandbox.git(&sandbox.repo(), &["worktree", "lock", folder("locked").to_str().unwrap()]);
    git::write(&folder("stash"), "stash-one.txt", "changed\n");
    sandbox.git(&folder("stash"), &["stash", "-q"]);
    let _sleeper = sandbox.sleeper(&folder("busy"));
    for (name, why) in [
        ("dirty", "changed: dirty-one.txt"),
        ("staged", "staged: new.txt"),
        ("untracked", "untracked: notes.txt"),
        ("ignored", "local.db"),
        ("locked", "locked"),
        ("busy", "sleep (pid"),
        ("stash", "1 stash entry"),
    ] {
        let reason = kept(&sandbox, name);
        assert!(reason.contains(why), "{name}: {reason}");
    }
}

#[test]
fn the_worktree_one_stands_in_and_the_default_branch_stay() {
    let sandbox = Sandbox::new();
    let folder = worktree(&sandbox, "a");
    squash(&sandbox, "a");
    let answer = sandbox.json_in(&folder.join("src"), &["prune", "--merged", "--min-age", "0s"]);
    assert_eq!(answer["kept"][0]["reason"], "you stand in it");
    sandbox.git(&sandbox.repo(), &["switch", "-q", "-c", "aside"]);
    sandbox.git(&folder, &["switch", "-q", "main"]);
    assert_eq!(kept(&sandbox, "a"), "it is on `main`, the default branch");
    sandbox.git(&folder, &["switch", "-q", "--detach"]);
    assert_eq!(kept(&sandbox, "a"), "no branch is checked out");
}

#[test]
fn merged_worktrees_are_removed_restorably_and_their_branch_stays() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "with-port", "--ports"]).ok();
    let folder = sandbox.worktree("feature-with-port");
    git::write(&folder, "x.txt", "x\n");
    sandbox.commit(&folder, "x");
    squash(&sandbox, "with-port");
    worktree(&sandbox, "open");
    let run = sandbox.wt(&["prune", "--merged", "--min-age", "0s", "-v"]).ok();
    let run = run.answers(&["Removed feature-with-port  merged: same tree as main", "wt restore"]);
    run.says(&["kept feature-open: not merged into main"]);
    assert!(!folder.exists() && sandbox.worktree("feature-open").exists());
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/with-port"));
    sandbox.assert_sound(&sandbox.repo());
    sandbox.wt(&["restore", "with-port"]).ok();
    assert!(folder.join("x.txt").exists());
    assert_eq!(sandbox.living().iter().filter(|entry| entry["name"] == "feature-with-port").count(), 1);
}

#[test]
fn the_branch_goes_only_when_that_is_asked_for_and_comes_back_with_restore() {
    let sandbox = Sandbox::new();
    let folder = worktree(&sandbox, "a");
    squash(&sandbox, "a");
    let tip = sandbox.git(&folder, &["rev-parse", "HEAD"]);
    let answer = sandbox.json(&["prune", "--merged", "--min-age", "0s", "--delete-branch"]);
    assert_eq!(answer["pruned"][0]["branch_deleted"], true);
    assert_eq!(answer["pruned"][0]["kind"], "merged");
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/a"));
    sandbox.git(&sandbox.repo(), &["gc", "-q", "--prune=now"]);
    sandbox.wt(&["restore", "a"]).ok();
    assert_eq!(sandbox.git(&folder, &["rev-parse", "feature/a"]), tip);
}

#[test]
fn a_dry_run_writes_nothing_not_even_objects() {
    let sandbox = Sandbox::new();
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    squash(&sandbox, "a");
    worktree(&sandbox, "open");
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["prune", "--merged", "--min-age", "0s", "--dry-run"]).ok();
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn a_repository_that_libgit2_cannot_read_is_judged_by_git() {
    let sandbox = Sandbox::without_repository();
    let repo = sandbox.make_repository_with("proj", &["init", "-q", "-b", "main", "--object-format=sha256"]);
    worktree(&sandbox, "a");
    go_on(&sandbox, "before");
    squash(&sandbox, "a");
    worktree(&sandbox, "open");
    assert_eq!(merged(&sandbox, "a"), "merging it would add nothing to main");
    assert_eq!(kept(&sandbox, "open"), "not merged into main");
    sandbox.assert_sound(&repo);
}

#[test]
fn a_worktree_whose_server_runs_stays() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "a", "--ports"]).ok();
    let folder = sandbox.worktree("feature-a");
    git::write(&folder, "x.txt", "x\n");
    sandbox.commit(&folder, "x");
    squash(&sandbox, "a");
    let port = sandbox.port(0);
    let Some(_server) = sandbox.python_server(&folder, "127.0.0.1", &[port]) else {
        return skip("there is no Python");
    };
    let reason = kept(&sandbox, "a");
    assert!(reason.starts_with(&format!("its service listens on port {port} (pid ")), "{reason}");
}

#[test]
fn on_a_terminal_it_asks_before_merged_worktrees_go_unless_told_yes() {
    let sandbox = Sandbox::new();
    let folder = worktree(&sandbox, "a");
    squash(&sandbox, "a");
    let words = ["prune", "--merged", "--min-age", "0s"];
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &words));
    terminal.expect("same tree as main");
    terminal.expect("Remove this merged worktree?");
    terminal.send("n");
    let (status, screen) = terminal.finish();
    assert!(status == 1 && folder.exists(), "{screen}");
    let told = [&words[..], &["--yes"]].concat();
    let (status, screen) = Terminal::start(sandbox.command(&sandbox.repo(), &told)).finish();
    assert!(status == 0 && !folder.exists(), "{screen}");
}

#[test]
fn a_clean_clone_of_a_submodule_whose_commits_are_on_a_remote_keeps_no_merged_worktree() {
    let sandbox = Sandbox::new();
    let lib = sandbox.make_repository("lib");
    sandbox.git(&sandbox.repo(), &["submodule", "--quiet", "add", lib.to_str().unwrap(), "vendor/lib"]);
    sandbox.commit(&sandbox.repo(), "submodule");
    for name in ["clean", "work"] {
        let folder = worktree(&sandbox, name);
        sandbox.git(&folder, &["submodule", "--quiet", "update", "--init"]);
        squash(&sandbox, name);
    }
    let clone = sandbox.worktree("feature-work").join("vendor/lib");
    git::write(&clone, "new.txt", "mine\n");
    sandbox.commit(&clone, "on no remote");
    assert!(!merged(&sandbox, "clean").is_empty());
    assert!(kept(&sandbox, "work").contains("vendor/lib"));
    sandbox.wt(&["prune", "--merged", "--min-age", "0s", "--yes"]).ok();
    assert!(!sandbox.worktree("feature-clean").exists() && clone.join("new.txt").exists());
    sandbox.wt(&["restore", "clean"]).ok();
    assert_eq!(sandbox.status(&sandbox.worktree("feature-clean").join("vendor/lib")), "");
}
