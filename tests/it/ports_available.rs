//! `wt ports available` and `wt ports next`: what is free by registry and machine, and what would be given next.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::support::Sandbox;
use super::support::terminal::Terminal;

fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

fn feature(sandbox: &Sandbox) -> Value {
    sandbox.json(&["ports", "available", "--purpose", "feature"])["ranges"][0].clone()
}

fn pair(first: u16, last: u16) -> Value {
    json!({"first": first, "last": last})
}

#[test]
fn free_ports_are_written_as_ranges_without_what_is_taken_excluded_or_held() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    sandbox.wt(&["ports", "exclude", &sandbox.port(4).to_string(), "-r", "x"]).ok();
    let _held = listen(sandbox.port(7));
    let range = feature(&sandbox);
    let last = sandbox.port(sandbox.feature_count() - 1);
    let free = json!([
        pair(sandbox.port(2), sandbox.port(3)),
        pair(sandbox.port(5), sandbox.port(6)),
        pair(sandbox.port(8), last)
    ]);
    assert_eq!(range["ranges"], free);
    assert_eq!((&range["used"], &range["excluded"]), (&json!(2), &json!(1)));
    assert_eq!(range["free"], sandbox.feature_count() - 4);
    assert_eq!(range["next"], sandbox.port(2));
    let run = sandbox.wt(&["ports", "available", "-p", "feature"]).ok();
    let ranges = format!(
        "{}-{}, {}-{}, {}-{last}",
        sandbox.port(2),
        sandbox.port(3),
        sandbox.port(5),
        sandbox.port(6),
        sandbox.port(8)
    );
    assert_eq!(run.stdout, format!("{ranges}\n"));
    sandbox
        .wt(&["ports", "available"])
        .ok()
        .answers(&[&format!("feature\t{}\t{ranges}\n", sandbox.feature_range())]);
}

#[test]
fn without_a_word_every_range_is_shown() {
    let sandbox = Sandbox::new();
    let own = format!("{}-{}", sandbox.port(4), sandbox.port(6));
    sandbox.configure(&format!("[service.db]\nports = \"{own}\"\n"));
    let answer = sandbox.json(&["ports", "available"]);
    let ranges = answer["ranges"].as_array().unwrap();
    let named: Vec<&Value> =
        ranges.iter().map(|range| range.get("purpose").unwrap_or(&range["service"])).collect();
    for name in ["feature", "bugfix", "experiment", "db"] {
        assert!(named.contains(&&json!(name)), "{answer}");
    }
    let db = &sandbox.json(&["ports", "available", "--service", "db"])["ranges"];
    assert_eq!(db[0]["ranges"], json!([pair(sandbox.port(4), sandbox.port(6))]));
    assert_eq!(feature(&sandbox)["ranges"][0], pair(sandbox.port(0), sandbox.port(3)), "carved out");
}

#[test]
fn next_is_the_port_that_a_create_then_gets() {
    let sandbox = Sandbox::new();
    for (index, name) in (0..).zip(["one", "two", "three"]) {
        let next = sandbox.json(&["ports", "next"]);
        assert_eq!((&next["purpose"], &next["next"]), (&json!("feature"), &json!(sandbox.port(index))));
        let created = sandbox.json(&["create", name, "--ports"]);
        assert_eq!(created["worktree"]["ports"][0]["port"], next["next"]);
    }
    assert_eq!(sandbox.wt(&["ports", "next"]).ok().stdout, format!("{}\n", sandbox.port(3)));
    let bugfix = sandbox.json(&["ports", "next", "--purpose", "bugfix"]);
    assert_eq!(bugfix["next"], sandbox.ports.first + sandbox.feature_count());
}

#[test]
fn next_meets_the_conflict_that_a_create_would_meet() {
    let mut sandbox = Sandbox::new();
    let _held = listen(sandbox.port(0));
    let error = sandbox.refused(&["ports", "next"], "port_conflict");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Port conflict detected in feature range"), "{error}");
    assert_eq!(feature(&sandbox)["next"], Value::Null);
    sandbox.set("WT_PORTS_CONFLICT_POLICY", "retry");
    assert_eq!(sandbox.json(&["ports", "next"])["next"], sandbox.port(1));
    assert_eq!(feature(&sandbox)["next"], sandbox.port(1));
}

#[test]
fn a_full_range_has_no_next() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--purpose", "hotfix", "--ports"]).ok();
    sandbox.refused(&["ports", "next", "--purpose", "hotfix"], "range_exhausted");
    let range =
        &sandbox.wt(&["--json", "ports", "available", "--purpose", "hotfix"]).exits(1).json()["ranges"][0];
    assert_eq!((&range["ranges"], &range["next"], &range["free"]), (&json!([]), &Value::Null, &json!(0)));
}

#[test]
fn a_purpose_without_ports_or_none_at_all_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    for word in ["next", "available"] {
        sandbox.refused(&["ports", word, "--purpose", "docs"], "usage");
        let error = sandbox.refused(&["ports", word, "--purpose", "featur"], "usage");
        assert!(error["hint"].as_str().unwrap().contains("feature"), "{error}");
        sandbox.refused(&["ports", word, "--service", "Web"], "usage");
    }
}

#[test]
fn no_range_is_cut_off_on_a_narrow_terminal() {
    let sandbox = Sandbox::new();
    for index in [1, 3, 5, 7] {
        sandbox.wt(&["ports", "exclude", &sandbox.port(index).to_string(), "-r", "x"]).ok();
    }
    let (status, screen) =
        Terminal::start(sandbox.command(&sandbox.repo(), &["ports", "available"])).finish();
    assert_eq!(status, 0);
    assert!(screen.contains(&format!("{}, {}, ", sandbox.port(4), sandbox.port(6))), "{screen}");
    assert!(!screen.contains('…'), "{screen}");
}

#[test]
fn next_tells_which_ports_others_were_met_on_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let ports = [sandbox.port(0), sandbox.port(1)];
    let Some(_holder) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &ports) else { return };
    sandbox.wt(&["create", "one", "--ports"]).exits(1);
    sandbox.wt(&["create", "one", "--ports", "--on-conflict", "retry"]).ok();
    let next = ["ports", "next", "--purpose", "feature"];
    sandbox.configure("[ports.conflict]\npolicy = \"retry\"\n");
    assert!(sandbox.json(&next)["held"].is_null());
    let likely = [&next[..], &["--likely"]].concat();
    let answer = sandbox.json(&likely);
    assert_eq!(answer["next"], sandbox.port(3), "it changes nothing of the choice: {answer}");
    let held = answer["held"].as_array().unwrap();
    assert_eq!(
        (&held[0]["port"], &held[0]["times"], &held[0]["days"]),
        (&ports[0].into(), &2.into(), &1.into())
    );
    assert!(held[0]["by"][0].as_str().unwrap().starts_with("python3"), "{answer}");
    let text = sandbox.wt(&likely).ok().stdout;
    assert!(text.contains(&format!("\n{}: held 2 times on 1 day, by python3", ports[0])), "{text}");
}
