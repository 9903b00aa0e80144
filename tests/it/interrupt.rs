//! Stopped in the middle: Ctrl-C and its kin undo everything; after `kill -9` the next command does.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::{Run, Sandbox, git, wait};

/// A repository whose checkout stops in a smudge filter until it is told to go on.
struct Paused {
    sandbox: Sandbox,
    started: PathBuf,
    go: PathBuf,
}

impl Paused {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let (started, go) = (sandbox.path("run/started"), sandbox.path("run/go"));
        git::write(&repo, ".gitattributes", "*.slow filter=slow\n");
        git::write(&repo, "a.slow", "slow\n");
        sandbox.commit(&repo, "slow");
        let script = format!(
            "touch '{}'; while [ -e '{}' ] && ! [ -e '{}' ]; do sleep 0.01; done; cat",
            started.display(),
            repo.display(),
            go.display()
        );
        sandbox.git(&repo, &["config", "filter.slow.smudge", &script]);
        Self { sandbox, started, go }
    }

    /// Starts a create and waits until it is in the middle of the checkout.
    fn start(&self) -> Child {
        let mut command = self.sandbox.command(&self.sandbox.repo(), &["create", "login", "--ports"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait::until("the filter to start", || {
            assert!(child.try_wait().unwrap().is_none(), "the create ended too early");
            self.started.exists()
        });
        child
    }

    fn go_on(&self) {
        fs::write(&self.go, "").unwrap();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill_process(pid(child), signal).unwrap();
}

/// The snapshot without what the filter itself leaves.
fn snapshot(sandbox: &Sandbox) -> String {
    let text = sandbox.snapshot();
    text.lines().filter(|line| !line.starts_with("run/")).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_undone_by(signal_sent: Signal) {
    let paused = Paused::new();
    let before = snapshot(&paused.sandbox);
    let mut child = paused.start();
    signal(&child, signal_sent);
    let status = wait::end_of(&mut child);
    let run = Run::new(&["create"], &child.wait_with_output().unwrap());
    assert_eq!(status.code(), Some(130), "{}", run.shown());
    assert_eq!(snapshot(&paused.sandbox), before, "{}", run.shown());
    assert_eq!(paused.sandbox.living().len(), 0);
    paused.go_on();
    paused.sandbox.wt(&["create", "login", "--ports"]).ok();
}

#[test]
fn ctrl_c_undoes_everything_and_exits_130() {
    assert_undone_by(Signal::INT);
}

#[test]
fn sigterm_undoes_everything_and_exits_130() {
    assert_undone_by(Signal::TERM);
}

#[test]
fn sighup_undoes_everything_and_exits_130() {
    assert_undone_by(Signal::HUP);
}

#[test]
fn ctrl_c_that_git_hears_first_is_the_interrupt_all_the_same() {
    let paused = Paused::new();
    let before = snapshot(&paused.sandbox);
    let mut command = paused.sandbox.command(&paused.sandbox.repo(), &["create", "login", "--ports"]);
    // A terminal sends it to the whole group.
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    wait::until("the filter to start", || paused.started.exists());
    kill_process_group(pid(&child), Signal::INT).unwrap();
    let status = wait::end_of(&mut child);
    let run = Run::new(&["create"], &child.wait_with_output().unwrap());
    assert_eq!(status.code(), Some(130), "{}", run.shown());
    assert_eq!(snapshot(&paused.sandbox), before, "{}", run.shown());
    run.says(&["interrupted"]);
}

#[test]
fn a_git_child_that_died_of_the_signal_is_the_interrupt() {
    let paused = Paused::new();
    let before = snapshot(&paused.sandbox);
    let mut child = paused.start();
    let git = git_child(child.id());
    kill_process(git, Signal::INT).unwrap();
    // Its filter holds the pipes open until it ends too.
    paused.go_on();
    let status = wait::end_of(&mut child);
    let run = Run::new(&["create"], &child.wait_with_output().unwrap());
    assert_eq!(status.code(), Some(130), "{}", run.shown());
    assert_eq!(snapshot(&paused.sandbox), before, "{}", run.shown());
}

/// The child of `parent`, which is git.
fn git_child(parent: u32) -> Pid {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let first = children.split_whitespace().next().unwrap().parse().unwrap();
    Pid::from_raw(first).unwrap()
}

#[test]
fn while_git_still_works_for_a_killed_create_nobody_undoes_it() {
    let paused = Paused::new();
    let sandbox = &paused.sandbox;
    let mut child = paused.start();
    signal(&child, Signal::KILL);
    wait::end_of(&mut child);
    let list = sandbox.json(&["list"]);
    assert!(list.to_string().contains("creating"), "{list}");
    assert_eq!(sandbox.living().len(), 1);
    paused.go_on();
    wait::until("git to end and the next command to heal", || {
        sandbox.wt(&["list"]).ok();
        sandbox.living().iter().all(|entry| entry["state"] == "active")
    });
    sandbox.assert_sound(&sandbox.repo());
    let folder = sandbox.worktree("feature-login");
    if folder.exists() {
        assert_eq!(sandbox.status(&folder), "");
        assert!(folder.join(".env").exists());
    } else {
        assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
        assert_eq!(sandbox.living().len(), 0);
    }
}

#[test]
fn a_command_given_with_x_gets_the_signal_and_the_worktree_stays() {
    let sandbox = Sandbox::new();
    let started = sandbox.path("run/started");
    let script = format!("touch '{}'; exec sleep 600", started.display());
    let mut child = sandbox
        .command(&sandbox.repo(), &["create", "login", "-x", "sh", "-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait::until("the command to start", || started.exists());
    signal(&child, Signal::TERM);
    let status = wait::end_of(&mut child);
    assert!(!status.success());
    assert!(sandbox.worktree("feature-login").join("README.md").exists());
    assert_eq!(sandbox.living()[0]["state"], "active");
}

#[test]
fn an_interrupt_while_waiting_for_the_lock_is_heard() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.set("WT_REGISTRY_LOCK_TIMEOUT", "25s");
    let folder = fs::File::open(sandbox.state()).unwrap();
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let before = sandbox.snapshot();
    let mut child = sandbox
        .command(&sandbox.repo(), &["create", "two"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Sent again and again: the first ones may come before the program listens for them.
    wait::until("the waiting create to end", || {
        signal(&child, Signal::INT);
        child.try_wait().unwrap().is_some()
    });
    let status = child.wait().unwrap();
    assert!(status.code() == Some(130) || status.code().is_none(), "{status:?}");
    drop(folder);
    assert_eq!(sandbox.snapshot(), before);
}
