//! Ports that change hands while the command is killed: the next command has the env files say what the record says.

use std::collections::BTreeSet;

use crate::support::strace::{RENAMES, has_strace, killed_alone_at};
use crate::support::{Sandbox, skip};

/// The numbers of the worktree's ports, by its record and by its env file.
fn ports(sandbox: &Sandbox) -> [BTreeSet<String>; 2] {
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-login").unwrap();
    let recorded = entry["allocations"].as_array().unwrap().iter().map(|known| known["port"].to_string());
    let env = std::fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap_or_default();
    let lines = env.lines().filter_map(|line| line.split_once("PORT="));
    [recorded.collect(), lines.map(|(_, port)| port.to_owned()).collect()]
}

#[test]
fn a_change_of_ports_killed_at_any_step_is_in_the_env_file_once_the_next_command_has_run() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.path("")) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let (mut deaths, mut healed) = (0, 0);
    let changes =
        [&["ports", "allocate", "-s", "api,web", "-w", "login"][..], &["ports", "release", "-w", "login"]];
    for call in RENAMES.iter().chain(&["flock"]) {
        for number in 1.. {
            let before = deaths;
            for words in changes {
                deaths += usize::from(killed_alone_at(&sandbox, words, call, number));
                let next = sandbox.wt(&["list"]).ok();
                healed += usize::from(next.stderr.contains("follow what a command that died"));
                let [recorded, written] = ports(&sandbox);
                assert_eq!(recorded, written, "{words:?} killed at {call} {number}\n{}", next.shown());
            }
            if deaths == before {
                break;
            }
        }
    }
    assert!(deaths > 4 && healed > 1, "{deaths} deaths, {healed} healed: it says nothing");
    let marks = std::fs::read_dir(sandbox.state().join("following")).unwrap().count();
    assert_eq!(marks, 0, "who is dead holds nothing");
}

#[test]
fn a_port_that_moves_and_one_that_an_adoption_takes_are_in_the_env_file_too() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.path("")) {
        return skip("strace is not installed or may not trace here");
    }
    let mut deaths = 0;
    for number in 1..6 {
        let folder = sandbox.worktree("feature-login");
        sandbox.git(
            &sandbox.repo(),
            &["worktree", "add", "-q", "-B", "feature/login", folder.to_str().unwrap()],
        );
        deaths += usize::from(killed_alone_at(&sandbox, &["adopt", "--ports"], "flock", number));
        let next = sandbox.wt(&["list"]).ok();
        let is_recorded = sandbox.living().iter().any(|entry| entry["name"] == "feature-login");
        if is_recorded {
            let [recorded, written] = ports(&sandbox);
            assert_eq!(recorded, written, "adopt killed at flock {number}\n{}", next.shown());
        }
        sandbox.wt(&["adopt", "--ports"]).ok();
        let [recorded, written] = ports(&sandbox);
        assert_eq!((recorded.len(), &recorded), (1, &written), "{number}");
        let port: u16 = recorded.first().unwrap().parse().unwrap();
        let held = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        let words = ["ports", "resolve", "--strategy", "conservative"];
        deaths += usize::from(killed_alone_at(&sandbox, &words, "flock", number));
        let next = sandbox.wt(&["list"]).ok();
        let [recorded, written] = ports(&sandbox);
        assert_eq!(recorded, written, "resolve killed at flock {number}\n{}", next.shown());
        drop(held);
        sandbox.wt(&["remove", "login", "--force"]).ok();
    }
    assert!(deaths > 6, "{deaths} deaths: it says nothing");
}
