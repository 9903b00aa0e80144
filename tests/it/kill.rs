//! `kill -9` at any instant: what is left is undone or finished by the next command, and nothing else is lost.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, skip, wait};

/// Asserts that `feature-login` is whole or not there at all, after one more command.
#[track_caller]
pub fn assert_all_or_nothing(sandbox: &Sandbox, context: &str) {
    let list = sandbox.wt(&["list"]);
    assert_eq!(list.status, 0, "{context}\n{}", list.shown());
    let repo = sandbox.repo();
    let folder = sandbox.worktree("feature-login");
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-login");
    let worktrees = sandbox.git(&repo, &["worktree", "list", "--porcelain"]);
    if let Some(entry) = entry {
        assert_eq!(entry["state"], "active", "{context}: {entry}");
        assert_eq!(sandbox.status(&folder), "", "{context}");
        // Takes the index's lock, which nobody may have left behind.
        sandbox.git(&folder, &["add", "--all"]);
        let env = fs::read_to_string(folder.join(".env"))
            .unwrap_or_else(|error| panic!("{context}: .env: {error}"));
        let port = entry["allocations"][0]["port"].as_u64().unwrap();
        assert!(env.contains(&format!("PORT={port}")), "{context}: {env}");
        assert!(worktrees.contains("feature/login"), "{context}: {worktrees}");
    } else {
        let left: Vec<_> = fs::read_dir(&folder)
            .map(|entries| entries.map(|entry| entry.unwrap().file_name()).collect())
            .unwrap_or_default();
        assert!(!folder.exists(), "{context}: the folder is still there with {left:?}\n{}", list.shown());
        assert!(!sandbox.has_branch(&repo, "feature/login"), "{context}: the branch is still there");
        assert!(!worktrees.contains("feature-login"), "{context}: {worktrees}");
        let admins = fs::read_dir(repo.join(".git/worktrees")).map_or(0, Iterator::count);
        assert!(admins <= 1, "{context}: an admin folder is still there");
    }
    assert_eq!(sandbox.status(&sandbox.worktree("feature-bystander")), "", "{context}");
    assert!(sandbox.living().iter().any(|entry| entry["name"] == "feature-bystander"), "{context}");
    let making: Vec<_> = fs::read_dir(repo.join(".git/wt"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name()).collect())
        .unwrap_or_default();
    assert!(
        making.iter().all(|name| !name.to_string_lossy().starts_with("making-")),
        "{context}: {making:?}"
    );
}

/// Takes `feature-login` away again, so that the next round starts afresh.
pub fn start_afresh(sandbox: &Sandbox) {
    if sandbox.worktree("feature-login").exists() {
        sandbox.wt(&["remove", "feature-login", "--force", "--delete-branch"]).ok();
    }
}

pub fn with_bystander() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "bystander", "--ports"]).ok();
    sandbox
}

#[test]
fn a_create_killed_at_forty_random_moments_heals() {
    let sandbox = with_bystander();
    let begin = Instant::now();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let whole = begin.elapsed();
    start_afresh(&sandbox);
    for round in 0..40 {
        let delay = whole.mul_f64(f64::from(round) / 36.0);
        let mut child = sandbox
            .command(&sandbox.repo(), &["create", "login", "--ports"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The delay is the experiment itself: nothing is waited for.
        std::thread::sleep(delay);
        let _ = child.kill();
        wait::end_of(&mut child);
        assert_all_or_nothing(&sandbox, &format!("killed after {delay:?}"));
        start_afresh(&sandbox);
    }
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_removal_killed_at_thirty_random_moments_loses_nothing() {
    let sandbox = with_bystander();
    let mut whole = Duration::from_millis(60);
    for round in 0..30 {
        sandbox.wt(&["create", "login", "--ports"]).ok();
        let folder = sandbox.worktree("feature-login");
        fs::write(folder.join("precious.txt"), "precious\n").unwrap();
        let begin = Instant::now();
        let mut child = sandbox
            .command(&sandbox.repo(), &["remove", "feature-login", "--force"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if round > 0 {
            std::thread::sleep(whole.mul_f64(f64::from(round) / 28.0));
            let _ = child.kill();
        }
        wait::end_of(&mut child);
        if round == 0 {
            whole = begin.elapsed();
        }
        sandbox.wt(&["list"]).ok();
        if !folder.exists() {
            sandbox.wt(&["restore", "feature-login"]).ok();
        }
        assert_eq!(fs::read_to_string(folder.join("precious.txt")).unwrap(), "precious\n", "round {round}");
        assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), "feature/login");
        sandbox.wt(&["remove", "feature-login", "--force", "--delete-branch"]).ok();
    }
    sandbox.assert_sound(&sandbox.repo());
}

/// Each file is dated once it is there: whoever dies at that has not made them all.
pub const DATING: &str = "utimensat";

/// Answers whether the create of `feature-login` was cut off, so that it is to be undone.
pub fn is_half_made(sandbox: &Sandbox) -> bool {
    sandbox.living().iter().any(|entry| entry["name"] == "feature-login" && entry["state"] == "creating")
}

#[test]
fn a_create_killed_at_each_step_that_writes_heals() {
    let sandbox = with_bystander();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let mut deaths = 0;
    for call in
        ["mkdir", "mkdirat", "rename", "renameat", "renameat2", "fsync", "unlink", "unlinkat", "symlinkat"]
    {
        let mut number = 1;
        while killed_at(&sandbox, &["create", "login", "--ports"], call, number) {
            deaths += 1;
            assert_all_or_nothing(&sandbox, &format!("killed at {call} {number}"));
            start_afresh(&sandbox);
            number += 1 + number / 6;
        }
        assert_all_or_nothing(&sandbox, &format!("past the last {call}"));
        start_afresh(&sandbox);
    }
    assert!(deaths > 8, "only {deaths} kills were made: the experiment says nothing");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_create_killed_at_many_writes_and_opens_heals() {
    let sandbox = with_bystander();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    for call in ["write", "openat"] {
        let mut number = 1;
        while killed_at(&sandbox, &["create", "login", "--ports"], call, number) {
            assert_all_or_nothing(&sandbox, &format!("killed at {call} {number}"));
            start_afresh(&sandbox);
            number += if call == "write" { 1 } else { 1 + number / 5 };
        }
        start_afresh(&sandbox);
    }
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_file_added_to_a_half_made_folder_is_not_deleted() {
    let sandbox = with_bystander();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let folder = sandbox.worktree("feature-login");
    let mut half_made = 0;
    for number in 1..12 {
        if !killed_at(&sandbox, &["create", "login"], "symlinkat,mkdirat,renameat2,fsync", number) {
            break;
        }
        let mine = folder.join("mine.txt");
        if folder.exists() {
            half_made += 1;
            fs::write(&mine, "mine\n").unwrap();
        }
        let was_half_made = mine.exists();
        sandbox.wt(&["list"]).ok();
        if was_half_made {
            assert_eq!(fs::read_to_string(&mine).unwrap(), "mine\n", "kill {number}");
            fs::remove_file(&mine).unwrap();
        }
        sandbox.wt(&["list"]).ok();
        start_afresh(&sandbox);
        assert!(!folder.exists() || fs::read_dir(&folder).unwrap().next().is_none(), "kill {number}");
        let _ = fs::remove_dir(&folder);
        if sandbox.has_branch(&sandbox.repo(), "feature/login") {
            sandbox.git(&sandbox.repo(), &["branch", "-D", "feature/login"]);
        }
    }
    assert!(half_made > 0, "no kill left a half-made folder: the experiment says nothing");
}

/// Asserts that the worktree is whole: in its place and active, or in the trash and restorable; it is in its place then.
#[track_caller]
fn assert_nothing_lost(sandbox: &Sandbox, context: &str) {
    let list = sandbox.wt(&["list"]).ok();
    assert!(!list.stderr.contains("unfinished"), "{context}\n{}", list.shown());
    let folder = sandbox.worktree("feature-login");
    if !folder.exists() {
        sandbox.wt(&["restore", "feature-login"]).ok();
    }
    assert_eq!(sandbox.status(&folder), "A  staged.txt\n?? new.txt", "{context}");
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-login").unwrap();
    assert_eq!(entry["state"], "active", "{context}");
    // Whatever is kept from gc is kept for an entry, which lets it go one day.
    let registry = sandbox.registry().to_string();
    for kept in sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)", "refs/wt"]).lines() {
        let token = kept.rsplit('/').next().unwrap();
        assert!(registry.contains(token), "{context}: {kept} is kept for ever");
    }
}

#[test]
fn a_removal_and_a_restore_killed_at_each_rename_lose_nothing() {
    let sandbox = with_bystander();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::write(folder.join("staged.txt"), "staged\n").unwrap();
    sandbox.git(&folder, &["add", "staged.txt"]);
    fs::write(folder.join("new.txt"), "new\n").unwrap();
    for call in ["rename", "renameat2"] {
        let mut number = 1;
        while killed_at(&sandbox, &["remove", "feature-login", "--force"], call, number) {
            assert_nothing_lost(&sandbox, &format!("remove killed at {call} {number}"));
            number += 1;
        }
        number = 1;
        while killed_at(&sandbox, &["restore", "feature-login"], call, number) {
            assert_nothing_lost(&sandbox, &format!("restore killed at {call} {number}"));
            sandbox.wt(&["remove", "feature-login", "--force"]).ok();
            number += 1;
        }
    }
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_sync_that_fails_at_any_step_leaves_all_or_nothing_at_once() {
    let sandbox = with_bystander();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let mut failures = 0;
    for number in 1..=12 {
        let inject = format!("inject=fsync:error=EIO:when={number}");
        let status = sandbox
            .program("strace", &sandbox.repo())
            .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", &inject])
            .arg(env!("CARGO_BIN_EXE_wt"))
            .args(["create", "login", "--ports"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        // Looked at before any other command could heal.
        let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-login");
        let state = entry.as_ref().map(|entry| entry["state"].as_str().unwrap().to_owned());
        let expected = status.success().then(|| "active".to_owned());
        assert_eq!(state, expected, "fsync {number}: exit {status}");
        assert_eq!(sandbox.worktree("feature-login").exists(), status.success(), "fsync {number}");
        failures += usize::from(!status.success());
        start_afresh(&sandbox);
    }
    assert!(failures > 0, "no sync failed");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_killed_restore_leaves_no_env_file_for_git_to_add() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let mut settled = 0;
    for number in 1..=8 {
        sandbox.wt(&["remove", "login"]).ok();
        let killed = killed_at(&sandbox, &["restore", "login"], "rename,renameat2", number);
        sandbox.wt(&["list"]).ok();
        if sandbox.worktree("feature-login").exists() {
            settled += usize::from(killed);
        } else {
            sandbox.wt(&["restore", "login"]).ok();
        }
        assert_eq!(sandbox.status(&sandbox.worktree("feature-login")), "", "killed at rename {number}");
        sandbox.wt(&["env", "login"]).ok();
    }
    assert!(settled > 0, "no restore was killed late");
}
