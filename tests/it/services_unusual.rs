//! What happens to a supervisor that nobody plans: its terminal goes, its worktree moves, its disk is full.

use std::fs;
use std::io::Write;
use std::path::Path;

use rustix::process::Signal;

use crate::state::Mount;
use crate::support::services::{Fleet, is_running, kill, signal};
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                      restart = { policy = \"always\", backoff = \"5ms\" }\n";

/// Takes all the room there is; it is given back with the file.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

#[test]
fn a_hangup_stops_everything_and_status_says_stopped() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    for end in [Signal::HUP, Signal::TERM] {
        fleet.wt(&["up"]).ok();
        let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
        signal(supervisor, end);
        until("the supervisor's end", || !is_running(supervisor));
        assert!(!is_running(pid));
        assert_eq!((fleet.state("web").0.as_str(), fleet.supervisor()), ("stopped", None));
    }
}

#[test]
fn services_follow_their_worktree_when_it_moves() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let moved = sandbox.path("elsewhere");
    sandbox
        .git(&sandbox.repo(), &["worktree", "move", fleet.folder.to_str().unwrap(), moved.to_str().unwrap()]);
    let there = Fleet { sandbox: &sandbox, folder: moved.clone() };
    assert_eq!(there.pid("web"), pid);
    assert_eq!(there.json(&["status"])["path"], moved.to_str().unwrap());
    // It starts again by itself where the worktree is now.
    kill(pid);
    until("its next run", || there.state("web").0 == "ready" && there.pid("web") != pid);
    let next = there.pid("web");
    assert_eq!(fs::read_link(format!("/proc/{next}/cwd")).unwrap(), moved);
    there.wt(&["restart"]).ok();
    assert!(!is_running(next));
    let (last, supervisor) = (there.pid("web"), there.supervisor().unwrap());
    there.wt(&["down"]).ok();
    until("the supervisor's end", || !is_running(supervisor));
    assert!(!is_running(last));
}

#[test]
fn a_full_disk_under_the_state_folder_keeps_nobody_from_running_and_stopping() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    let Some(_disk) = Mount::tmpfs(sandbox.state(), "size=2m,mode=700") else {
        return skip("only root can mount");
    };
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    let full = sandbox.state().join("full");
    fill(&full);
    // What crashes is started again although it cannot log, as often as it takes, and it is said that its words are lost.
    let (mut crashed, mut is_said) = (pid, false);
    for _ in 0..3 {
        kill(crashed);
        until("its next run", || {
            let web = fleet.service("web");
            // Of one of the runs: what else is written there may leave a little room for another.
            is_said |= web["reason"].as_str().is_some_and(|why| why.contains("the disk of its log is full"));
            web["state"] == "ready" && web["pid"].is_u64() && web["pid"] != crashed
        });
        crashed = fleet.pid("web");
    }
    assert!(is_said, "{:?}", fleet.state("web"));
    assert_eq!(fleet.supervisor(), Some(supervisor));
    fs::remove_file(&full).unwrap();
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    fill(&full);
    fleet.wt(&["status"]).ok().answers(&["web", "ready"]);
    fleet.wt(&["down"]).ok();
    assert!(!is_running(pid));
    assert_eq!(fleet.state("web").0, "stopped");
    fs::remove_file(&full).unwrap();
    until("the supervisor's end", || !is_running(supervisor));
    assert_eq!(fleet.state("web"), ("stopped".to_owned(), String::new()));
}

#[test]
fn a_record_that_could_not_be_written_is_written_once_there_is_room() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    let Some(_disk) = Mount::tmpfs(sandbox.state(), "size=2m,mode=700") else {
        return skip("only root can mount");
    };
    let two = "[service.a]\nrun = \"sleep 600\"\nlistens = false\n[service.b]\nrun = \"sleep 601\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", two);
    fleet.wt(&["up"]).ok();
    let (a, b, supervisor) = (fleet.pid("a"), fleet.pid("b"), fleet.supervisor().unwrap());
    let full = sandbox.state().join("full");
    fill(&full);
    kill(a);
    until("its end", || fleet.state("a").0 == "failed");
    fs::remove_file(&full).unwrap();
    let record = || {
        let repository =
            fs::read_dir(sandbox.state().join("services")).unwrap().next().unwrap().unwrap().path();
        let worktree = fs::read_dir(repository).unwrap().next().unwrap().unwrap().path();
        fs::read_to_string(worktree.join("services.json")).unwrap()
    };
    until("the record", || record().contains("\"state\":\"failed\""));
    kill(supervisor);
    until("its end", || !is_running(supervisor));
    fleet.wt(&["down"]).ok();
    assert!(!is_running(b));
}
