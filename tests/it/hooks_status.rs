//! `wt hooks status`: whether each hook fires in each worktree, and why not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::hooks::{PASSES, find_new_git, write_program};
use crate::support::terminal::Terminal;

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.put_stand_in_on_path(PASSES);
    sandbox
}

/// The answer, with the exit status that belongs to it.
#[track_caller]
fn status(sandbox: &Sandbox) -> Value {
    let run = sandbox.wt(&["--json", "hooks", "status"]);
    let answer = run.json();
    let fires = answer["hooks"].as_array().unwrap().iter().all(|hook| hook["fires"] == true);
    assert_eq!(run.status, i32::from(!fires), "{}", run.shown());
    let plain = sandbox.wt(&["hooks", "status"]);
    assert_eq!(plain.status, run.status);
    answer
}

/// `(fires, how, reason)` of one hook in one worktree.
#[track_caller]
fn one(sandbox: &Sandbox, hook: &str, worktree: &str) -> (bool, Value, String) {
    let answer = status(sandbox);
    let found = answer["hooks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["hook"] == hook && line["worktree"] == worktree);
    let line = found.unwrap_or_else(|| panic!("{answer}"));
    let reason = line["reason"].as_str().unwrap_or_default().to_owned();
    (line["fires"] == true, line["how"].clone(), reason)
}

#[test]
fn before_an_install_nothing_fires() {
    let sandbox = sandbox();
    let answer = status(&sandbox);
    assert_eq!(answer["hooks"].as_array().unwrap().len(), 2);
    assert_eq!(answer["installed"], false);
    assert_eq!(answer["manager"], Value::Null);
    assert_eq!(one(&sandbox, "pre-push", "proj"), (false, Value::Null, "not installed".to_owned()));
}

#[test]
fn an_install_fires_here_and_in_each_linked_worktree() {
    let sandbox = sandbox();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", folder.to_str().unwrap()]);
    sandbox.hooks("install").ok();
    for worktree in ["proj", "feature-login", "by-git"] {
        for hook in ["post-checkout", "pre-push"] {
            assert_eq!(
                one(&sandbox, hook, worktree),
                (true, json!("file"), String::new()),
                "{worktree} {hook}"
            );
        }
    }
    let text = sandbox.hooks("status").ok().stdout;
    assert!(text.contains("post-checkout\tproj\tyes\tfile\t-\n"), "{text}");
    assert_eq!(status(&sandbox)["folder"], sandbox.repo().join(".git/hooks").to_str().unwrap());
}

#[test]
fn a_status_changes_nothing() {
    let sandbox = sandbox();
    let before = sandbox.snapshot();
    let run = sandbox.hooks("status");
    sandbox.assert_unchanged(&before, &run);
    assert!(!sandbox.state().exists());
}

#[test]
fn without_wt_on_the_path_none_fires() {
    let mut sandbox = sandbox();
    sandbox.hooks("install").ok();
    sandbox.set("PATH", std::env::var_os("PATH").unwrap());
    let (fires, _, reason) = one(&sandbox, "post-checkout", "proj");
    assert!(!fires && reason.contains("PATH"), "{reason}");
    sandbox.hooks("status").exits(1).says(&["PATH"]);
    sandbox.hooks("install").ok().says(&["PATH"]);
}

#[test]
fn another_program_called_wt_is_found_out_and_named() {
    let mut sandbox = sandbox();
    sandbox.hooks("install").ok();
    let ours = sandbox.path("bin/wt");
    let answer = status(&sandbox);
    assert_eq!((&answer["program"], &answer["program_is_ours"]), (&json!(ours), &json!(true)));
    sandbox.hooks("status").ok().says(&[&format!("git's hooks run {}", ours.display())]);
    let theirs = sandbox.path("first/wt");
    write_program(&theirs, "#!/bin/sh\nexit 1\n");
    let rest = std::env::var("PATH").unwrap();
    let (first, bin) = (sandbox.path("first"), sandbox.path("bin"));
    sandbox.set("PATH", format!("{}:{}:{rest}", first.display(), bin.display()));
    for hook in ["post-checkout", "pre-push"] {
        let (fires, how, reason) = one(&sandbox, hook, "proj");
        assert!(!fires && how == "file" && reason.contains(theirs.to_str().unwrap()), "{reason}");
    }
    let answer = status(&sandbox);
    assert_eq!((&answer["program"], &answer["program_is_ours"]), (&json!(theirs), &json!(false)));
    sandbox.hooks("status").exits(1).says(&["another program", "before its own"]);
    sandbox.hooks("install").ok().says(&["another program"]);
    let former = include_str!("../../hooks/former/pre-push-5");
    write_program(&sandbox.hook("pre-push"), former);
    assert!(one(&sandbox, "pre-push", "proj").2.contains("stop git"));
    sandbox.hooks("status").exits(1).says(&["wt hooks install"]);
    write_program(&sandbox.path("bin/git-wt"), "#!/bin/sh\nexit 1\n");
    sandbox.hooks("install").ok();
    assert!(one(&sandbox, "pre-push", "proj").0, "`git-wt` goes first");
}

#[test]
fn a_file_that_is_not_executable_or_changed_or_somebody_elses_does_not_fire() {
    let sandbox = sandbox();
    sandbox.hooks("install").ok();
    let path = sandbox.hook("pre-push");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let (fires, _, reason) = one(&sandbox, "pre-push", "proj");
    assert!(!fires && reason.contains("executable"), "{reason}");
    sandbox.hooks("install").ok();
    assert!(one(&sandbox, "pre-push", "proj").0);
    let ours = fs::read_to_string(&path).unwrap();
    for (change, still_fires) in [("# and more\n", true), ("", false)] {
        let text =
            if still_fires { ours.clone() + change } else { ours.replace("\"$program\" hook pre-push", ":") };
        fs::write(&path, text).unwrap();
        let (fires, _, reason) = one(&sandbox, "pre-push", "proj");
        assert!(fires == still_fires && reason.contains("changed"), "{reason}");
    }
    fs::write(&path, "#!/bin/sh\nexec true\n").unwrap();
    let (fires, _, reason) = one(&sandbox, "pre-push", "proj");
    assert!(!fires && reason.contains("another hook"), "{reason}");
    assert!(one(&sandbox, "post-checkout", "proj").0);
}

#[test]
fn a_text_of_an_earlier_version_fires_and_an_install_renews_it() {
    let sandbox = sandbox();
    sandbox.hooks("install").ok();
    let former = "#!/bin/sh\n\
        # Runs before git pushes: lets wt undo or finish what a killed command left behind.\n\
        # git must never suffer from this: without wt it does nothing, and it stops no push.\n\
        command -v wt >/dev/null 2>&1 || exit 0\nwt hook pre-push \"$@\" </dev/null || :\nexit 0\n";
    write_program(&sandbox.hook("pre-push"), former);
    let (fires, _, reason) = one(&sandbox, "pre-push", "proj");
    assert!(fires && reason.contains("earlier"), "{reason}");
    sandbox.hooks("install").ok();
    assert_eq!(one(&sandbox, "pre-push", "proj").2, "");
}

#[test]
fn a_relative_hooks_path_is_judged_in_each_worktree_by_itself() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    sandbox.hooks("install").ok();
    let linked = sandbox.path("linked");
    sandbox.git(&repo, &["worktree", "add", "-q", linked.to_str().unwrap()]);
    sandbox.git(&repo, &["config", "core.hooksPath", ".husky/_"]);
    let (fires, _, reason) = one(&sandbox, "pre-push", "proj");
    assert!(!fires && reason.contains(".husky/_"), "{reason}");
    // husky's folder is untracked: it is in the main worktree, and not in the other.
    write_program(&repo.join(".husky/_/pre-push"), "#!/usr/bin/env sh\n. \"${0%/*}/h\"\n");
    write_program(&repo.join(".husky/pre-push"), "npm test\nwt hook pre-push \"$@\"\n");
    let (fires, how, reason) = one(&sandbox, "pre-push", "proj");
    assert_eq!((fires, how, reason.as_str()), (true, json!("file"), "called by husky"));
    let (fires, _, reason) = one(&sandbox, "pre-push", "linked");
    assert!(!fires && reason.contains(".husky/_"), "{reason}");
    assert_eq!(status(&sandbox)["manager"], "husky");
}

#[test]
fn a_hooks_path_for_one_worktree_alone_counts_there_alone() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    sandbox.hooks("install").ok();
    let linked = sandbox.path("linked");
    sandbox.git(&repo, &["worktree", "add", "-q", linked.to_str().unwrap()]);
    sandbox.git(&repo, &["config", "extensions.worktreeConfig", "true"]);
    sandbox.git(&linked, &["config", "--worktree", "core.hooksPath", "/dev/null"]);
    assert!(one(&sandbox, "pre-push", "proj").0);
    assert!(!one(&sandbox, "pre-push", "linked").0);
}

#[test]
fn a_manager_that_took_our_place_and_calls_us_still_fires() {
    let sandbox = sandbox();
    sandbox.hooks("install").ok();
    fs::rename(sandbox.hook("pre-push"), sandbox.hook("pre-push.legacy")).unwrap();
    let theirs = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n";
    write_program(&sandbox.hook("pre-push"), theirs);
    assert_eq!(one(&sandbox, "pre-push", "proj").2, "called by pre-commit");
}

#[test]
fn the_configuration_counts_with_a_git_that_reads_it_and_not_with_another() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = sandbox();
    let repo = sandbox.repo();
    let rest = std::env::var("PATH").unwrap();
    let bin = sandbox.path("bin");
    sandbox.set("PATH", format!("{}:{}:{rest}", git.display(), bin.display()));
    sandbox.hooks("install").ok();
    sandbox.git(&repo, &["config", "core.hooksPath", ".husky/_"]);
    assert_eq!(one(&sandbox, "pre-push", "proj"), (true, json!("config"), String::new()));
    sandbox.git(&repo, &["config", "hook.wt-pre-push.enabled", "false"]);
    let (fires, _, reason) = one(&sandbox, "pre-push", "proj");
    assert!(!fires && reason.contains("switched off"), "{reason}");
    sandbox.git(&repo, &["config", "--unset", "hook.wt-pre-push.enabled"]);
    sandbox.git(&repo, &["config", "--unset", "core.hooksPath"]);
    sandbox.put_on_path(&bin);
    let (fires, how, reason) = one(&sandbox, "pre-push", "proj");
    assert!(!fires && how.is_null() && reason.contains("does not read"), "{reason}");
}

#[test]
fn outside_of_a_repository_is_an_error() {
    let sandbox = Sandbox::without_repository();
    for word in ["install", "uninstall", "status"] {
        sandbox.refused_in(&sandbox.path(""), &["hooks", word], "not_a_repository");
    }
}

#[test]
fn on_a_terminal_one_setting_that_stops_all_hooks_is_said_once() {
    let sandbox = sandbox();
    sandbox.wt(&["create", "a"]).ok();
    sandbox.git(&sandbox.repo(), &["config", "core.hooksPath", ".husky/_"]);
    let command = sandbox.command(&sandbox.repo(), &["hooks", "status"]);
    let (exit, seen) = Terminal::sized(command, 24, 120).finish();
    assert_eq!(exit, 1, "{seen}");
    assert_eq!(seen.matches("core.hooksPath is .husky/_").count(), 1, "{seen}");
    assert_eq!(seen.matches("as above").count(), 3, "{seen}");
    // Whoever reads lines finds each whole.
    let piped = sandbox.wt(&["hooks", "status"]).exits(1);
    assert_eq!(piped.stdout.matches("core.hooksPath is .husky/_").count(), 4, "{}", piped.shown());
}
