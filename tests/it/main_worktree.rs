//! The main worktree as a member: ports that stay and nobody else is given, services, health, a row in every list; what never
//! touches it, and how it leaves.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Sandbox, skip};

/// The entry of the main worktree in `wt list`.
pub fn main_of(sandbox: &Sandbox, folder: &Path) -> Value {
    let list = sandbox.json_in(folder, &["list"]);
    let all = list["worktrees"].as_array().unwrap();
    all.iter().find(|worktree| worktree["main"] == true).cloned().unwrap()
}

pub fn ports(worktree: &Value) -> Vec<(String, u64, bool)> {
    let ports = worktree["ports"].as_array().unwrap().iter();
    ports
        .map(|port| {
            let service = port["service"].as_str().unwrap().to_owned();
            (service, port["port"].as_u64().unwrap(), port["pinned"].as_bool().unwrap())
        })
        .collect()
}

pub fn configure(sandbox: &Sandbox, text: &str) {
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
}

#[test]
fn it_joins_with_ports_that_stay_and_leaves_again() {
    let sandbox = Sandbox::new();
    let root = sandbox.repo();
    let error = sandbox.refused(&["adopt", root.to_str().unwrap()], "usage");
    assert!(error["hint"].as_str().unwrap().contains("wt adopt --main"), "{error}");
    let answer = sandbox.json(&["adopt", "--main", "--ports"]);
    let first = u64::from(sandbox.port(0));
    assert_eq!(ports(&answer["worktree"]), [("web".to_owned(), first, true)], "{answer}");
    let worktree = &answer["worktree"];
    assert_eq!((&worktree["main"], &worktree["registered"]), (&json!(true), &json!(true)));
    assert_eq!((&worktree["purpose"], &worktree["state"]), (&Value::Null, &json!("active")));
    assert_eq!(sandbox.status(&root), "", "no env block without being asked");
    assert!(!root.join(".env").exists());
    // Again: as it is; more: given beside what is there.
    let before = sandbox.living();
    assert!(sandbox.wt(&["adopt", "--main"]).ok().stdout.starts_with("Recorded already"));
    assert_eq!(sandbox.living(), before);
    let more = sandbox.json(&["adopt", "--main", "--ports=web,api"]);
    assert_eq!(ports(&more["worktree"])[1], ("api".to_owned(), u64::from(sandbox.port(1)), true));
    let next = sandbox.json(&["create", "one", "--ports"]);
    assert_eq!(next["worktree"]["ports"][0]["port"], sandbox.port(2));
    // It goes from branch to branch, and is no finding.
    sandbox.git(&root, &["switch", "-q", "-c", "elsewhere"]);
    assert!(sandbox.wt(&["validate"]).ok().stdout.starts_with("Valid"));
    assert_eq!(ports(&main_of(&sandbox, &root)).len(), 2);
    // One port, then the rest: that ends it.
    sandbox.wt(&["ports", "release", &sandbox.port(1).to_string()]).ok();
    assert_eq!(main_of(&sandbox, &root)["registered"], true);
    let run = sandbox.wt(&["ports", "release", "--worktree", "proj"]).ok();
    assert!(run.stderr.contains("member no more"), "{}", run.shown());
    assert_eq!(main_of(&sandbox, &root)["registered"], false);
    sandbox.wt(&["adopt", "--main", "--ports"]).ok();
    let left = sandbox.json(&["adopt", "--main", "--no-ports"]);
    assert_eq!((&left["left"], &left["worktree"]["registered"]), (&json!(true), &json!(false)), "{left}");
    assert_eq!(sandbox.living().len(), 1);
    sandbox.wt(&["adopt", "--main", "--no-ports"]).ok();
    sandbox.refused(&["adopt", "--no-ports"], "usage");
    sandbox.refused(&["adopt", ".", "--no-ports"], "usage");
    let none = sandbox.refused(&["adopt", "--ports=0"], "usage");
    assert!(none["hint"].as_str().unwrap().contains("without `--ports`"), "{none}");
    sandbox.assert_sound(&root);
}

#[test]
fn a_stranger_on_its_port_is_refused_and_its_own_server_is_not() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(3);
    configure(&sandbox, &format!("[main]\nports = {{ web = {port} }}\n"));
    let Some(stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[port]) else {
        return skip::skip("no python3");
    };
    let error = sandbox.refused(&["adopt", "--main"], "port_conflict");
    assert!(error["message"].as_str().unwrap().contains("python3"), "{error}");
    // A create is about something else: what the configuration says is recorded, and the conflict is told by others.
    sandbox.wt(&["create", "one"]).ok();
    assert_eq!(ports(&main_of(&sandbox, &sandbox.repo()))[0].1, u64::from(port));
    sandbox.wt(&["ports", "conflicts"]).exits(1);
    sandbox.refused(&["run", "true"], "port_conflict");
    drop(stranger);
    sandbox.wt(&["adopt", "--main", "--no-ports"]).ok();
    // It runs there for long, in a folder of it; one in a worktree below it that nobody recorded is not its own.
    let inside = sandbox.repo().join("inside");
    fs::create_dir(&inside).unwrap();
    let server = sandbox.python_server(&inside, "127.0.0.1", &[port]);
    sandbox.wt(&["adopt", "--main"]).ok();
    let health = sandbox.wt(&["--json", "health", "--worktree", "proj"]).exits(1).json();
    assert_eq!(
        health["worktrees"][0]["services"][0]["level"], 2,
        "it does not accept, and is its own: {health}"
    );
    drop(server);
    let below = sandbox.repo().join("below");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "--detach", below.to_str().unwrap()]);
    let _server = sandbox.python_server(&below, "127.0.0.1", &[port]);
    sandbox.refused(&["run", "true"], "port_conflict");
}

#[test]
fn its_services_run_and_are_found_by_name() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(4);
    let config = format!(
        "[main]\nports = {{ web = {port} }}\n[service.web]\nrun = \"python3 -m http.server {{{{ port }}}} --bind 127.0.0.1\"\n"
    );
    let fleet = sandbox.fleet("one", &config);
    let Some(_) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[]) else {
        return skip::skip("no python3");
    };
    let up = sandbox.json(&["up"]);
    assert_eq!((&up["worktree"], &up["services"][0]["port"]), (&json!("proj"), &json!(port)), "{up}");
    let from = |words: &[&str]| sandbox.wt_in(&fleet.folder, words);
    let status = sandbox.json_in(&fleet.folder, &["status", "-w", "proj"]);
    assert_eq!(status["services"][0]["state"], "ready", "{status}");
    assert_eq!(from(&["url", "-w", "proj", "--check"]).ok().stdout, format!("http://localhost:{port}\n"));
    from(&["wait", "-w", "proj"]).ok();
    from(&["restart", "-w", "proj"]).ok();
    from(&["logs", "-w", "proj"]).ok();
    assert_eq!(sandbox.wt(&["run", "sh", "-c", "echo $PORT $WT_NAME"]).ok().stdout, format!("{port} proj\n"));
    let all = from(&["exec", "--all", "--", "sh", "-c", "echo $PORT"]).ok();
    assert!(all.stdout.contains(&format!("proj\t{port}\n")), "{}", all.shown());
    let list = sandbox.json(&["ports", "list"]);
    let row = list["worktrees"].as_array().unwrap().iter().find(|row| row["name"] == "proj").unwrap();
    assert_eq!(row["ports"][0]["verdict"], "own_listener", "{list}");
    sandbox.refused(&["adopt", "--main", "--no-ports"], "dirty");
    from(&["down", "-w", "proj"]).ok();
    sandbox.wt(&["adopt", "--main", "--no-ports"]).ok();
}

#[test]
fn an_env_block_is_there_only_where_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let root = sandbox.repo();
    let (port, own) = (sandbox.port(0), "SECRET=1\n");
    fs::write(root.join(".env"), own).unwrap();
    let text = |env: bool| format!("[main]\nports = {{ web = {port} }}\nenv = {env}\n");
    configure(&sandbox, &text(false));
    sandbox.wt(&["adopt", "--main"]).ok();
    assert_eq!(fs::read_to_string(root.join(".env")).unwrap(), own);
    sandbox.refused(&["env"], "usage");
    assert_eq!(fs::read_to_string(root.join(".env")).unwrap(), own);
    configure(&sandbox, &text(true));
    sandbox.wt(&["create", "one"]).ok();
    let block = fs::read_to_string(root.join(".env")).unwrap();
    assert!(block.contains(own) && block.contains(&format!("PORT={port}\n")), "{block}");
    assert!(block.contains("WT_BRANCH=main\n") && block.contains("COMPOSE_PROJECT_NAME=proj\n"), "{block}");
    assert!(sandbox.wt(&["env", "--check"]).ok().stdout.contains(".env"));
    // A switch is followed where hooks tell of it.
    sandbox.wt(&["hooks", "install"]).ok();
    sandbox.git(&root, &["switch", "-q", "-c", "elsewhere"]);
    assert!(sandbox.wt(&["validate"]).stdout.contains("env-drift"), "git found no `wt` here");
    sandbox.wt(&["hook", "post-checkout", &"1".repeat(40), &"2".repeat(40), "1"]).ok();
    let block = fs::read_to_string(root.join(".env")).unwrap();
    assert!(block.contains("WT_BRANCH=elsewhere\n"), "{block}");
    configure(&sandbox, &text(false));
    sandbox.wt(&["create", "two"]).ok();
    assert_eq!(fs::read_to_string(root.join(".env")).unwrap(), own, "the user's lines stay as they were");
    configure(&sandbox, &text(true));
    sandbox.wt(&["adopt", "--main"]).ok();
    sandbox.wt(&["adopt", "--main", "--no-ports"]).ok();
    assert_eq!(fs::read_to_string(root.join(".env")).unwrap(), own);
}

#[test]
fn every_command_knows_it() {
    let sandbox = Sandbox::new();
    let root = sandbox.repo();
    let path = root.to_str().unwrap();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["adopt", "--main", "--ports"]).ok();
    let port = sandbox.port(1).to_string();
    let before = sandbox.living();
    // What it is good for.
    for words in [
        &["list", "--all", "--status"][..],
        &["path", "proj"],
        &["env", "--print"],
        &["env", "proj", "--format", "json"],
        &["ports", "list", "--worktree", "proj"],
        &["ports", "allocate", "--worktree", "proj", "--service", "web"],
        &["ports", "owner", &port],
        &["ports", "scan"],
        &["ports", "conflicts"],
        &["ports", "resolve", "--dry-run"],
        &["ports", "cleanup", "--force"],
        &["health", "--worktree", "proj"],
        &["status", "-w", "proj"],
        &["url", "-w", "proj"],
        &["run", "-w", "proj", "true"],
        &["exec", "proj", "--", "true"],
        &["validate", "--verify-ports"],
        &["doctor"],
        &["restore"],
    ] {
        let run = sandbox.wt(words);
        assert!(run.status != 2 && !run.stderr.contains("error:"), "{}", run.shown());
    }
    // What never touches it.
    for words in [
        &["remove", "proj"][..],
        &["remove", "--force", "--force", path],
        &["remove", "--delete-branch", "main"],
    ] {
        sandbox.refused(words, "usage");
    }
    sandbox.refused(&["prune", "proj"], "not_found");
    sandbox.refused(&["restore", "proj"], "worktree_exists");
    for words in [
        &["prune"][..],
        &["prune", "--merged", "--min-age", "0s"],
        &["validate", "--verify-ports", "--fix"],
        &["validate", "--fix"],
    ] {
        sandbox.wt(words).ok();
    }
    let after = sandbox.living();
    let main = |living: &[Value]| living.iter().find(|entry| entry["name"] == "proj").cloned().unwrap();
    let plain = |mut entry: Value| {
        entry["allocations"][0].as_object_mut().unwrap().remove("health");
        entry
    };
    assert_eq!(plain(main(&after)), plain(main(&before)));
    assert!(root.join("README.md").exists());
}

#[test]
fn it_is_found_again_where_its_repository_is_moved_to() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["adopt", "--main", "--ports"]).ok();
    let moved = sandbox.path("moved");
    fs::rename(sandbox.repo(), &moved).unwrap();
    let worktree = main_of(&sandbox, &moved);
    assert_eq!(ports(&worktree), [("web".to_owned(), u64::from(sandbox.port(0)), true)]);
    sandbox.wt_in(&moved, &["status"]).ok();
    assert_eq!(sandbox.living()[0]["path"], moved.to_str().unwrap());
    assert_eq!(sandbox.living()[0]["repository"], moved.to_str().unwrap());
    assert!(sandbox.wt_in(&moved, &["validate"]).ok().stdout.starts_with("Valid"));
    // Gone for good with its repository: whoever wants ports gets them.
    fs::remove_dir_all(&moved).unwrap();
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["prune", moved.to_str().unwrap()]).ok();
    assert!(sandbox.living().is_empty());
    let bare = sandbox.path("bare.git");
    sandbox.git(&sandbox.path("other"), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    sandbox.refused_in(&bare, &["adopt", "--main"], "bare_unsupported");
}
