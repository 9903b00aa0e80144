//! What a worktree that is brought back gets of its ports, and its `.env` file.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, skip};

fn port_of<'a>(answer: &'a Value, service: &str) -> &'a Value {
    let all = answer["worktree"]["ports"].as_array().unwrap();
    all.iter().find(|port| port["service"] == service).map_or(&Value::Null, |port| &port["port"])
}

fn allocation(sandbox: &Sandbox, service: &str) -> Value {
    let entry = sandbox.living().into_iter().next().unwrap();
    let all = entry["allocations"].as_array().unwrap().clone();
    all.into_iter().find(|known| known["service"] == service).unwrap_or_default()
}

#[test]
fn a_port_asked_for_by_its_number_comes_back_and_stays_pinned() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    // Beyond the range of the purpose.
    let beyond = sandbox.port(0) + sandbox.feature_count();
    let number = beyond.to_string();
    let folder = sandbox.worktree("feature-one");
    sandbox.wt_in(&folder, &["ports", "allocate", "--service", "debug", "--port", &number]).ok();
    let before = allocation(&sandbox, "debug");
    assert_eq!((&before["port"], &before["pinned"]), (&beyond.into(), &true.into()));
    sandbox.wt(&["remove", "feature-one"]).ok();
    let run = sandbox.wt(&["restore", "feature-one"]).ok();
    assert!(!run.stderr.contains("by now"), "{}", run.shown());
    let after = allocation(&sandbox, "debug");
    assert_eq!((&after["port"], &after["pinned"]), (&beyond.into(), &true.into()));
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(env.contains(&number), "{env}");
}

#[test]
fn a_port_of_a_range_that_was_moved_since_comes_back_and_one_that_was_excluded_is_called_so() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports=2"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let (first, second) = (sandbox.port(0), sandbox.port(1));
    let last = first + sandbox.feature_count() - 1;
    let ports = format!("[purpose.feature]\nports = \"{}-{last}\"\n", first + 4);
    sandbox.configure(&ports);
    sandbox.wt(&["ports", "exclude", &second.to_string(), "--reason", "printer"]).ok();
    let run = sandbox.wt(&["restore", "feature-one"]).ok();
    run.says(&[&format!("port {second} of "), "is excluded by now"]);
    let entry = sandbox.living().into_iter().next().unwrap();
    let numbers: Vec<u64> = entry["allocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|known| known["port"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [u64::from(first), u64::from(first + 4)]);
}

#[test]
fn no_service_gets_the_port_that_its_sibling_had() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let folder = sandbox.worktree("feature-one");
    sandbox.wt_in(&folder, &["ports", "allocate", "--service", "web,api"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let _stranger = TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let answer = sandbox.json(&["restore", "feature-one"]);
    assert_eq!(*port_of(&answer, "api"), sandbox.port(1), "{answer}");
    assert_eq!(*port_of(&answer, "web"), sandbox.port(2), "{answer}");
    let warnings = answer["warnings"].to_string();
    assert!(!warnings.contains(&format!("port {} of", sandbox.port(1))), "{warnings}");
}

#[test]
fn an_env_file_that_cannot_be_written_is_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let env = sandbox.worktree("feature-one").join(".env");
    fs::remove_file(&env).unwrap();
    fs::create_dir(&env).unwrap();
    fs::write(env.join("mine"), "mine\n").unwrap();
    sandbox.wt(&["remove", "feature-one", "--force"]).ok();
    let run = sandbox.wt(&["restore", "feature-one"]).ok();
    assert!(run.stderr.contains("`.env` is not written"), "{}", run.shown());
    assert!(run.stderr.contains("`wt env feature-one`"), "{}", run.shown());
    assert_eq!(fs::read_to_string(env.join("mine")).unwrap(), "mine\n");
    assert_eq!(allocation(&sandbox, "web")["port"], sandbox.port(0));
    assert_eq!(sandbox.living()[0]["state"], "active");
}

#[test]
fn a_restore_killed_at_any_step_ends_with_ports_that_the_env_file_names() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    // The file that comes back names a port that is not to be had any more.
    let _stranger = TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let folder = sandbox.worktree("feature-one");
    let mut settled = 0;
    for call in ["rename,renameat2", "write"] {
        let mut number = 1;
        while number < 60 && killed_at(&sandbox, &["restore", "feature-one"], call, number) {
            let context = format!("killed at {call} {number}");
            let list = sandbox.wt(&["list"]).ok();
            if folder.exists() {
                settled += 1;
            } else {
                sandbox.wt(&["restore", "feature-one"]).ok();
            }
            let port = allocation(&sandbox, "web")["port"].as_u64();
            assert_eq!(port, Some(sandbox.port(1).into()), "{context}\n{}", list.shown());
            let env = fs::read_to_string(folder.join(".env")).unwrap();
            assert!(env.contains(&format!("PORT={}\n", sandbox.port(1))), "{context}: {env}");
            assert_eq!(sandbox.status(&folder), "", "{context}");
            // As it was: the former port is the one that the stranger holds.
            let block = env.replace(&sandbox.port(1).to_string(), &sandbox.port(0).to_string());
            fs::write(folder.join(".env"), block).unwrap();
            sandbox.wt(&["remove", "feature-one"]).ok();
            number += 1;
        }
        if folder.exists() {
            sandbox.wt(&["remove", "feature-one", "--force"]).ok();
        }
    }
    assert!(settled > 2, "only {settled} restores were killed late: the experiment says nothing");
}
