//! `wt serve --actions`: a page may do what the commands do, with their refusals, and only where that was allowed.

use std::fs;

use serde_json::{Value, json};

use crate::support::git::write;
use crate::support::holder::{Hold, hold};
use crate::support::http::Detached;
use crate::support::{Sandbox, skip};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

fn has_python() -> bool {
    std::process::Command::new("python3").arg("--version").output().is_ok()
}

#[test]
fn a_server_that_only_shows_refuses_every_action_and_says_which_flag_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&[]);
    let before = sandbox.snapshot();
    for action in ["up", "down", "restart", "resolve", "remove"] {
        let path = format!("/api/worktrees/proj/feature-login/{action}");
        let refused = server.post(&path, "{}");
        assert_eq!((refused.status, refused.code().as_str()), (403, "not_allowed"), "{}", refused.body);
        assert!(refused.json()["error"]["hint"].as_str().unwrap().contains("--actions"), "{}", refused.body);
        let read = server.get(&path);
        assert_eq!((read.status, read.head.contains("allow: post")), (405, true), "{}", read.head);
    }
    assert_eq!(server.post("/api/worktrees", "{}").status, 405);
    assert_eq!(server.post("/api/worktrees/proj/feature-login/kill", "{}").status, 404);
    assert!(sandbox.wt(&["path", "feature-login"]).ok().stdout.contains("login"));
    sandbox.assert_unchanged(&before, &sandbox.wt(&["list"]));
    assert!(!server.get("/").body.contains("data-acts"));
}

#[test]
fn whoever_may_not_act_and_whatever_is_no_request_for_an_action_is_refused_before_anything_is_done() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&["--actions"]);
    assert!(server.get("/").body.contains("<body data-acts>"));
    let path = "/api/worktrees/proj/feature-login/remove";
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let json = "Content-Type: application/json\r\n";
    let ask = |headers: &str, body: &str| {
        let length = format!("Content-Length: {}\r\n", body.len());
        server.ask_body("POST", path, &format!("{headers}{length}"), body)
    };
    assert_eq!(ask(json, "{}").status, 401);
    // A form, and what a script may send to another site without being asked about.
    for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""] {
        let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        assert_eq!(ask(&format!("{bearer}{kind}"), "{}").status, 415, "{kind}");
    }
    let foreign = format!("{bearer}{json}Origin: http://evil.example\r\n");
    assert_eq!(ask(&foreign, "{}").status, 403);
    assert_eq!(ask(&format!("{bearer}{json}Sec-Fetch-Site: cross-site\r\n"), "{}").status, 403);
    assert_eq!(ask(&format!("{bearer}{json}Host: evil.example:{}\r\n", server.port), "{}").status, 421);
    assert_eq!(ask(&format!("{bearer}{json}"), &" ".repeat(70_000)).status, 413);
    for body in
        ["{", "[]x", "\"up\"", "{\"force\": 1}", "{\"services\": [\"web\"]}", "{\"delete_branch\": 1}"]
    {
        let refused = server.post(path, body);
        assert_eq!((refused.status, refused.code().as_str()), (400, "usage"), "{body}: {}", refused.body);
    }
    let bad = server.post("/api/worktrees/proj/feature-login/up", "{\"services\": [\"We b;\"]}");
    assert_eq!(bad.status, 400, "{}", bad.body);
    assert_eq!(server.post("/api/worktrees/nowhere/feature-login/down", "{}").status, 404);
    assert_eq!(server.post("/api/worktrees/proj/feature-nobody/remove", "{}").code(), "not_found");
    assert!(sandbox.worktree("feature-login").is_dir());
}

#[test]
fn services_are_started_restarted_and_stopped_with_the_answers_of_the_commands_and_nothing_is_trusted() {
    if !has_python() {
        return skip("python3");
    }
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), SERVER).unwrap();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let server = sandbox.serve(&["--actions"]);
    let at = |action: &str| format!("/api/worktrees/proj/feature-one/{action}");
    let refused = server.post(&at("up"), "{}");
    assert_eq!((refused.status, refused.code().as_str()), (409, "untrusted"), "{}", refused.body);
    assert_eq!(server.post(&at("up"), "{}").code(), "untrusted", "asking again agrees to nothing");
    let fleet = sandbox.fleet("two", SERVER);
    let up = server.post(&at("up"), "{\"services\": [\"web\"]}");
    assert_eq!(up.status, 200, "{}", up.body);
    let answer = up.json();
    assert_eq!((&answer["command"], &answer["worktree"]), (&json!("up"), &json!("feature-one")));
    assert_eq!(answer["services"][0]["state"], "ready");
    let folder = sandbox.worktree("feature-one");
    let pid = |answer: &Value| answer["services"][0]["pid"].as_u64().unwrap();
    let again = server.post(&at("restart"), "").json();
    assert_ne!(pid(&answer), pid(&again), "{again}");
    // Removing refuses as the command does: it runs, and a file would be lost.
    write(&folder, "notes", "mine");
    let refused = server.post(&at("remove"), "{}");
    let told = sandbox.wt(&["remove", "feature-one", "--json"]);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"], told.json()["error"]);
    let down = server.post(&at("down"), "{}");
    assert_eq!((down.status, &down.json()["stopped"]), (200, &json!(["web"])), "{}", down.body);
    fs::remove_file(folder.join("notes")).unwrap();
    let removed = server.post(&at("remove"), "{\"delete_branch\": true}");
    assert_eq!(removed.status, 200, "{}", removed.body);
    assert_eq!(removed.json()["removed"][0]["name"], "feature-one");
    assert!(!folder.exists() && fleet.folder.is_dir());
    sandbox.wt(&["restore", "feature-one"]).ok();
    let by: Vec<Value> = sandbox.events().iter().map(|event| event["by"]["command"].clone()).collect();
    assert!(by.contains(&json!("remove")) && !by.contains(&json!("serve")), "{by:?}");
}

#[test]
fn conflicts_of_the_one_worktree_are_settled_and_nobody_elses() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let server = sandbox.serve(&["--actions"]);
    let _holders = [0, 1].map(|index| hold("127.0.0.1", sandbox.port(index), Hold::Listen).unwrap());
    let settled = server.post("/api/worktrees/proj/feature-one/resolve", "{\"strategy\": \"conservative\"}");
    assert_eq!(settled.status, 200, "{}", settled.body);
    let answer = settled.json();
    assert_eq!(answer["command"], "ports resolve");
    assert_eq!((&answer["steps"][0]["outcome"], &answer["remaining"]), (&json!("done"), &json!([])));
    assert_eq!(answer["steps"].as_array().unwrap().len(), 1);
    let ports: Vec<Value> =
        sandbox.living().iter().map(|entry| entry["allocations"][0]["port"].clone()).collect();
    assert_eq!(ports, [json!(sandbox.port(2)), json!(sandbox.port(1))]);
}

#[test]
fn the_policy_says_whether_pages_may_act_when_it_starts_and_at_each_request() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.ports.last().to_string();
    sandbox.configure("[policy]\nactions = \"never\"\n");
    for how in [&["serve", "--actions"][..], &["serve", "--actions", "--yes", "--detach"]] {
        let error = sandbox.refused(how, "not_allowed");
        assert_eq!(error["details"]["policy"], "policy.actions");
    }
    let config = fs::read_to_string(sandbox.config_file()).unwrap();
    let config_of = |word: &str| config.replace("never", word);
    fs::write(sandbox.config_file(), config_of("ask")).unwrap();
    sandbox.refused(&["serve", "--actions"], "not_allowed");
    let ends = Detached(&sandbox);
    sandbox.json(&["serve", "--actions", "--yes", "--detach", "--port", &port]);
    sandbox.wt(&["serve", "--stop"]).ok();
    let server = sandbox.serve(&["--actions", "--yes"]);
    let down = "/api/worktrees/proj/feature-login/down";
    assert_eq!(server.post(down, "{}").status, 200);
    fs::write(sandbox.config_file(), &config).unwrap();
    let refused = server.post(down, "{}");
    assert_eq!((refused.status, refused.code().as_str()), (403, "not_allowed"), "{}", refused.body);
    // A policy that is not understood is no leave, neither for what takes back nor for who starts it.
    fs::write(sandbox.config_file(), config_of("nevr")).unwrap();
    let refused = server.post(down, "{}");
    assert_eq!((refused.status, refused.code().as_str()), (409, "config_invalid"), "{}", refused.body);
    drop(server);
    sandbox.refused(&["serve", "--actions", "--yes"], "config_invalid");
    fs::write(sandbox.config_file(), config_of("never")).unwrap();
    drop(ends);
    sandbox.set("WT_POLICY", "read-only");
    sandbox.refused(&["serve", "--actions"], "not_allowed");
    let server = sandbox.serve(&[]);
    assert_eq!(server.get("/api/worktrees").status, 200);
}
