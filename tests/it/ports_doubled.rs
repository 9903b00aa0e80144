//! One port, two worktrees: every command gives the same answer to who keeps it, and calls a sibling a sibling.

use std::fs;

use serde_json::{Value, json};

use super::support::python::Program;
use super::support::{Run, Sandbox, skip};

const SERVER: &str = "s = listen(port); ready(); stay()";

/// `feature-old` and `feature-young` both have the first port.
fn doubled(pinned: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "old", "--ports"]).ok();
    sandbox.wt(&["create", "young", "--ports"]).ok();
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        let is_pinned = pinned.contains(&entry["name"].as_str().unwrap());
        entry["allocations"][0]["port"] = json!(sandbox.port(0));
        entry["allocations"][0]["pinned"] = json!(is_pinned);
    }
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
    for name in ["old", "young"] {
        sandbox.wt(&["env", name]).ok();
    }
    sandbox
}

fn server(sandbox: &Sandbox, name: &str) -> Option<Program> {
    sandbox.python(&sandbox.worktree(name), sandbox.port(0), SERVER)
}

fn port_of(sandbox: &Sandbox, name: &str) -> u64 {
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == name).unwrap();
    entry["allocations"][0]["port"].as_u64().unwrap()
}

fn answers(sandbox: &Sandbox) -> [Run; 4] {
    [
        sandbox.wt(&["validate"]),
        sandbox.wt(&["ports", "conflicts"]),
        sandbox.wt(&["health"]),
        sandbox.wt(&["ports", "resolve", "--dry-run"]),
    ]
}

#[test]
fn whoever_runs_on_it_keeps_it_and_every_command_says_so() {
    let sandbox = doubled(&[]);
    let folder = sandbox.worktree("feature-young");
    let Some(running) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let keeps = "`feature-young` keeps it, since its server runs on it, and `feature-old` moves";
    for run in answers(&sandbox) {
        // The keeper's own row is about its own server, which never answers here.
        let rows = run.stdout.lines().filter(|line| !line.starts_with("feature-young\t"));
        let said = rows.chain(run.stderr.lines()).collect::<Vec<_>>().join(" ");
        let said = said.split_whitespace().filter(|word| *word != "\u{2502}").collect::<Vec<_>>().join(" ");
        assert!(said.contains(keeps), "{}", run.shown());
        for wrong in ["ports kill", "ports release", "a stranger", "younger"] {
            assert!(!said.contains(wrong), "{wrong}: {}", run.shown());
        }
    }
    let health = sandbox.wt(&["health"]).exits(1);
    assert!(health.stdout.contains("), a sibling; allocated to"), "{}", health.shown());
    let plan = sandbox.wt(&["--json", "ports", "resolve", "--dry-run"]).exits(1).json();
    assert_eq!(plan["plan"].as_array().unwrap().len(), 1, "{plan}");
    assert_eq!(plan["plan"][0]["worktree"], "feature-old");
    sandbox.wt(&["ports", "resolve", "--yes"]).ok();
    assert_eq!(port_of(&sandbox, "feature-young"), u64::from(sandbox.port(0)));
    assert_ne!(port_of(&sandbox, "feature-old"), u64::from(sandbox.port(0)));
    let check = sandbox.wt(&["--json", "ports", "check", &sandbox.port(0).to_string()]).exits(1).json();
    assert_eq!(
        (&check["verdict"], &check["owners"][0]["pid"]),
        (&json!("own_listener"), &json!(running.pid()))
    );
}

#[test]
fn validate_fix_moves_the_same_one_as_resolve() {
    let sandbox = doubled(&[]);
    let Some(_running) = server(&sandbox, "feature-young") else { return skip("no python3") };
    sandbox.wt(&["validate", "--fix"]).ok();
    assert_eq!(port_of(&sandbox, "feature-young"), u64::from(sandbox.port(0)));
    assert_ne!(port_of(&sandbox, "feature-old"), u64::from(sandbox.port(0)));
}

#[test]
fn where_nobody_may_be_moved_a_person_must_choose_and_either_command_works() {
    let port = |sandbox: &Sandbox| sandbox.port(0);
    for gives_up in ["feature-old", "feature-young"] {
        let sandbox = doubled(&["feature-old", "feature-young"]);
        let commands = ["feature-old", "feature-young"]
            .map(|name| format!("wt ports release {} --worktree {name}", port(&sandbox)));
        let report = sandbox.wt(&["--json", "validate"]).exits(2).json();
        let finding = &report["findings"][0];
        assert_eq!((&finding["code"], &finding["fixable"]), (&json!("duplicate-port"), &json!(false)));
        let conflicts = sandbox.wt(&["--json", "ports", "conflicts"]).exits(1).json();
        assert_eq!(conflicts["conflicts"][0]["choices"], json!(commands), "{conflicts}");
        let plain = sandbox.wt(&["ports", "conflicts"]).exits(1);
        for said in [finding["hint"].as_str().unwrap(), &plain.stdout] {
            assert!(said.contains("a person must choose"), "{said}");
            assert!(commands.iter().all(|command| said.contains(command)), "{said}");
        }
        let before = sandbox.registry()["worktrees"].clone();
        let resolved = sandbox.wt(&["ports", "resolve", "--yes"]).exits(1);
        let resolved = resolved.answers(&["a person must choose"]);
        assert!(commands.iter().all(|command| resolved.stderr.contains(command)), "{}", resolved.shown());
        sandbox.wt(&["validate", "--fix"]).exits(2);
        assert_eq!(sandbox.registry()["worktrees"], before);
        let command = commands.iter().find(|command| command.ends_with(gives_up)).unwrap();
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        sandbox.wt(&words).ok();
        sandbox.wt(&["ports", "conflicts"]).ok();
    }
}

#[test]
fn a_pinned_one_keeps_the_port_unless_the_others_server_runs() {
    let sandbox = doubled(&["feature-old"]);
    let plan = |sandbox: &Sandbox| -> Value {
        sandbox.wt(&["--json", "ports", "resolve", "--dry-run"]).exits(1).json()["plan"][0].clone()
    };
    assert_eq!(plan(&sandbox)["worktree"], "feature-young");
    let Some(_running) = server(&sandbox, "feature-young") else { return skip("no python3") };
    assert_eq!(plan(&sandbox)["action"], "leave");
    sandbox.wt(&["validate"]).exits(2).answers(&["a person must choose"]);
    let health = sandbox.wt(&["--json", "health"]).exits(1).json();
    let action = health["worktrees"][0]["services"][0]["action"].as_str().unwrap();
    assert!(action.contains("a person must choose"), "{health}");
}
