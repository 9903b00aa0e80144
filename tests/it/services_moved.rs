//! Worktrees with services that are moved by hand: what ran there ends before its ports are anybody's, and two worktrees'
//! services are never taken for each other.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::support::services::{Fleet, is_running, signal};
use crate::support::{Sandbox, wait};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                      restart = { policy = \"always\", backoff = \"5ms\" }\n";

/// A worktree that has its port and its env block from the beginning.
fn fleet(sandbox: &Sandbox) -> Fleet<'_> {
    fs::write(sandbox.repo().join(".wt.toml"), SERVER).unwrap();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let folder = sandbox.worktree("feature-one");
    sandbox.wt_in(&folder, &["trust", "--yes"]).ok();
    Fleet { sandbox, folder }
}

/// Renames the worktree's folder, as `mv` does.
fn moved(fleet: &Fleet<'_>) -> PathBuf {
    let there = fleet.folder.with_file_name("elsewhere");
    fs::rename(&fleet.folder, &there).unwrap();
    there
}

#[test]
fn what_runs_in_a_folder_moved_by_hand_ends_by_itself() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    moved(&fleet);
    wait::until("the supervisor's end", || !is_running(supervisor));
    assert!(!is_running(pid));
}

#[test]
fn a_port_is_called_free_only_once_nothing_of_the_moved_worktree_listens_on_it() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox);
    fleet.wt(&["up"]).ok();
    let (pid, port, supervisor) = (fleet.pid("web"), fleet.port("web"), fleet.supervisor().unwrap());
    let there = moved(&fleet);
    sandbox.wt(&["list"]).ok().says(&[
        "`feature-one` was released",
        &format!("port {port} is free again"),
        &format!("worktree repair {}", there.display()),
    ]);
    assert!(!is_running(pid) && !is_running(supervisor));
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_moved_worktree_that_is_adopted_again_runs_one_copy_on_its_former_port() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox);
    fleet.wt(&["up"]).ok();
    let (port, supervisor) = (fleet.port("web"), fleet.supervisor().unwrap());
    let there = Fleet { sandbox: &sandbox, folder: moved(&fleet) };
    sandbox.wt(&["list"]).ok();
    let repair = format!("git -C '{}' worktree repair", there.folder.display());
    there.wt(&["status"]).exits(1).says(&[&repair]);
    there.wt(&["adopt"]).exits(1).says(&[&repair]);
    sandbox.git(&there.folder, &["worktree", "repair"]);
    there.wt(&["adopt", "."]).ok();
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], port);
    there.wt(&["up"]).ok();
    assert_eq!(there.port("web"), port);
    assert!(!is_running(supervisor));
    let pid = there.pid("web");
    there.wt(&["down"]).ok();
    assert!(!is_running(pid));
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_folder_moved_by_hand_and_repaired_at_once_is_the_same_worktree() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox);
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    let there = Fleet { sandbox: &sandbox, folder: moved(&fleet) };
    sandbox.git(&there.folder, &["worktree", "repair"]);
    sandbox.wt(&["list"]).ok();
    assert_eq!(sandbox.living()[0]["name"], "feature-one");
    there.wt(&["up"]).ok();
    assert_eq!(there.port("web"), port);
    let pid = there.pid("web");
    there.wt(&["down"]).ok();
    assert!(!is_running(pid));
}

#[test]
fn a_record_stays_with_its_ports_while_a_supervisor_that_was_stopped_lives() {
    let sandbox = Sandbox::new();
    let fleet = fleet(&sandbox);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    signal(supervisor, Signal::STOP);
    moved(&fleet);
    sandbox.wt(&["list"]).ok().says(&["`feature-one` and its ports are kept", &format!("pid {supervisor}")]);
    assert!(is_running(pid) && sandbox.living().len() == 1);
    signal(supervisor, Signal::CONT);
    wait::until("the supervisor's end", || !is_running(supervisor));
    sandbox.wt(&["list"]).ok().says(&["`feature-one` was released"]);
    assert!(!is_running(pid));
}

#[test]
fn validate_tells_of_a_worktree_that_git_alone_still_lists() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let folder = sandbox.worktree("feature-one");
    fs::rename(&folder, folder.with_file_name("elsewhere")).unwrap();
    sandbox.wt(&["list"]).ok();
    sandbox.wt(&["validate"]).answers(&["worktree-unregistered", "is gone", "worktree repair"]);
}

#[test]
fn whoever_names_a_worktree_that_was_moved_by_hand_is_told_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let (folder, moved) = (sandbox.worktree("feature-login"), sandbox.worktree("elsewhere"));
    std::fs::rename(&folder, &moved).unwrap();
    let repair = format!("worktree repair {}` makes it that worktree again", moved.display());
    for command in ["path", "switch", "remove"] {
        let run = sandbox.wt(&[command, "login"]).exits(1).says(&["looks moved to", &repair]);
        assert!(!run.stderr.contains("drops its records") || command == "remove", "{}", run.shown());
    }
    sandbox.git(&sandbox.repo(), &["worktree", "repair", moved.to_str().unwrap()]);
    assert_eq!(sandbox.wt(&["path", "login"]).ok().stdout.trim(), moved.to_str().unwrap());
    std::fs::rename(&moved, &folder).unwrap();
    sandbox.wt(&["remove", "--force", "login"]).ok();
}
