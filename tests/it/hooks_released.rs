//! Each text of a hook that was ever installed goes on working with this `wt`: what it stopped before it stops still.

use std::io::Write;
use std::process::{Output, Stdio};

use wt::door::GitHook;

use crate::support::Sandbox;
use crate::support::hooks::{find_new_git, write_program};

/// Each text, and whether it stops the push of an env block. The first asked for nothing; the third, which was two texts
/// in one, was mended within the hour.
const PRE_PUSH: [(&str, bool); 6] = [
    (include_str!("../../hooks/former/pre-push-1"), false),
    (include_str!("../../hooks/former/pre-push-2"), true),
    (include_str!("../../hooks/former/pre-push-3"), false),
    (include_str!("../../hooks/former/pre-push-4"), true),
    (include_str!("../../hooks/former/pre-push-5"), true),
    (include_str!("../../hooks/pre-push"), true),
];
const POST_CHECKOUT: [&str; 5] = [
    include_str!("../../hooks/former/post-checkout-1"),
    include_str!("../../hooks/former/post-checkout-2"),
    include_str!("../../hooks/former/post-checkout-3"),
    include_str!("../../hooks/former/post-checkout-4"),
    include_str!("../../hooks/post-checkout"),
];

/// A sandbox with a remote, a worktree whose env block is committed by force, and the real `wt` on PATH.
fn with_env_block() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.add_remote(&repo, "origin");
    sandbox.put_wt_on_path();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["add", "-f", ".env"]);
    sandbox.commit(&folder, "with env");
    sandbox
}

fn push(sandbox: &Sandbox) -> Output {
    sandbox.try_git(&sandbox.worktree("feature-login"), &["push", "-q", "--dry-run", "origin", "HEAD"])
}

#[track_caller]
fn assert_push(sandbox: &Sandbox, text: &str, stops: bool) {
    let output = push(sandbox);
    assert_eq!(output.status.success(), !stops, "{text}\n{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stops || stderr.contains("`.env`"), "{text}\n{stderr}");
}

#[track_caller]
fn assert_records(sandbox: &Sandbox, number: usize, text: &str) {
    let folder = sandbox.path(&format!("by-git-{number}"));
    let branch = format!("feature/by-git-{number}");
    let words = ["worktree", "add", "-q", "-b", &branch, folder.to_str().unwrap()];
    let output = sandbox.try_git(&sandbox.repo(), &words);
    assert!(output.status.success(), "{text}\n{output:?}");
    let worktrees = sandbox.registry()["worktrees"].as_array().unwrap().clone();
    assert!(worktrees.iter().any(|row| row["path"] == folder.to_str().unwrap()), "{text}");
}

#[test]
fn every_file_ever_installed_goes_on_working() {
    let sandbox = with_env_block();
    for (text, stops) in PRE_PUSH {
        write_program(&sandbox.hook("pre-push"), text);
        assert_push(&sandbox, text, stops);
    }
    for (number, text) in POST_CHECKOUT.into_iter().enumerate() {
        write_program(&sandbox.hook("post-checkout"), text);
        assert_records(&sandbox, number, text);
    }
}

#[test]
fn every_file_ever_installed_is_renewed_by_an_install() {
    let sandbox = with_env_block();
    let texts = PRE_PUSH.into_iter().map(|(text, _)| ("pre-push", text));
    for (hook, text) in texts.chain(POST_CHECKOUT.map(|text| ("post-checkout", text))) {
        write_program(&sandbox.hook(hook), text);
        sandbox.hooks("install").ok();
        let now = if hook == "pre-push" { PRE_PUSH[5].0 } else { POST_CHECKOUT[4] };
        assert_eq!(std::fs::read_to_string(sandbox.hook(hook)).unwrap(), now);
        assert!(!sandbox.hook(&format!("{hook}.wt-chained")).exists(), "{text}");
    }
    assert_push(&sandbox, PRE_PUSH[5].0, true);
}

/// As git runs a command of its configuration: with `"$@"` behind it.
fn run_as_git_does(sandbox: &Sandbox, command: &str, arguments: &[&str], input: &str) -> Output {
    let folder = sandbox.worktree("feature-login");
    let mut child = sandbox
        .program("sh", &folder)
        .args(["-c", &format!("{command} \"$@\""), "hook"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A hook that reads nothing may be over before: git passes over that too.
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    assert!(
        written.is_ok() || written.is_err_and(|failure| failure.kind() == std::io::ErrorKind::BrokenPipe)
    );
    child.wait_with_output().unwrap()
}

#[test]
fn every_command_for_the_configuration_stops_what_it_stopped_and_asks_a_stranger_nothing() {
    let mut sandbox = with_env_block();
    let folder = sandbox.worktree("feature-login");
    let head = sandbox.git(&folder, &["rev-parse", "HEAD"]);
    let refs = format!("refs/heads/feature/login {head} refs/heads/feature/login {}\n", "0".repeat(40));
    let push = ["origin", "/nowhere"];
    let checkout = [&*"0".repeat(40), &*head, "1"];
    for command in GitHook::PrePush.former_commands().into_iter().chain([GitHook::PrePush.command()]) {
        let output = run_as_git_does(&sandbox, &command, &push, &refs);
        assert_eq!(output.status.code(), Some(1), "{command}\n{output:?}");
        assert_eq!(run_as_git_does(&sandbox, &command, &push, "").status.code(), Some(0), "{command}");
    }
    for command in
        GitHook::PostCheckout.former_commands().into_iter().chain([GitHook::PostCheckout.command()])
    {
        let output = run_as_git_does(&sandbox, &command, &checkout, "");
        assert!(output.status.success() && output.stderr.is_empty(), "{command}\n{output:?}");
    }
    for ending in ["exit 1", "exit 87", "exec sleep 600"] {
        write_program(
            &sandbox.path("bin/wt"),
            &format!("#!/bin/sh\necho \"$*\" >> '{}'\n{ending}\n", sandbox.path("told").display()),
        );
        sandbox.put_on_path(&sandbox.path("bin"));
        if ending.starts_with("exit") {
            let output = run_as_git_does(&sandbox, &GitHook::PostCheckout.command(), &checkout, "");
            assert!(output.status.success(), "{output:?}");
            std::fs::remove_file(sandbox.path("told")).unwrap();
        }
        let output = run_as_git_does(&sandbox, &GitHook::PrePush.command(), &push, &refs);
        assert!(output.status.success() && output.stderr.is_empty(), "{ending} {output:?}");
        assert_eq!(std::fs::read_to_string(sandbox.path("told")).unwrap(), "hook probe\n");
        std::fs::remove_file(sandbox.path("told")).unwrap();
    }
}

#[test]
fn every_command_ever_put_into_the_configuration_goes_on_working_and_is_renewed() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = with_env_block();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap();
    let rest = std::env::var("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{}:{rest}", git.display(), bin.display()));
    let repo = sandbox.repo();
    let mut number = 10;
    for hook in GitHook::ALL {
        let name = format!("hook.wt-{}", hook.name());
        for command in hook.former_commands() {
            sandbox.git(&repo, &["config", &format!("{name}.command"), &command]);
            sandbox.git(&repo, &["config", &format!("{name}.event"), hook.name()]);
            if hook.name() == "pre-push" {
                assert_push(&sandbox, &command, true);
            } else {
                number += 1;
                assert_records(&sandbox, number, &command);
            }
            sandbox.hooks("install").ok();
            assert_eq!(sandbox.git(&repo, &["config", &format!("{name}.command")]), hook.command());
        }
    }
    assert_push(&sandbox, "as installed today", true);
    assert_records(&sandbox, 9, "as installed today");
}
