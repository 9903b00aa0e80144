//! Ports are claimed on the remote too, where the scope says so: no two machines have one number.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::team::Team;

fn team_of(clones: &[&str], scope: &str) -> Team {
    let team = Team::new(clones);
    team.sandbox.configure(&format!("[team]\nclaims = \"git\"\ntimeout = \"60s\"\nscope = {scope}\n"));
    team
}

fn port(created: &Value) -> u64 {
    created["worktree"]["ports"][0]["port"].as_u64().unwrap()
}

/// The ports that are claimed on the remote.
fn claimed(team: &Team) -> Vec<u64> {
    let of_port = |name: &String| name.strip_prefix("refs/wt/claims/port/")?.parse().ok();
    team.refs().iter().filter_map(of_port).collect()
}

#[test]
fn ports_are_unique_over_machines_where_the_scope_says_so() {
    let team = team_of(&["ana", "ben"], r#"["branch", "number", "port"]"#);
    let number = |index| u64::from(team.sandbox.port(index));
    assert_eq!(port(&team.json("ana", &["create", "login", "--ports"])), number(0));
    assert_eq!(claimed(&team), [number(0)]);
    assert_eq!(port(&team.json("ben", &["create", "search", "--ports"])), number(1), "the next candidate");
    let first = number(0).to_string();
    let wish =
        ["--json", "ports", "allocate", "--worktree", "feature-search", "--service", "api", "--port", &first];
    let error = team.wt("ben", &wish).exits(1).error("port_conflict");
    assert!(error["message"].as_str().unwrap().contains("feature-login"), "{error}");
    let rows = team.json("ben", &["team"])["ports"].clone();
    let rows: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (row["port"].clone(), row["own"].clone())).collect();
    assert_eq!(rows, [(json!(number(0)), json!(false)), (json!(number(1)), json!(true))]);
    team.wt("ben", &["validate"]).ok();

    // Given back, it is anybody's; restored, another one is taken where it is somebody's by then.
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(claimed(&team), [number(1)]);
    assert_eq!(port(&team.json("ben", &["create", "third", "--ports"])), number(0));
    let restored = team.json("ana", &["restore", "feature-login"]);
    assert_eq!(port(&restored), number(2));
    assert_eq!(claimed(&team), [number(0), number(1), number(2)]);
    // Given back by hand it is missing, and a mend takes it again.
    team.wt("ana", &["team", "release", &format!("port {}", number(2))]).ok();
    let found = team.wt("ana", &["--json", "validate", "--fix"]).json();
    assert_eq!(
        (&found["findings"][0]["code"], &found["findings"][0]["fixed"]),
        (&json!("claim-missing"), &json!(true))
    );
    assert_eq!(claimed(&team), [number(0), number(1), number(2)]);
    // With numbers alone a name is nobody's.
    let settings = "[team]\nclaims = \"git\"\ntimeout = \"60s\"\nscope = [\"number\"]\n";
    team.sandbox.configure(settings);
    team.wt("ana", &["create", "fourth"]).ok();
    assert_eq!(team.json("ana", &["create"])["worktree"]["name"], "feature-1");
    assert_eq!(team.json("ben", &["create"])["worktree"]["name"], "feature-2");
    assert!(!team.claims().iter().any(|name| name.contains("fourth")));
}

#[test]
fn creates_of_four_machines_at_once_share_no_port() {
    let clones = ["ana", "ben", "cem", "dora"];
    let team = team_of(&clones, r#"["port"]"#);
    let children: Vec<_> = clones
        .iter()
        .map(|clone| {
            let mut command = team.command(clone, &["--json", "create", clone, "--ports"]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut ports = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{answer}");
        ports.push(port(&answer));
    }
    ports.sort_unstable();
    assert_eq!(claimed(&team), ports, "each has one of its own, and no more is claimed");
}
