//! What git may rewrite while `wt` does: packed refs, the configuration. Nothing that git wrote meanwhile is lost, and no
//! lock is left by a process that is gone, or taken from one that lives.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, skip, wait};

/// How long the call that takes a lock is held up, in microseconds: what the test does meanwhile takes a few milliseconds.
const DELAY: &str = "1500000";

fn lock(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.repo().join(".git").join(format!("{name}.lock"))
}

/// Starts `wt`, held up right before it takes git's lock on `held`.
fn start_held_up(sandbox: &Sandbox, arguments: &[&str], held: &Path) -> Child {
    let inject = format!("inject=link,linkat,open,openat:delay_enter={DELAY}");
    sandbox
        .program("strace", &sandbox.repo())
        .args(["-f", "-qq", "-o", "/dev/null", "-P"])
        .arg(held)
        .args(["-e", "trace=link,linkat,open,openat", "-e", &inject])
        .arg(env!("CARGO_BIN_EXE_wt"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A worktree `feature-x` whose branch is packed.
fn with_packed_branch(sandbox: &Sandbox) {
    sandbox.wt(&["create", "x"]).ok();
    sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
}

#[test]
fn a_branch_that_git_packs_while_another_is_deleted_stays() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    with_packed_branch(&sandbox);
    let mut child = start_held_up(&sandbox, &["remove", "x", "-D"], &lock(&sandbox, "packed-refs"));
    let at_work = lock(&sandbox, "refs/heads/feature/x");
    wait::until("the deletion", || at_work.exists());
    sandbox.git(&sandbox.repo(), &["branch", "precious"]);
    sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
    assert!(!sandbox.repo().join(".git/refs/heads/precious").exists(), "it is packed");
    assert!(wait::end_of(&mut child).success());
    assert!(sandbox.has_branch(&sandbox.repo(), "precious"));
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/x"));
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_branch_that_git_packs_while_a_restore_or_a_sweep_drops_what_it_kept_stays() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    for command in ["sweep", "restore"] {
        let precious = format!("precious-{command}");
        sandbox.wt(&["create", command]).ok();
        sandbox.wt(&["remove", command]).ok();
        let kept = sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)", "refs/wt/trash"]);
        sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
        if command == "sweep" {
            let file = sandbox.state().join("registry.json");
            let mut registry = sandbox.registry();
            for entry in registry["worktrees"].as_array_mut().unwrap() {
                entry["trash"]["until"] = "2026-01-01T00:00:00Z".into();
            }
            fs::write(&file, registry.to_string()).unwrap();
        }
        let words: &[&str] = if command == "sweep" { &["sweep"] } else { &["restore", command] };
        let mut child = start_held_up(&sandbox, words, &lock(&sandbox, "packed-refs"));
        wait::until("the deletion", || lock(&sandbox, &kept).exists());
        sandbox.git(&sandbox.repo(), &["branch", &precious]);
        sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
        assert!(wait::end_of(&mut child).success(), "{command}");
        assert!(sandbox.has_branch(&sandbox.repo(), &precious), "{command}");
        assert_eq!(sandbox.git(&sandbox.repo(), &["for-each-ref", "refs/wt"]), "", "{command}");
    }
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_deletion_waits_for_whoever_packs_and_does_not_take_the_lock_away() {
    let sandbox = Sandbox::new();
    with_packed_branch(&sandbox);
    let held = lock(&sandbox, "packed-refs");
    fs::write(&held, "").unwrap();
    let mut child =
        sandbox.command(&sandbox.repo(), &["remove", "x", "-D"]).stderr(Stdio::null()).spawn().unwrap();
    wait::until("the deletion", || lock(&sandbox, "refs/heads/feature/x").exists());
    fs::remove_file(&held).unwrap();
    assert!(wait::end_of(&mut child).success());
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/x"));
    // Never let go: the branch stays, and so does the lock.
    with_packed_branch(&sandbox);
    fs::write(&held, "").unwrap();
    sandbox.wt(&["remove", "x", "-D"]).ok().says(&["branch `feature/x` stays", "packed-refs.lock"]);
    assert!(held.exists() && sandbox.has_branch(&sandbox.repo(), "feature/x"));
    sandbox.wt(&["list"]).ok();
    assert!(held.exists(), "its maker may live");
}

#[test]
fn locks_of_a_deletion_that_was_killed_go_with_the_next_command() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let mut left = 0;
    for call in ["link,linkat", "unlink,unlinkat", "rename,renameat,renameat2"] {
        for number in 1..40 {
            with_packed_branch(&sandbox);
            let killed = killed_at(&sandbox, &["remove", "x", "-D"], call, number);
            left += usize::from(lock(&sandbox, "packed-refs").exists());
            sandbox.wt(&["list"]).ok();
            for name in ["packed-refs", "refs/heads/feature/x", "config"] {
                assert!(!lock(&sandbox, name).exists(), "{name} after {call} {number}");
            }
            sandbox.git(&sandbox.repo(), &["branch", "-f", "other"]);
            sandbox.git(&sandbox.repo(), &["pack-refs", "--all"]);
            let kept = fs::read_dir(sandbox.repo().join(".git/wt/locks")).into_iter().flatten().count();
            assert_eq!(kept, 0, "after {call} {number}");
            sandbox.wt(&["remove", "x", "--force"]);
            let _ = sandbox.try_git(&sandbox.repo(), &["branch", "-D", "feature/x"]);
            if !killed {
                break;
            }
        }
    }
    assert!(left > 0, "no deletion was killed while it had the lock");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_setting_that_git_writes_while_a_branch_gets_its_upstream_stays() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.git(&sandbox.repo(), &["branch", "feature/x"]);
    sandbox.add_remote(&sandbox.repo(), "origin");
    sandbox.git(&sandbox.repo(), &["branch", "-D", "feature/x"]);
    let config = sandbox.repo().join(".git/config");
    fs::set_permissions(&config, PermissionsExt::from_mode(0o600)).unwrap();
    let mut child = start_held_up(&sandbox, &["create", "x"], &lock(&sandbox, "config"));
    wait::until("the branch", || sandbox.repo().join(".git/refs/heads/feature/x").exists());
    sandbox.git(&sandbox.repo(), &["config", "precious.key", "yes"]);
    assert!(wait::end_of(&mut child).success());
    assert_eq!(sandbox.git(&sandbox.repo(), &["config", "precious.key"]), "yes");
    assert_eq!(sandbox.git(&sandbox.repo(), &["config", "branch.feature/x.remote"]), "origin");
    assert_eq!(config.metadata().unwrap().permissions().mode() & 0o777, 0o600, "as private as it was");
    // The same where it is forgotten.
    let mut child = start_held_up(&sandbox, &["remove", "x", "-D"], &lock(&sandbox, "config"));
    wait::until("the deletion", || !sandbox.has_branch(&sandbox.repo(), "feature/x"));
    sandbox.git(&sandbox.repo(), &["config", "precious.other", "yes"]);
    assert!(wait::end_of(&mut child).success());
    assert_eq!(sandbox.git(&sandbox.repo(), &["config", "precious.other"]), "yes");
    assert!(!fs::read_to_string(&config).unwrap().contains("feature/x"));
}

#[test]
fn a_lock_counts_as_left_only_where_its_maker_would_be_seen() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "x"]).ok();
    let folder = sandbox.repo().join(".git/wt/locks");
    fs::create_dir_all(&folder).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    for (boot, machine, is_left) in
        [("another", "elsewhere", false), (boot.trim(), "a-container", true), ("before", &*machine, true)]
    {
        let note = folder.join("0123456789abcdef0123456789abcdef");
        fs::write(&note, format!("{boot}\0{machine}\0packed-refs.lock")).unwrap();
        fs::hard_link(&note, lock(&sandbox, "packed-refs")).unwrap();
        sandbox.wt(&["list"]).ok();
        assert_eq!(lock(&sandbox, "packed-refs").exists(), !is_left, "{boot} {machine}");
        let _ = (fs::remove_file(lock(&sandbox, "packed-refs")), fs::remove_file(&note));
    }
}

#[test]
fn a_lock_that_could_not_be_given_back_at_first_does_not_stay() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip::skip("strace is not installed or may not trace here");
    }
    let lock = lock(&sandbox, "refs/heads/feature/x");
    let made = sandbox
        .program("strace", &sandbox.repo())
        .args(["-f", "-qq", "-o", "/dev/null", "-P"])
        .arg(&lock)
        .args(["-e", "trace=unlink,unlinkat", "-e", "inject=unlink,unlinkat:error=EACCES:when=1"])
        .arg(env!("CARGO_BIN_EXE_wt"))
        .args(["create", "x"])
        .output()
        .unwrap();
    assert!(made.status.success() && !lock.exists(), "{made:?}");
    sandbox.git(&sandbox.worktree("feature-x"), &["commit", "--allow-empty", "-m", "goes"]);
}
