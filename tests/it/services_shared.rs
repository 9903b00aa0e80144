//! `shared = true`: one process of a service for all worktrees of the repository.

use std::fs;
use std::net::TcpStream;

use serde_json::json;

use crate::support::services::{Fleet, is_running};
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const CONFIG: &str = "[service.db]\nshared = true\nhealth = { tcp = {} }\n\
                      run = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                      [service.api]\nrun = \"sleep 1000\"\nlistens = false\ndepends_on = [\"db\"]\n\
                      [env.set]\nDATABASE_URL = \"pg://localhost:{{ ports.db }}/x\"\n";

#[test]
fn the_first_up_starts_it_the_last_down_stops_it_and_every_env_block_has_its_port() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.path(".")).arg("--version").output().is_err() {
        return skip("python3");
    }
    let one = sandbox.fleet("one", CONFIG);
    sandbox.wt(&["create", "two", "--ports=db"]).ok();
    let two = Fleet { sandbox: &sandbox, folder: sandbox.worktree("feature-two") };
    let env = |fleet: &Fleet<'_>| fs::read_to_string(fleet.folder.join(".env")).unwrap();
    // One allocation, the main worktree's.
    let allocations: Vec<u64> = sandbox
        .living()
        .iter()
        .flat_map(|entry| entry["allocations"].as_array().cloned().unwrap_or_default())
        .filter(|known| known["service"] == "db")
        .map(|known| known["port"].as_u64().unwrap())
        .collect();
    let [port] = allocations[..] else { panic!("{allocations:?}") };
    for fleet in [&one, &two] {
        let env = env(fleet);
        assert!(
            env.contains(&format!("DB_PORT={port}\n"))
                && env.contains(&format!("DATABASE_URL=pg://localhost:{port}/x\n")),
            "{env}"
        );
        assert!(!env.contains("\nPORT="), "it is no worktree's own server: {env}");
    }
    let given = two.json(&["ports", "allocate", "--service", "db"]);
    assert_eq!(
        (&given["ports"][0]["port"], &given["ports"][0]["new"]),
        (&json!(port), &json!(false)),
        "{given}"
    );
    sandbox.wt(&["validate", "--verify-ports"]).ok();

    let up = one.json(&["up"]);
    assert_eq!(up["services"].as_array().unwrap().len(), 2, "{up}");
    let server = one.pid("db");
    two.wt(&["up"]).ok();
    assert_eq!(two.pid("db"), server, "one process for both");
    let db = two.service("db");
    assert_eq!(
        (&db["state"], &db["port"], &db["shared_by"]),
        (&json!("ready"), &json!(port), &json!(2)),
        "{db}"
    );
    assert!(two.wt(&["status"]).ok().stdout.contains("shared by 2"));
    for fleet in [&one, &two] {
        fleet.wt(&["wait", "db"]).ok();
    }
    sandbox.wt(&["validate", "--verify-ports"]).ok();
    assert_eq!(sandbox.json(&["ports", "conflicts"])["summary"]["conflicts"], 0);

    let refused = sandbox.refused_in(&one.folder, &["down", "db"], "dirty");
    assert_eq!(refused["details"]["used_by"], json!(["feature-two"]), "{refused}");
    one.wt(&["down"]).ok();
    assert!(is_running(server), "the other one uses it");
    assert_eq!(one.service("db")["shared_by"], 1);
    // The last one that uses it takes it along.
    sandbox.wt(&["remove", "feature-two", "--force"]).ok();
    until("the end of the server", || !is_running(server));
    assert!(TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).is_err());
    // A removal leaves the port, and what was named goes with force whoever uses it.
    sandbox.wt(&["restore", "feature-two"]).ok();
    assert!(env(&two).contains(&format!("DB_PORT={port}\n")));
    one.wt(&["up"]).ok();
    two.wt(&["up"]).ok();
    let again = one.pid("db");
    two.wt(&["down", "db", "--force"]).ok();
    assert!(!is_running(again));
    assert_eq!(one.service("db")["shared_by"], 0);
    one.wt(&["down"]).ok();
    two.wt(&["down"]).ok();
}

#[test]
fn a_worktree_that_does_not_start_uses_nothing_that_serves_all() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.path(".")).arg("--version").output().is_err() {
        return skip("python3");
    }
    let one = sandbox.fleet("one", &CONFIG.replace("sleep 1000", "false"));
    one.wt(&["up"]).exits(1);
    let db = one.service("db");
    assert_eq!((&db["state"], &db["shared_by"]), (&json!("stopped"), &json!(0)), "{db}");
}
