//! `wt ports release`: ports are given up by number, by worktree or all, and the env block follows.

use crate::support::skip;
use std::fs;

use super::support::{Sandbox, git};

fn env(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.worktree(name).join(".env")).unwrap_or_default()
}

#[test]
fn released_ports_leave_the_env_block_and_are_free_again() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports=web,api"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let first = sandbox.port(0).to_string();
    sandbox.wt(&["ports", "release", &first]).ok().answers(&[&first, "web of feature-one"]);
    let text = env(&sandbox, "feature-one");
    assert!(!text.contains("WEB_PORT") && text.contains("API_PORT"), "{text}");
    sandbox.refused(&["ports", "release", &first], "not_found");
    sandbox.wt(&["ports", "release", "--worktree", "one"]).ok();
    assert!(!env(&sandbox, "feature-one").contains("API_PORT"));
    let answer = sandbox.json(&["ports", "release", "--all", "--force"]);
    assert_eq!(answer["released"][0]["worktree"], "feature-two");
}

#[test]
fn a_port_and_a_worktree_settle_a_duplicate() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let (first, second) = (sandbox.port(0), sandbox.port(1));
    let text = fs::read_to_string(sandbox.state().join("registry.json")).unwrap();
    git::write(
        &sandbox.state(),
        "registry.json",
        &text.replace(&format!("\"port\":{second}"), &format!("\"port\":{first}")),
    );
    let first = first.to_string();
    sandbox.refused(&["ports", "release", &first], "ambiguous");
    sandbox.wt(&["ports", "release", &first, "--worktree", "two"]).ok();
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
    assert_eq!(sandbox.living()[1]["allocations"], serde_json::json!([]));
}

#[test]
fn releasing_under_a_running_server_says_so() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(_server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let port = sandbox.port(0).to_string();
    sandbox.wt(&["ports", "release", &port]).ok().says(&["still listens"]);
}

#[test]
fn a_port_of_another_repository_is_not_released_from_here() {
    let sandbox = Sandbox::new();
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["create", "shop", "--ports"]).ok();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0).to_string();
    let error = sandbox.refused(&["ports", "release", &port], "not_found");
    assert!(error["message"].as_str().unwrap().contains("feature-shop"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("wt -C "), "{error}");
    sandbox.refused(&["ports", "release", &port, "--worktree", "login"], "not_found");
    sandbox.wt(&["ports", "release", "--all", "--force"]).ok();
    let left: Vec<_> =
        sandbox.living().iter().map(|entry| entry["allocations"].as_array().unwrap().len()).collect();
    assert_eq!(left, [1, 0], "another repository keeps its own");
}

#[test]
fn releasing_everything_says_first_what_that_is() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports=web,api"]).ok();
    let error = sandbox.refused(&["ports", "release", "--all"], "usage");
    for (index, service) in (0..).zip(["web", "api"]) {
        let listed = format!("{} ({service} of feature-one)", sandbox.port(index));
        assert!(error["message"].as_str().unwrap().contains(&listed), "{error}");
    }
}

#[test]
fn a_pinned_port_is_released_by_its_number() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let port = sandbox.port(4).to_string();
    sandbox.wt(&["ports", "allocate", "-w", "one", "-s", "web", "--port", &port]).ok();
    sandbox
        .wt(&["ports", "release", &port])
        .ok()
        .answers(&[&format!("Released {port} (web of feature-one)")]);
    assert!(!env(&sandbox, "feature-one").contains(&port));
    sandbox.refused(&["ports", "release", &port], "not_found");
}

#[test]
fn a_release_that_the_env_block_cannot_follow_is_taken_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let folder = sandbox.worktree("feature-one");
    sandbox.git(&folder, &["add", "-f", ".env"]);
    let (before, text) = (sandbox.living(), env(&sandbox, "feature-one"));
    sandbox.wt(&["ports", "release", &sandbox.port(0).to_string()]).exits(1).says(&["tracked"]);
    assert_eq!(sandbox.living(), before);
    assert_eq!(env(&sandbox, "feature-one"), text);
}

#[test]
fn a_worktree_whose_folder_is_gone_can_give_its_port_up() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    std::fs::remove_dir_all(sandbox.worktree("feature-one")).unwrap();
    sandbox.wt(&["ports", "release", &sandbox.port(0).to_string()]).ok();
    assert_eq!(sandbox.wt(&["ports", "next"]).ok().stdout, format!("{}\n", sandbox.port(0)));
}
