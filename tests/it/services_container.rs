//! Services that were started in a container, whose process numbers mean nothing outside: once it is gone nothing of them sticks,
//! and no process outside that bears such a number is taken for one of theirs.

use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::services::{Fleet, is_running};
use crate::support::{Sandbox, skip, wait};

const CONFIG: &str = "[service.web]\nrun = \"sleep 1000\"\nlistens = false\n";

/// Starts the services in process numbers of their own and ends those; `None` where that cannot be.
fn start_and_lose(fleet: &Fleet<'_>) -> Option<()> {
    let sandbox = fleet.sandbox;
    let ready = sandbox.path("run/ready");
    let script =
        format!("'{}' up && touch '{}' && exec sleep 1000", env!("CARGO_BIN_EXE_wt"), ready.display());
    let options = ["--pid", "--fork", "--mount-proc", "--kill-child=KILL"];
    let mut probe = sandbox.program("unshare", &fleet.folder);
    let can = probe.args(options).arg("true").stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut command = sandbox.program("unshare", &fleet.folder);
    command.args(options).args(["sh", "-c", &script]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut container = command.spawn().unwrap();
    wait::until("the service to run in the container", || {
        assert!(container.try_wait().unwrap().is_none(), "it does not start there");
        ready.exists()
    });
    assert_eq!(fleet.state("web").0, "ready", "it is seen from outside while it lives");
    container.kill().unwrap();
    container.wait().unwrap();
    let seat = fs::File::open(sandbox.services_of("feature-one")).unwrap();
    wait::until("the container to be gone", || {
        rustix::fs::flock(&seat, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
    });
    Some(())
}

/// Has the record name the processes of `bystander` where it names those of the container.
fn name_bystander(fleet: &Fleet<'_>, bystander: u32) {
    let path = fleet.sandbox.services_of("feature-one").join("services.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["supervisor"]["pid"] = bystander.into();
    record["services"][0]["processes"][0]["pid"] = bystander.into();
    fs::write(&path, record.to_string()).unwrap();
}

/// A shell with a child, which are nobody's service.
struct Bystander(Child, u32);

impl Bystander {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $! > \"$0\"; wait"]).arg(sandbox.path("run/child"));
        let child = command.current_dir("/").spawn().unwrap();
        let read = || fs::read_to_string(sandbox.path("run/child")).ok()?.trim().parse().ok();
        wait::until("the child to run", || read().is_some());
        Self(child, read().unwrap())
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let child = i32::try_from(self.1).ok().and_then(rustix::process::Pid::from_raw);
        let _ = child.map(|child| rustix::process::kill_process(child, rustix::process::Signal::KILL));
    }
}

#[test]
fn services_of_a_container_that_is_gone_are_stopped_and_start_again() {
    for first in ["status", "down", "up"] {
        let sandbox = Sandbox::new();
        let fleet = sandbox.fleet("one", CONFIG);
        let Some(()) = start_and_lose(&fleet) else { return skip("no process numbers of their own") };
        let bystander = Bystander::start(&sandbox);
        name_bystander(&fleet, bystander.0.id());
        fleet.wt(&[first]).ok();
        if first != "up" {
            let status = fleet.json(&["status"]);
            assert_eq!(status["services"][0]["state"], "stopped", "{first}: {status}");
        }
        fleet.wt(&["up"]).ok();
        assert_eq!(fleet.state("web").0, "ready", "{first}");
        assert!(is_running(fleet.pid("web")));
        fleet.wt(&["down"]).ok();
        assert!(is_running(bystander.0.id()) && is_running(bystander.1), "{first}");
    }
}

#[test]
fn a_worktree_whose_services_ran_in_a_container_that_is_gone_is_removed_without_force() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", CONFIG);
    let Some(()) = start_and_lose(&fleet) else { return skip("no process numbers of their own") };
    let bystander = Bystander::start(&sandbox);
    name_bystander(&fleet, bystander.0.id());
    sandbox.wt(&["remove", "one"]).ok();
    assert!(!fleet.folder.exists());
    assert!(is_running(bystander.0.id()) && is_running(bystander.1));
}
