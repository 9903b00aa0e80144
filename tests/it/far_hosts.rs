//! Other hosts over ssh: they are known by names, list what they have, and ports of theirs are reached here.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::child::Child;
use crate::support::hooks::write_program;
use crate::support::laptop::Laptop;
use crate::support::{Sandbox, wait};

#[test]
fn hosts_are_known_by_names_until_they_are_removed() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.json(&["team", "hosts"])["hosts"], json!([]));
    sandbox.wt(&["team", "hosts"]).ok().says(&["wt team hosts add"]);
    sandbox.wt(&["team", "hosts", "add", "laptop", "ssh://ana@laptop:2222/opt/wt"]).ok().answers(&["laptop"]);
    sandbox.wt(&["team", "hosts", "add", "desk", "ssh://desk/"]).ok();
    let listed = sandbox.json(&["team", "hosts", "list"]);
    let desk = json!({ "name": "desk", "address": "ssh://desk" });
    assert_eq!(
        listed["hosts"],
        json!([desk, { "name": "laptop", "address": "ssh://ana@laptop:2222/opt/wt" }])
    );
    let added = sandbox.json(&["team", "hosts", "add", "laptop", "ssh://laptop"]);
    assert_eq!(added["former"], "ssh://ana@laptop:2222/opt/wt");
    sandbox.refused(&["team", "hosts", "add", "x", "ssh://-oProxyCommand=touch"], "usage");
    sandbox.refused(&["team", "hosts", "add", "a:b", "ssh://desk"], "name_invalid");
    sandbox.wt(&["team", "hosts", "remove", "desk"]).ok();
    sandbox.refused(&["team", "hosts", "remove", "desk"], "not_found");
    sandbox.refused(&["list", "--host", "desk"], "not_found");
    sandbox.refused(&["forward", "laptop"], "usage");
    sandbox.refused(&["forward", "desk:feature-login"], "not_found");
}

#[test]
fn a_host_that_never_answers_costs_its_time_limit_and_is_named() {
    let mut sandbox = Sandbox::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ssh://{}", silent.local_addr().unwrap());
    sandbox.wt(&["team", "hosts", "add", "silent", &address]).ok();
    sandbox.set("WT_TEAM_TIMEOUT", "300ms");
    let error = sandbox.refused(&["list", "--hosts"], "host_unreachable");
    assert_eq!(error["details"]["host"], "silent");
    assert!(error["message"].as_str().unwrap().contains("no answer in 0.3s"), "{error}");
    sandbox.set("WT_TEAM_SSH", "no-such-ssh");
    let error = sandbox.refused(&["list", "--host", "silent"], "host_unreachable");
    assert!(error["message"].as_str().unwrap().contains("no-such-ssh"), "{error}");
}

#[test]
fn an_answer_that_is_too_long_is_dropped_and_what_a_login_file_prints_is_passed_over() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["team", "hosts", "add", "desk", "ssh://ana@desk:2222"]).ok();
    let ssh = sandbox.path("an ssh");
    sandbox.set("WT_TEAM_SSH", format!("'{}'", ssh.display()));
    sandbox.set("WT_TEAM_TIMEOUT", "60s");
    let worktree = r#"{"name":"login","path":"/x/{y}"}"#;
    let answer = format!(
        "#!/bin/sh\necho 'Welcome {{ana}} {{\"a\": 1}}'\necho '{{\"schema\":1,\"worktrees\":[{worktree}]}}'\n"
    );
    write_program(&ssh, &answer);
    let listed = sandbox.json(&["list", "--host", "desk"]);
    assert_eq!(listed["hosts"][0]["worktrees"][0]["name"], "login", "{listed}");
    write_program(&ssh, "#!/bin/sh\nexec head -c 100000000 /dev/zero\n");
    let error = sandbox.refused(&["list", "--host", "desk"], "host_unreachable");
    assert!(error["message"].as_str().unwrap().contains("more than 64 MiB"), "{error}");
    // The hint is what can be typed to see what ssh says itself.
    let typed = format!("`'{}' -p 2222 -l ana desk`", ssh.display());
    assert!(error["hint"].as_str().unwrap().contains(&typed), "{error}");
}

#[test]
fn another_host_lists_its_worktrees_and_its_ports_are_reached_by_their_own_numbers() {
    let mut sandbox = Sandbox::new();
    let Some(laptop) = Laptop::start(&mut sandbox) else { return };
    sandbox.set("WT_TEAM_TIMEOUT", "60s");
    let shop = sandbox.make_repository("laptop/shop");
    laptop.wt(&sandbox, &shop, &["create", "login", "--ports"]).ok();
    let port = sandbox.port(0);
    // One that is off stands in the way of no other.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    sandbox.wt(&["team", "hosts", "add", "off", &format!("ssh://{free}")]).ok();
    let listed = sandbox.json(&["list", "--hosts"]);
    let (first, second) = (&listed["hosts"][0], &listed["hosts"][1]);
    assert_eq!((&first["host"], &second["host"]), (&json!("laptop"), &json!("off")));
    assert!(second["error"].is_string() && second["worktrees"] == json!([]), "{listed}");
    let worktree =
        first["worktrees"].as_array().unwrap().iter().find(|one| one["name"] == "feature-login").unwrap();
    assert_eq!((&worktree["branch"], &worktree["ports"][0]["port"]), (&json!("feature/login"), &json!(port)));
    sandbox.wt(&["list", "--host", "laptop"]).ok().answers(&["laptop", "feature-login", "feature/login"]);

    laptop.serve_once(port, "hello from the laptop");
    assert_eq!(forward(&sandbox, "laptop:feature-login", port), "hello from the laptop");
    // A number that `wt ports check` calls nobody's to take is passed over.
    sandbox.configure(&format!("[ports]\nexclude = [{{ ports = \"{port}\", reason = \"mine\" }}]\n"));
    laptop.serve_once(port, "hello once more");
    assert_eq!(forward(&sandbox, "laptop:feature-login", 0), "hello once more");
    sandbox.configure("");
    // What somebody here has keeps its number, and the other one is said.
    sandbox.wt(&["create", "search", "--ports"]).ok();
    laptop.serve_once(port, "hello again");
    assert_eq!(forward(&sandbox, "laptop:shop/feature-login", 0), "hello again");
    sandbox.wt(&["--json", "forward", "laptop:feature-login", "db"]).exits(1).error("not_found");
    sandbox.wt(&["--json", "forward", "laptop:feature-x"]).exits(1).error("not_found");
}

/// Forwards, reads what the server there says, and ends it by Ctrl-C; `expected` is the number here, 0 for another one than there.
fn forward(sandbox: &Sandbox, place: &str, expected: u16) -> String {
    let mut command = sandbox.command(&sandbox.repo(), &["--json", "forward", place]);
    let mut child = Child(command.stdout(Stdio::piped()).spawn().unwrap());
    let stdout = child.0.stdout.take().unwrap();
    let value = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().next();
    let value = value.unwrap().unwrap();
    let here = u16::try_from(value["ports"][0]["here"].as_u64().unwrap()).unwrap();
    let there = u16::try_from(value["ports"][0]["there"].as_u64().unwrap()).unwrap();
    assert_eq!(here == there, expected != 0, "{value}");
    let mut said = String::new();
    TcpStream::connect(("127.0.0.1", here)).unwrap().read_to_string(&mut said).unwrap();
    kill_process(Pid::from_child(&child.0), Signal::INT).unwrap();
    assert_eq!(wait::end_of(&mut child.0).code(), Some(130));
    wait::until("the port is given back", || TcpListener::bind(("127.0.0.1", here)).is_ok());
    said
}
