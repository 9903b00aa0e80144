//! `wt ports exclude` and `wt ports include`: what is never given out, and why.

use serde_json::json;

use super::support::Sandbox;

fn exclusions(sandbox: &Sandbox) -> Vec<(u64, u64, String)> {
    let registry = sandbox.registry();
    let all = registry["exclusions"].as_array().cloned().unwrap_or_default();
    let as_row = |row: &serde_json::Value| {
        (
            row["first"].as_u64().unwrap(),
            row["last"].as_u64().unwrap(),
            row["reason"].as_str().unwrap().to_owned(),
        )
    };
    all.iter().map(as_row).collect()
}

#[test]
fn an_excluded_port_is_given_to_nobody_until_it_is_included() {
    let sandbox = Sandbox::new();
    let range = format!("{}-{}", sandbox.port(0), sandbox.port(1));
    let answer = sandbox.json(&["ports", "exclude", &range, "--reason", "the printer"]);
    assert_eq!((&answer["changed"], &answer["first"]), (&json!(true), &json!(sandbox.port(0))));
    let created = sandbox.json(&["create", "one", "--ports"]);
    assert_eq!(created["worktree"]["ports"][0]["port"], sandbox.port(2));
    sandbox.wt(&["ports", "include", &range]).ok();
    let created = sandbox.json(&["create", "two", "--ports"]);
    assert_eq!(created["worktree"]["ports"][0]["port"], sandbox.port(0));
    let names: Vec<_> = sandbox.events().iter().map(|event| event["event"].clone()).collect();
    assert!(names.contains(&json!("port_excluded")) && names.contains(&json!("port_included")));
}

#[test]
fn excluding_again_changes_nothing_and_a_new_reason_is_the_reason() {
    let sandbox = Sandbox::without_repository();
    let home = sandbox.path("home");
    sandbox.wt_in(&home, &["ports", "exclude", "5050-5059", "--reason", "the printer"]).ok();
    let before = sandbox.snapshot();
    let again = sandbox.wt_in(&home, &["ports", "exclude", "5050-5059", "--reason", " the printer "]).ok();
    sandbox.assert_unchanged(&before, &again);
    again.says(&["excluded already"]);
    sandbox.wt_in(&home, &["ports", "exclude", "5050-5059", "--reason", "the scanner"]).ok();
    assert_eq!(exclusions(&sandbox), [(5050, 5059, "the scanner".to_owned())]);
}

#[test]
fn including_a_part_leaves_the_rest() {
    let sandbox = Sandbox::without_repository();
    let home = sandbox.path("home");
    sandbox.wt_in(&home, &["ports", "exclude", "5050-5058", "--reason", "the printer"]).ok();
    sandbox.wt_in(&home, &["ports", "include", "5052-5053"]).ok();
    let reason = || "the printer".to_owned();
    assert_eq!(exclusions(&sandbox), [(5050, 5051, reason()), (5054, 5058, reason())]);
    let before = sandbox.snapshot();
    let again = sandbox.wt_in(&home, &["ports", "include", "5052"]).ok();
    sandbox.assert_unchanged(&before, &again);
    again.says(&["was not excluded"]);
    sandbox.wt_in(&home, &["ports", "include", "5000-5059"]).ok();
    assert_eq!(exclusions(&sandbox), []);
}

#[test]
fn excluding_what_is_allocated_names_it_and_takes_nothing_away() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0).to_string();
    let run = sandbox.wt(&["ports", "exclude", &port, "-r", "the printer"]).ok();
    run.says(&[&format!("`feature-login` has port {port} and keeps it"), "wt ports release"]);
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
    let answer = sandbox.json(&["ports", "exclude", &port, "-r", "the printer"]);
    assert!(answer["warnings"][0].as_str().unwrap().contains("feature-login"), "{answer}");
}

#[test]
fn what_is_built_in_or_configured_is_not_a_records_to_include() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(3);
    sandbox.configure(&format!("[ports]\nexclude = [{{ ports = {port}, reason = \"the tunnel\" }}]\n"));
    let error = sandbox.refused(&["ports", "include", "5060"], "port_excluded");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("built in") && message.contains("browsers"), "{error}");
    let error = sandbox.refused(&["ports", "include", &port.to_string()], "port_excluded");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("config.toml:") && message.contains("the tunnel"), "{error}");
    // What can be included is; the rest is said.
    sandbox.wt(&["ports", "exclude", "5055-5065", "-r", "x"]).ok();
    sandbox.wt(&["ports", "include", "5055-5065"]).ok().says(&["warning: 5060-5061"]);
    assert_eq!(exclusions(&sandbox), []);
}

#[test]
fn what_is_no_range_of_ports_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    for (bad, meant) in [
        ("0", "1-65535"),
        ("70000", "1-65535"),
        ("abc", "not a port number"),
        ("5059-5050", "inverted"),
        ("5050-", "not a port number"),
        ("", ""),
    ] {
        let error = sandbox.refused(&["ports", "exclude", bad, "--reason", "x"], "usage");
        assert!(error["message"].as_str().unwrap().contains(meant), "{error}");
        sandbox.refused(&["ports", "include", bad], "usage");
    }
    sandbox.refused(&["ports", "exclude", "5050"], "usage");
    sandbox.refused(&["ports", "exclude", "5050", "--reason", "  "], "usage");
}
