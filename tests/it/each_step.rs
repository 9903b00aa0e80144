//! A signal at each step: Ctrl-C and `kill -9` at every system call that changes anything, in a carry, a setup, a teardown and a
//! rename. A few of them in each run, all of them in the heavy one.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use crate::kill::{assert_all_or_nothing, start_afresh, with_bystander};
use crate::rename::{assert_called, with_login};
use crate::setup::{setup_of, trusted};
use crate::support::git::write;
use crate::support::strace::{self, has_strace};
use crate::support::{Sandbox, skip, wait};
use crate::teardown::{debts, let_time_pass, sweep, torn};

/// The calls by which anything changes.
const CALLS: [&str; 17] = [
    "rename",
    "renameat2",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "fsync",
    "fchmod",
    "utimensat",
    "copy_file_range",
    "write",
    "socketpair",
    "clone3",
    "vfork",
    "kill",
    "flock",
];

/// Which steps are tried.
#[derive(Clone, Copy)]
enum Steps {
    /// These calls, each at these numbers.
    Few(&'static [(&'static str, &'static [u32])]),
    All,
}

/// How a command ended that a signal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    Exit(i32),
}

/// Runs `wt` under strace, which sends it a signal at the `number`-th call; `None` where there are no so many.
fn run_at(sandbox: &Sandbox, arguments: &[&str], call: &str, signal: &str, number: u32) -> Option<End> {
    // Its threads are its own; the commands of a setup or of git are not.
    let follows: &[&str] = if arguments[0] == "create" { &["-f"] } else { &[] };
    let log = sandbox.path("run/strace");
    let told = ["-o", log.to_str().unwrap(), "-e", "signal=all"];
    let status = strace::traced(sandbox, arguments, &[follows, &told].concat(), call, signal, number);
    let was_sent = fs::read_to_string(&log).unwrap_or_default().contains("--- SIGINT");
    if !was_sent && status.signal().is_none() {
        return None;
    }
    Some(status.code().map_or(End::Killed, End::Exit))
}

/// Has the command run once for each step and either signal; answers how many were stopped.
fn at_each_step(
    sandbox: &Sandbox,
    steps: Steps,
    arguments: &[&str],
    before: &dyn Fn(),
    judge: &mut dyn FnMut(End, &str),
) -> usize {
    let mut stopped = 0;
    for signal in ["KILL", "INT"] {
        let mut tried = |call: &str, number: u32| {
            before();
            let Some(end) = run_at(sandbox, arguments, call, signal, number) else { return false };
            let context = format!("{signal} at {call} {number}: {end:?}");
            let is_told = matches!((signal, end), ("KILL", End::Killed) | ("INT", End::Exit(0 | 130)));
            assert!(is_told || arguments[0] == "create", "{context}");
            stopped += usize::from(end != End::Exit(0));
            judge(end, &context);
            true
        };
        match steps {
            Steps::Few(few) => {
                for (call, numbers) in few {
                    for number in *numbers {
                        tried(call, *number);
                    }
                }
            }
            Steps::All => {
                for call in CALLS {
                    (1..2000).take_while(|number| tried(call, *number)).for_each(drop);
                }
            }
        }
    }
    stopped
}

fn carry(steps: Steps) {
    let sandbox = with_bystander();
    let repo = sandbox.repo();
    if !has_strace(&repo) {
        return skip("strace is not installed or may not trace here");
    }
    write(&repo, ".gitignore", "/data/\n/.secret\n.env\n");
    write(&repo, ".worktreeinclude", "/data/\n/.secret\n");
    sandbox.commit(&repo, "lists");
    write(&repo, ".secret", "s");
    for number in 0..3 {
        write(&repo, &format!("data/{number}/file"), "x");
    }
    let folder = sandbox.worktree("feature-login");
    let copies = [".secret", "data/0/file", "data/1/file", "data/2/file"];
    let stopped = at_each_step(
        &sandbox,
        steps,
        &["create", "login", "--ports"],
        &|| start_afresh(&sandbox),
        &mut |end, context| {
            // Whoever is asked to stop takes it back himself.
            if let End::Exit(_) = end {
                assert!(sandbox.living().iter().all(|entry| entry["state"] == "active"), "{context}");
            }
            assert_all_or_nothing(&sandbox, context);
            let are_there = copies.map(|copy| folder.join(copy).exists());
            assert_eq!(are_there, [folder.exists(); 4], "{context}");
            assert!(copies.iter().all(|copy| repo.join(copy).exists()), "{context}");
        },
    );
    assert!(stopped > 2, "only {stopped} were stopped");
}

fn set_up(steps: Steps) {
    let sandbox =
        trusted("[worktree]\nsetup = [\"sh -c 'echo a >> ../ran'\", \"sh -c 'echo b >> ../ran'\"]\n");
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "login", "--no-setup"]).ok();
    let ran = sandbox.path("proj.worktrees/ran");
    let lines = || fs::read_to_string(&ran).unwrap_or_default().replace('\n', "");
    let stopped = at_each_step(
        &sandbox,
        steps,
        &["setup", "login"],
        &|| drop(fs::remove_file(&ran)),
        &mut |end, context| {
            let state = setup_of(&sandbox, "feature-login")["state"].clone();
            let has_ended = lines() == "ab";
            let told: &[&str] = match end {
                End::Exit(0) => &["done"],
                // It was stopped before it was noted, or afterwards.
                _ => &["skipped", "done", "interrupted"],
            };
            assert!(told.iter().any(|told| state == *told), "{context}: {state}");
            assert!(end != End::Exit(0) || has_ended, "{context}: {}", lines());
            fs::write(&ran, "").unwrap();
            sandbox.wt(&["setup", "login"]).ok();
            assert_eq!(lines(), "ab", "{context}: from the beginning, and alone");
            assert_eq!(setup_of(&sandbox, "feature-login")["state"], "done", "{context}");
        },
    );
    assert!(stopped > 2, "only {stopped} were stopped");
    sandbox.wt(&["remove", "login"]).ok();
}

fn tear_down(steps: Steps) {
    let sandbox = trusted("[worktree]\nteardown = [\"sh -c 'echo x >> torn'\"]\n");
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let lines = || torn(&sandbox).lines().count();
    let stopped = at_each_step(
        &sandbox,
        steps,
        &["sweep"],
        &|| {
            let _ = fs::remove_file(sandbox.repo().join("torn"));
            sandbox.wt(&["create", "login"]).ok();
            sandbox.wt(&["remove", "login", "--force"]).ok();
            let_time_pass(&sandbox);
        },
        &mut |_, context| {
            let (ran, is_owed) = (lines(), debts(&sandbox) > 0);
            sweep(&sandbox);
            // Once, or again where nobody knows whether it ended.
            let expected = if ran == 1 && is_owed { 2 } else { 1 };
            assert_eq!(lines(), expected, "{context}: it ran {ran} times, owed: {is_owed}");
        },
    );
    assert!(stopped > 2, "only {stopped} were stopped");
}

fn rename(steps: Steps) {
    let sandbox = with_login();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let (old, new) = (sandbox.worktree("feature-login"), sandbox.worktree("feature-signup"));
    let stopped = at_each_step(
        &sandbox,
        steps,
        &["rename", "login", "signup"],
        &|| {
            if new.exists() {
                sandbox.wt(&["rename", "signup", "login"]).ok();
            }
        },
        &mut |end, context| {
            if end == End::Killed {
                // A git that was started goes on, and nobody takes anything back meanwhile.
                wait::until("the rename to be ended", || {
                    sandbox.wt(&["list"]).ok();
                    sandbox.living()[0]["renaming"].is_null()
                });
            }
            let (is, other) = if old.exists() { ("login", "signup") } else { ("signup", "login") };
            assert_called(&sandbox, is, other, context);
        },
    );
    assert!(stopped > 2, "only {stopped} were stopped");
}

#[test]
fn a_setup_that_is_stopped_at_a_few_steps_is_begun_again_and_ends() {
    set_up(Steps::Few(&[("rename", &[1, 2, 3]), ("socketpair", &[1, 2])]));
}

#[test]
fn a_rename_that_is_stopped_at_a_few_steps_is_all_old_or_all_new() {
    rename(Steps::Few(&[("rename", &[1, 3])]));
}

#[test]
fn a_teardown_that_is_stopped_at_a_few_steps_is_run() {
    tear_down(Steps::Few(&[("rename", &[2]), ("socketpair", &[1])]));
}

#[test]
fn a_carry_that_is_stopped_at_a_few_steps_is_undone_or_whole() {
    carry(Steps::Few(&[("utimensat", &[2]), ("renameat2", &[1])]));
}

#[test]
#[ignore = "heavy: a signal at each step"]
fn a_carry_that_is_stopped_at_any_step_is_undone_or_whole() {
    carry(Steps::All);
}

#[test]
#[ignore = "heavy: a signal at each step"]
fn a_setup_that_is_stopped_at_any_step_is_begun_again_and_ends() {
    set_up(Steps::All);
}

#[test]
#[ignore = "heavy: a signal at each step"]
fn a_teardown_that_is_stopped_at_any_step_is_run() {
    tear_down(Steps::All);
}

#[test]
#[ignore = "heavy: a signal at each step"]
fn a_rename_that_is_stopped_at_any_step_is_all_old_or_all_new() {
    rename(Steps::All);
}
