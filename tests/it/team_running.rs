//! What runs on each host of a team is seen by the others, in the etcd that has the claims, and goes when it ends.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::etcd::{Etcd, NEEDS, team};
use crate::support::skip;
use crate::support::team::Team;
use crate::support::wait::until;

const SERVICE: &str = "[service.web]\nrun = \"sleep 600\"\nlistens = false\n";

fn running(team: &Team, clone: &str) -> Vec<Value> {
    let answer = team.json(clone, &["team", "running"]);
    assert_eq!(answer["warnings"], Value::Null, "{answer}");
    answer["services"].as_array().unwrap().clone()
}

#[test]
fn what_runs_on_a_host_is_seen_by_the_others_while_it_runs_and_no_longer() {
    let Some(etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana", "ben"], SERVICE);
    team.wt("ana", &["create", "login"]).ok();
    team.wt("ben", &["create", "search"]).ok();
    assert!(running(&team, "ben").is_empty());
    team.wt("ana", &["up", "-w", "feature-login"]).ok();
    until("ben sees ana's service", || running(&team, "ben").iter().any(|row| row["state"] == "ready"));
    let row = running(&team, "ben").remove(0);
    let seen = [&row["worktree"], &row["branch"], &row["service"], &row["own"]];
    assert_eq!(seen, [&json!("feature-login"), &json!("feature/login"), &json!("web"), &json!(false)]);
    assert_eq!(running(&team, "ana")[0]["own"], true);
    team.wt("ben", &["team", "running"]).ok().answers(&["feature-login", "ready"]);
    // A lease ends it, where a machine goes without a word.
    let (_, pair) = etcd.all("/wt/v1/shop/running/").remove(0);
    let lease = etcd.ask("lease/timetolive", &json!({"ID": pair["lease"]}));
    assert_eq!(lease["grantedTTL"], "900", "{lease}");

    // A server of somebody else's shows it, where that was asked for.
    let (sandbox, remote) = (&team.sandbox, team.remote.to_str().unwrap());
    sandbox.git(&sandbox.repo(), &["remote", "add", "origin", remote]);
    sandbox.wt(&["create", "third"]).ok();
    let server = sandbox.serve(&["--team"]);
    let shown = server.get("/api/team");
    assert_eq!((shown.status, &shown.json()["services"][0]["worktree"]), (200, &json!("feature-login")));
    assert_eq!(shown.json()["command"], "team running");
    assert!(server.get("/").body.contains("<body data-team>"));
    drop(server);
    let server = sandbox.serve(&[]);
    let refused = server.get("/api/team");
    assert_eq!((refused.status, refused.code()), (403, "not_allowed".to_owned()));
    drop(server);

    team.wt("ana", &["down", "-w", "feature-login"]).ok();
    until("its row goes", || running(&team, "ben").is_empty());
    assert_eq!(etcd.branches(), ["feature/login", "feature/search", "feature/third"], "and no claim with it");
}

#[test]
fn a_killed_supervisor_leaves_no_row_that_says_it_runs_and_an_etcd_that_is_away_is_named() {
    let Some(mut etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana", "ben"], SERVICE);
    team.wt("ana", &["create", "login"]).ok();
    team.wt("ana", &["up", "-w", "feature-login"]).ok();
    until("it is seen", || running(&team, "ben").iter().any(|row| row["state"] == "ready"));
    let status = team.json("ana", &["status", "-w", "feature-login"]);
    let pid = |value: &Value| Pid::from_raw(i32::try_from(value.as_i64().unwrap()).unwrap()).unwrap();
    for process in [&status["supervisor"], &status["services"][0]["pid"]] {
        kill_process(pid(process), Signal::KILL).unwrap();
    }
    until("both are gone", || {
        let now = team.json("ana", &["team", "running"]);
        team.wt("ana", &["monitor", "--once"]);
        now["services"].as_array().unwrap().iter().all(|row| row["state"] == "failed")
    });

    // etcd is gone: looking says so, and nothing else waits for it.
    etcd.members[0].kill();
    team.sandbox.configure(&etcd.settings(SERVICE).replace("20s", "500ms"));
    team.wt("ben", &["--json", "team", "running"]).exits(1).error("claims_unreachable");
    let all = team.json("ben", &["team", "running", "--all"]);
    assert!(all["warnings"][0].as_str().unwrap().contains(&etcd.members[0].url), "{all}");
    team.wt("ana", &["up", "-w", "feature-login"]).ok();
    team.wt("ana", &["down", "-w", "feature-login"]).ok();
    // Where no etcd has the claims nobody shows what runs.
    fs::write(team.sandbox.config_file(), "").unwrap();
    let none = team.json("ben", &["team", "running"]);
    assert!(
        none["services"] == json!([]) && none["warnings"][0].as_str().unwrap().contains("etcd"),
        "{none}"
    );
}
