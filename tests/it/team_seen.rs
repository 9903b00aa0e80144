//! Who is seen live: a monitor beats for its host, and whoever watches the team is told what changes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::child::Child;
use crate::support::team::Team;
use crate::support::wait;

/// The commit by which the one host is seen.
fn entry(team: &Team) -> String {
    team.sandbox.git(&team.remote, &["for-each-ref", "--format=%(objectname)", "refs/wt/hosts"])
}

/// Has ana's last sign of life be old.
fn age(team: &Team) {
    let books = team.sandbox.path("ana/state/wt/claims");
    let last = fs::read_dir(books).unwrap().next().unwrap().unwrap().path().join("host.json");
    let mut words: Value = serde_json::from_slice(&fs::read(&last).unwrap()).unwrap();
    words["at"] = json!("2026-01-01T00:00:00Z");
    fs::write(last, words.to_string()).unwrap();
}

#[test]
fn a_monitor_has_its_host_seen_live_and_no_more_often_than_is_due() {
    let team = Team::new(&["ana", "ben"]);
    team.wt("ana", &["create", "login"]).ok();
    let (entry, age) = (|| entry(&team), || age(&team));
    let claimed = entry();
    team.wt("ana", &["monitor", "--once"]).ok();
    assert_eq!(entry(), claimed, "it was seen just now");
    age();
    team.wt("ana", &["monitor", "--once"]).ok();
    let beaten = entry();
    assert_ne!(beaten, claimed);
    team.wt("ana", &["monitor", "--once"]).ok();
    assert_eq!(entry(), beaten);
    // Nobody who only looks beats, and a remote that is away keeps no monitor from its work.
    age();
    for looks in [&["list"][..], &["validate"], &["path", "feature-login"]] {
        team.wt("ana", looks).ok();
    }
    assert_eq!(entry(), beaten);
    fs::rename(&team.remote, team.sandbox.path("away.git")).unwrap();
    team.wt("ana", &["monitor", "--once"]).ok();
    fs::rename(team.sandbox.path("away.git"), &team.remote).unwrap();
    assert_eq!(team.json("ben", &["team"])["hosts"][0]["branches"], 1);
}

#[test]
fn while_services_run_their_host_is_seen_live() {
    let team = Team::new(&["ana"]);
    let service = "[service.idle]\nrun = \"sleep 600\"\nlistens = false\n";
    team.sandbox.configure(&format!("[team]\nclaims = \"git\"\ntimeout = \"20s\"\n{service}"));
    team.wt("ana", &["create", "login"]).ok();
    let claimed = entry(&team);
    age(&team);
    team.wt("ana", &["up", "-w", "feature-login"]).ok();
    wait::until("the supervisor has its host seen", || entry(&team) != claimed);
    team.wt("ana", &["down", "-w", "feature-login"]).ok();
}

#[test]
fn whoever_watches_the_team_is_told_what_changes_until_ctrl_c() {
    let team = Team::new(&["ana", "ben"]);
    let mut command = team.command("ben", &["--json", "team", "--watch"]);
    command.env("WT_MONITOR_INTERVAL", "1s").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Child(command.spawn().unwrap());
    let stdout = child.0.stdout.take().unwrap();
    let mut answers = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
    assert_eq!(answers.next().unwrap().unwrap()["branches"], json!([]));
    team.wt("ana", &["create", "login"]).ok();
    let second = answers.next().unwrap().unwrap();
    assert_eq!(second["branches"][0]["branch"], "feature/login");
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(answers.next().unwrap().unwrap()["branches"], json!([]));
    // A claim that is lost changes nothing of who has what, and is told all the same.
    team.wt("ana", &["create", "search"]).ok();
    assert_eq!(answers.next().unwrap().unwrap()["branches"][0]["branch"], "feature/search");
    let mut offline = team.command("ben", &["create", "search"]);
    offline.env("WT_TEAM_OFFLINE", "allow").env("WT_TEAM_TIMEOUT", "1ms");
    assert!(offline.output().unwrap().status.success());
    let mut told = BufReader::new(child.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.any(|line| line.contains("feature/search") && line.contains("claimed")));
    kill_process(Pid::from_child(&child.0), Signal::INT).unwrap();
    assert_eq!(wait::end_of(&mut child.0).code(), Some(130));
}
