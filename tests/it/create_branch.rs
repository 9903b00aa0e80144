//! Which branch a create takes: existing, from a remote, new from a base, or none.

use std::fs;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git};

#[test]
fn an_existing_branch_is_checked_out() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["switch", "-q", "-c", "feature/login"]);
    git::write(&repo, "new.txt", "new\n");
    let tip = sandbox.commit(&repo, "second");
    sandbox.git(&repo, &["switch", "-q", "main"]);
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(sandbox.git(&folder, &["rev-parse", "HEAD"]), tip);
    assert!(folder.join("new.txt").exists());
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn a_branch_that_only_a_remote_has_is_tracked() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["switch", "-q", "-c", "feature/login"]);
    let tip = sandbox.commit(&repo, "second");
    sandbox.add_remote(&repo, "origin");
    sandbox.git(&repo, &["switch", "-q", "main"]);
    sandbox.git(&repo, &["branch", "-D", "feature/login"]);
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(sandbox.git(&folder, &["rev-parse", "HEAD"]), tip);
    assert_eq!(sandbox.git(&folder, &["rev-parse", "--abbrev-ref", "@{upstream}"]), "origin/feature/login");
}

#[test]
fn a_branch_that_two_remotes_have_is_not_guessed_at() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["branch", "feature/login"]);
    sandbox.add_remote(&repo, "one");
    sandbox.add_remote(&repo, "two");
    sandbox.git(&repo, &["branch", "-D", "feature/login"]);
    let error = sandbox.refused(&["create", "login"], "ambiguous");
    let text = error.to_string();
    assert!(text.contains("one") && text.contains("two"), "{text}");
}

#[test]
fn any_branch_can_be_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "topic"]);
    let answer = sandbox.json(&["create", "login", "--branch", "topic"]);
    assert_eq!(answer["worktree"]["branch"], "topic");
    assert_eq!(answer["worktree"]["name"], "feature-login");
}

#[test]
fn new_branch_insists_that_it_is_new() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feature/login"]);
    let error = sandbox.refused(&["create", "login", "--new-branch"], "branch_exists");
    assert!(error["message"].as_str().unwrap().contains("feature/login"), "{error}");
    assert!(error["hint"].is_string());
    sandbox.wt(&["create", "other", "--new-branch"]).ok();
}

#[test]
fn a_branch_checked_out_elsewhere_is_refused_with_the_same_command_and_a_base() {
    let sandbox = Sandbox::new();
    let error = sandbox.refused(&["create", "copy", "--branch", "main"], "branch_checked_out");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("create copy ") && hint.contains("--base main"), "{hint}");
    assert!(!hint.contains("--branch main"), "{hint}");
    assert!(error["message"].as_str().unwrap().contains(sandbox.repo().to_str().unwrap()), "{error}");
}

#[test]
fn a_branch_of_a_sibling_worktree_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    sandbox.refused(&["create", "other", "--branch", "feature/login"], "branch_checked_out");
}

#[test]
fn the_hint_about_a_worktree_that_is_there_leads_on() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let error = sandbox.refused(&["create", "login"], "worktree_exists");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("`wt switch feature-login`"), "{hint}");
    for (way, folder) in [("--reuse", "feature-login"), ("--base", "feature-login-2")] {
        let command = hint.split('`').find(|part| part.contains(way)).unwrap();
        sandbox.wt(&command.split(' ').skip(1).collect::<Vec<_>>()).ok();
        assert!(sandbox.worktree(folder).is_dir(), "{command}");
    }
    sandbox.wt(&["switch", "feature/login"]).ok();
}

#[test]
fn a_branch_whose_folder_was_deleted_is_still_taken() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("gone");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "topic", folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    sandbox.refused(&["create", "x", "--branch", "topic"], "branch_checked_out");
}

#[test]
fn base_names_where_a_new_branch_starts() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let first = sandbox.git(&repo, &["rev-parse", "HEAD"]);
    git::write(&repo, "second.txt", "2\n");
    sandbox.commit(&repo, "second");
    sandbox.wt(&["create", "old", "--base", "HEAD~1"]).ok();
    let folder = sandbox.worktree("feature-old");
    assert_eq!(sandbox.git(&folder, &["rev-parse", "HEAD"]), first);
    assert!(!folder.join("second.txt").exists());
}

#[test]
fn base_may_be_a_tag_or_a_short_commit() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let first = sandbox.git(&repo, &["rev-parse", "HEAD"]);
    sandbox.git(&repo, &["tag", "-a", "v1", "-m", "v1"]);
    sandbox.commit(&repo, "second");
    sandbox.wt(&["create", "tag", "--base", "v1"]).ok();
    sandbox.wt(&["create", "short", "--base", &first[..8]]).ok();
    for name in ["feature-tag", "feature-short"] {
        assert_eq!(sandbox.git(&sandbox.worktree(name), &["rev-parse", "HEAD"]), first);
    }
}

#[test]
fn a_base_that_does_not_exist_is_named() {
    let sandbox = Sandbox::new();
    let error = sandbox.refused(&["create", "x", "--base", "nowhere"], "branch_not_found");
    assert!(error["message"].as_str().unwrap().contains("nowhere"), "{error}");
}

#[test]
fn detach_makes_no_branch() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "look", "--detach", "--purpose", "review"]);
    assert!(answer["worktree"]["branch"].is_null(), "{answer}");
    let folder = sandbox.worktree("review-look");
    assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), "");
    assert!(!sandbox.has_branch(&sandbox.repo(), "review/look"));
}

#[test]
fn detach_with_base_stands_on_the_base() {
    let sandbox = Sandbox::new();
    let first = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    sandbox.commit(&sandbox.repo(), "second");
    sandbox.wt(&["create", "look", "--detach", "--base", "HEAD~1"]).ok();
    assert_eq!(sandbox.git(&sandbox.worktree("feature-look"), &["rev-parse", "HEAD"]), first);
}

#[test]
fn detach_and_new_branch_exclude_each_other() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["create", "x", "--detach", "--new-branch"], "usage");
}

#[test]
fn a_branch_below_an_existing_branch_is_refused_and_the_obstacle_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feat/x"]);
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "create", "y", "--branch", "feat"]);
    assert_eq!(run.status, 1, "{}", run.shown());
    assert!(run.error("branch_exists")["message"].as_str().unwrap().contains("feat/x"), "{}", run.shown());
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn a_branch_above_an_existing_branch_is_refused_and_the_obstacle_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feature"]);
    let error = sandbox.refused(&["create", "login"], "branch_exists");
    assert!(error["message"].as_str().unwrap().contains("`feature`"), "{error}");
}

#[test]
fn two_branches_that_end_alike_get_two_worktrees() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--branch", "x/a", "--path", sandbox.path("one/a").to_str().unwrap()]).ok();
    sandbox.wt(&["create", "two", "--branch", "y/a", "--path", sandbox.path("two/a").to_str().unwrap()]).ok();
    assert_eq!(sandbox.git(&sandbox.path("one/a"), &["branch", "--show-current"]), "x/a");
    assert_eq!(sandbox.git(&sandbox.path("two/a"), &["branch", "--show-current"]), "y/a");
    assert_eq!(sandbox.git(&sandbox.repo(), &["worktree", "list"]).lines().count(), 3);
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_packed_branch_is_found() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "feature/login"]);
    sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
    sandbox.wt(&["create", "login"]).ok();
    sandbox.refused(&["create", "again", "--branch", "feature/login", "--new-branch"], "branch_exists");
}

#[test]
fn a_new_branch_has_a_reflog_and_no_upstream() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let repo = sandbox.repo();
    assert_eq!(sandbox.git(&repo, &["reflog", "show", "feature/login"]).lines().count(), 1);
    let upstream = sandbox.try_git(&repo, &["rev-parse", "--abbrev-ref", "feature/login@{upstream}"]);
    assert!(!upstream.status.success());
}

#[test]
fn a_hint_repeats_the_whole_command_ready_to_paste() {
    let sandbox = Sandbox::new();
    let words = [
        "create",
        "copy",
        "-p",
        "bugfix",
        "--branch=main",
        "--ports=web,api",
        "--lock=for the demo",
        "-x",
        "true",
    ];
    let error = sandbox.refused(&words, "branch_checked_out");
    let hint = error["hint"].as_str().unwrap();
    let command = hint.split('`').find(|part| part.starts_with("wt --json create ")).unwrap();
    assert_eq!(
        command,
        "wt --json create copy -p bugfix --ports=web,api '--lock=for the demo' --base main -x true"
    );
    let typed =
        format!("cd '{}' && {command}", sandbox.repo().display()).replace("wt --json", "\"$WT\" --json");
    let mut shell = sandbox.program("sh", &sandbox.repo());
    let done = shell.args(["-c", &typed]).env("WT", env!("CARGO_BIN_EXE_wt")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let entry = sandbox.living()[0].clone();
    assert_eq!(entry["branch"], "bugfix/copy");
    assert_eq!(entry["allocations"].as_array().unwrap().len(), 2);
}

#[test]
fn an_identifier_may_name_the_purpose_too() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "bugfix/crash"]);
    assert_eq!(answer["worktree"]["name"], "bugfix-crash");
    assert_eq!(answer["worktree"]["branch"], "bugfix/crash");
    sandbox.wt(&["create", "bugfix/second", "--purpose", "bugfix"]).ok();
    // What is no purpose is no identifier either, and two that differ are none.
    sandbox.refused(&["create", "nonsense/crash"], "name_invalid");
    sandbox.refused(&["create", "bugfix/third", "--purpose", "feature"], "name_invalid");
    let hint = sandbox.refused(&["create", "bugfix/crash"], "worktree_exists")["hint"].to_string();
    assert!(hint.contains("create bugfix/crash-2 --base bugfix/crash"), "{hint}");
}

#[test]
fn the_first_line_says_where_the_branch_comes_from() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let tip = sandbox.git(&repo, &["rev-parse", "--short=7", "HEAD"]);
    let first = |words: &[&str], folder: &std::path::Path| {
        let run = sandbox.wt_in(folder, words).ok();
        run.stdout.lines().next().unwrap().to_owned()
    };
    let said = first(&["create", "new"], &repo);
    assert_eq!(
        said,
        format!("Created feature-new on branch feature/new, new branch from main {}", tip.trim())
    );
    let said = first(&["create", "inside"], &sandbox.worktree("feature-new"));
    assert!(said.contains("on branch feature/inside, new branch from feature/new "), "{said}");
    let said = first(&["create", "based", "--base", "HEAD~0"], &repo);
    assert!(said.contains("from HEAD~0 "), "{said}");

    let mut commit = sandbox.program("git", &repo);
    commit
        .args(["commit", "-q", "--allow-empty", "-m", "old"])
        .env("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z");
    assert!(commit.status().unwrap().success());
    sandbox.git(&repo, &["branch", "feature/slow"]);
    for text in ["one", "two"] {
        sandbox.git(&repo, &["commit", "-q", "--allow-empty", "-m", text]);
    }
    let said = first(&["create", "slow"], &repo);
    assert!(said.starts_with("Created feature-slow on your branch feature/slow (2"), "{said}");
    assert!(said.ends_with(" years old, 2 behind main)"), "{said}");

    let answer = sandbox.json(&["create", "new-2"]);
    assert_eq!(answer["start"]["kind"], "new", "{answer}");
    assert_eq!(answer["start"]["from"], "main", "{answer}");
}

#[test]
fn a_branch_that_is_called_as_the_identifier_is_hinted_at() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "johns-thing"]);
    let run = sandbox.wt(&["create", "johns-thing"]).ok();
    assert!(run.stderr.contains("there is a branch `johns-thing` too"), "{}", run.shown());
    assert!(run.stderr.contains("`wt create johns-thing --branch johns-thing`"), "{}", run.shown());
    sandbox.wt(&["remove", "feature-johns-thing", "-D"]).ok();
    let run = sandbox.wt(&["create", "johns-thing", "--branch", "johns-thing"]).ok();
    assert!(run.stdout.contains("on your branch johns-thing"), "{}", run.shown());
    // One that is checked out is nobody's to be meant.
    assert!(!sandbox.wt(&["create", "main"]).ok().stderr.contains("hint"));
}

#[test]
fn on_a_terminal_the_other_branch_is_asked_about() {
    for (answer, branch) in [("y", "johns-thing"), ("n", "feature/johns-thing")] {
        let sandbox = Sandbox::new();
        sandbox.git(&sandbox.repo(), &["branch", "johns-thing"]);
        let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["create", "johns-thing"]));
        terminal.expect("There is a branch johns-thing");
        terminal.send(&format!("{answer}\n"));
        terminal.finish();
        assert_eq!(sandbox.living()[0]["branch"], branch);
    }
}

#[test]
fn new_branches_may_start_at_the_default_branch() {
    let sandbox = Sandbox::new();
    sandbox.configure("[create]\nbase = \"default\"\n");
    sandbox.wt(&["create", "one"]).ok();
    let inside = sandbox.worktree("feature-one");
    sandbox.git(&inside, &["commit", "-q", "--allow-empty", "-m", "more"]);
    let run = sandbox.wt_in(&inside, &["create", "two"]).ok();
    assert!(run.stdout.contains("new branch from main "), "{}", run.shown());
    let head = |folder: &std::path::Path| sandbox.git(folder, &["rev-parse", "HEAD"]);
    assert_eq!(head(&sandbox.worktree("feature-two")), head(&sandbox.repo()));
    // The flag counts for more.
    sandbox.wt_in(&inside, &["create", "three", "--base", "HEAD"]).ok();
    assert_eq!(head(&sandbox.worktree("feature-three")), head(&inside));
}
