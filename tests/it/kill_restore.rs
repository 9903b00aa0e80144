//! `kill -9` in the middle of a restore, or of a removal that keeps commits: the next command takes away what would stop git
//! and everybody else, finishes or takes back the rest, and says what is true of it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::strace::{Deaths, FOLDERS, LINKS, RENAMES, UNLINKS, WRITES, has_strace, killed_at};
use crate::support::{Run, Sandbox, git, skip};

/// git's lock files in the repository; ours beside lie under names of their own.
fn locks(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(locks(&path));
        } else if path.extension().is_some_and(|end| end == "lock") {
            found.push(path);
        }
    }
    found
}

/// Temporary files that lie about in the folder where what is put away is described.
fn drafts(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.repo().join(".git/wt/trash")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains(".json.wt-")).collect()
}

/// One more command, after which no lock of git's may be left, nor a ref that no record knows of.
#[track_caller]
fn healed(sandbox: &Sandbox, context: &str) -> Run {
    let list = sandbox.wt(&["list"]).ok();
    let left = locks(&sandbox.repo().join(".git"));
    assert!(left.is_empty(), "{context}: {left:?}\n{}", list.shown());
    assert!(!list.stderr.contains("unfinished"), "{context}\n{}", list.shown());
    assert_eq!(drafts(sandbox), [] as [PathBuf; 0], "{context}");
    let registry = sandbox.registry().to_string();
    for kept in sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)", "refs/wt"]).lines() {
        let token = kept.rsplit('/').next().unwrap();
        assert!(registry.contains(token), "{context}: {kept} is kept for ever\n{}", list.shown());
    }
    list
}

fn with_staged_and_untracked() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "committed.txt", "1\n");
    sandbox.commit(&folder, "work");
    git::write(&folder, "staged.txt", "staged\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    git::write(&folder, "new.txt", "new\n");
    sandbox
}

#[test]
fn a_restore_killed_while_it_makes_the_branch_again_leaves_no_lock() {
    let sandbox = with_staged_and_untracked();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let folder = sandbox.worktree("feature-login");
    let status = sandbox.status(&folder);
    sandbox.wt(&["remove", "feature-login", "--force", "--delete-branch"]).ok();
    let (mut deaths, mut still_removed) = (Deaths::of(&[LINKS, UNLINKS, RENAMES, WRITES]), 0);
    for call in deaths.calls() {
        let mut number = 1;
        while number < 40 && killed_at(&sandbox, &["restore", "feature-login"], call, number) {
            let context = format!("restore killed at {call} {number}");
            deaths.note(call);
            let list = healed(&sandbox, &context);
            assert!(!list.stderr.contains("was being removed"), "{context}\n{}", list.shown());
            if folder.exists() {
                assert!(!list.stderr.contains("still removed"), "{context}\n{}", list.shown());
            } else {
                still_removed += usize::from(list.stderr.contains("still removed"));
                sandbox.wt(&["restore", "feature-login"]).ok();
            }
            assert_eq!(sandbox.status(&folder), status, "{context}");
            sandbox.wt(&["remove", "feature-login", "--force", "--delete-branch"]).ok();
            assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"), "{context}");
            number += 1;
        }
        if folder.exists() {
            sandbox.wt(&["remove", "feature-login", "--force", "--delete-branch"]).ok();
        }
    }
    deaths.assert_each_had_some();
    assert!(still_removed > 0, "nobody died early: it says nothing");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_removal_killed_while_it_keeps_the_commits_leaves_no_lock_and_no_ref() {
    let sandbox = with_staged_and_untracked();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let folder = sandbox.worktree("feature-login");
    let status = sandbox.status(&folder);
    let mut deaths = Deaths::of(&[LINKS, UNLINKS, WRITES]);
    for call in deaths.calls() {
        let mut number = 1;
        let remove = ["remove", "feature-login", "--force", "--delete-branch"];
        while number < 40 && killed_at(&sandbox, &remove, call, number) {
            let context = format!("removal killed at {call} {number}");
            deaths.note(call);
            healed(&sandbox, &context);
            if !folder.exists() {
                sandbox.wt(&["restore", "feature-login"]).ok();
            }
            assert_eq!(sandbox.status(&folder), status, "{context}");
            number += 1;
        }
        if !folder.exists() {
            sandbox.wt(&["restore", "feature-login"]).ok();
        }
    }
    deaths.assert_each_had_some();
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_pruning_killed_at_any_step_does_not_say_that_the_folder_is_there() {
    let sandbox = with_staged_and_untracked();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    let (mut deaths, mut told) = (Deaths::of(&[LINKS, UNLINKS, RENAMES, WRITES]), 0);
    for call in deaths.calls() {
        let mut number = 1;
        while number < 40 && killed_at(&sandbox, &["prune", "--yes"], call, number) {
            let context = format!("pruning killed at {call} {number}");
            deaths.note(call);
            let list = healed(&sandbox, &context);
            assert!(!list.stderr.contains("still there"), "{context}\n{}", list.shown());
            told += usize::from(list.stderr.contains("was being removed when its command died"));
            sandbox.wt(&["prune", "--yes"]).ok();
            sandbox.wt(&["restore", "feature-login"]).ok();
            fs::remove_dir_all(&folder).unwrap();
            number += 1;
        }
        if sandbox.json(&["restore"]).to_string().contains("feature-login") {
            sandbox.wt(&["restore", "feature-login"]).ok();
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    deaths.assert_each_had_some();
    assert!(told > 0, "no pruning was killed in between: the experiment says nothing");
}

#[test]
fn a_restore_of_a_vanished_worktree_killed_at_any_step_comes_to_its_end() {
    let sandbox = with_staged_and_untracked();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let folder = sandbox.worktree("feature-login");
    let (mut deaths, mut finished) = (Deaths::of(&[LINKS, FOLDERS, RENAMES, WRITES]), 0);
    for call in deaths.calls() {
        let mut number = 1;
        loop {
            fs::remove_dir_all(&folder).unwrap();
            sandbox.wt(&["prune", "--yes"]).ok();
            let context = format!("restore killed at {call} {number}");
            if number >= 40 || !killed_at(&sandbox, &["restore", "feature-login"], call, number) {
                break;
            }
            deaths.note(call);
            let list = healed(&sandbox, &context);
            if folder.exists() {
                finished += usize::from(list.stderr.contains("was being restored"));
            } else {
                sandbox.wt(&["restore", "feature-login"]).ok();
            }
            assert_eq!(sandbox.status(&folder), "A  staged.txt", "{context}\n{}", list.shown());
            number += 1;
        }
        if !folder.exists() {
            sandbox.wt(&["restore", "feature-login"]).ok();
        }
    }
    deaths.assert_each_had_some();
    assert!(finished > 0, "no restore was killed in between: the experiment says nothing");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_first_command_killed_at_any_step_leaves_no_temporary_file_for_good() {
    let mut drafts = 0;
    for (call, number) in
        [("fsync", 1), ("fchmod", 1), ("renameat2", 1), ("linkat", 1), ("link", 1), ("fsync", 2)]
    {
        let sandbox = Sandbox::new();
        if !has_strace(&sandbox.repo()) {
            return skip("strace is not installed or may not trace here");
        }
        let hidden = || {
            let entries = fs::read_dir(sandbox.repo().join(".git/wt")).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.filter(|name| name.starts_with('.')).collect::<Vec<_>>()
        };
        killed_at(&sandbox, &["create", "login"], call, number);
        drafts += hidden().len();
        sandbox.wt(&["create", "other"]).ok();
        assert_eq!(hidden(), [] as [String; 0], "killed at {call} {number}");
    }
    assert!(drafts > 0, "no kill left a temporary file: the experiment says nothing");
}
