//! `wt ports list`, `available`, `next`, `conflicts`, `exclude` and `include`.

use std::fs;

use serde_json::json;

use super::support::terminal::Terminal;
use super::support::{Sandbox, skip};

#[test]
fn the_list_shows_ports_by_worktree_and_how_full_ranges_are() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let answer = sandbox.json(&["ports", "list"]);
    let port = &answer["worktrees"][0]["ports"][0];
    assert_eq!(
        (&port["port"], &port["service"], &port["verdict"]),
        (&json!(sandbox.port(0)), &json!("web"), &json!("allocated"))
    );
    let range = &answer["ranges"][0];
    assert_eq!(
        (&range["purpose"], &range["first"], &range["used"]),
        (&json!("feature"), &json!(sandbox.port(0)), &json!(1))
    );
    let (name, range) = ("feature-login", sandbox.feature_range());
    let bare = sandbox.wt(&["ports"]).ok().answers(&[name, &format!("feature {range}: 1 of ")]);
    assert_eq!(bare.stdout, sandbox.wt(&["ports", "list"]).ok().stdout);
    assert!(sandbox.json(&["ports", "list", "--service", "api"])["worktrees"].as_array().unwrap().is_empty());
    assert!(
        sandbox.json(&["ports", "list", "--purpose", "bugfix"])["worktrees"].as_array().unwrap().is_empty()
    );
    sandbox.refused(&["ports", "list", "--worktree", "nobody"], "not_found");
    let outside = sandbox.path("home");
    assert_eq!(
        sandbox.json_in(&outside, &["ports", "list", "--all"])["worktrees"].as_array().unwrap().len(),
        1
    );
    sandbox.refused_in(&outside, &["ports", "list"], "not_a_repository");
}

#[test]
fn what_is_free_is_compressed_and_next_is_what_create_takes() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let excluded = sandbox.port(3).to_string();
    sandbox.wt(&["ports", "exclude", &excluded, "--reason", "x"]).ok();
    let (first, last) = (sandbox.port(0), sandbox.port(sandbox.feature_count() - 1));
    let free = sandbox.wt(&["ports", "available", "--purpose", "feature"]).ok();
    assert_eq!(free.stdout.trim(), format!("{}-{}, {}-{last}", first + 1, first + 2, first + 4));
    let next = sandbox.wt(&["ports", "next"]).ok().stdout;
    assert_eq!(next.trim(), (first + 1).to_string());
    sandbox.wt(&["create", "pay", "--ports"]).ok();
    assert_eq!(
        sandbox.json(&["ports", "list", "--worktree", "pay"])["worktrees"][0]["ports"][0]["port"],
        first + 1
    );
}

#[test]
fn exclusions_are_the_same_twice_and_split_when_their_middle_is_included() {
    let sandbox = Sandbox::new();
    let range = |from, to| format!("{}-{}", sandbox.port(from), sandbox.port(to));
    let whole = range(0, 5);
    assert_eq!(sandbox.json(&["ports", "exclude", &whole, "--reason", "x"])["changed"], true);
    assert_eq!(sandbox.json(&["ports", "exclude", &whole, "--reason", "x"])["changed"], false);
    assert_eq!(sandbox.json(&["ports", "include", &range(2, 3)])["changed"], true);
    assert_eq!(sandbox.json(&["ports", "include", &range(2, 3)])["changed"], false);
    let left = sandbox.registry()["exclusions"].as_array().unwrap().len();
    assert_eq!(left, 2);
    assert_eq!(sandbox.json(&["ports", "next"])["next"], sandbox.port(2));
    sandbox.refused(&["ports", "include", "6000"], "port_excluded");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["ports", "exclude", &range(2, 2), "--reason", "y"]).ok().says(&["keeps it"]);
}

#[test]
fn the_three_kinds_have_headings_totals_and_commands_to_copy() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "pay", "--ports"]).ok();
    let idle = sandbox.wt(&["ports", "conflicts"]).ok();
    let idle = idle.answers(&["ALLOCATION MISMATCH", "Total conflicts: 0", "Total mismatches: 2"]);
    assert!(!idle.stdout.contains("SYSTEM"), "{}", idle.shown());
    assert!(sandbox.living()[0]["allocations"][0]["health"].is_null(), "a look records nothing");
    let (first, second, free) = (sandbox.port(0), sandbox.port(1), sandbox.port(5));
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[first, free]) else {
        return skip("no python3");
    };
    let held = sandbox.wt(&["ports", "conflicts"]).exits(1);
    held.answers(&[
        "SYSTEM CONFLICT",
        "wt ports resolve",
        "[low]",
        "Total conflicts: 1 (and 1 of level low",
        "pid ",
    ]);
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        entry["allocations"][0]["port"] = json!(second);
    }
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
    let doubled = sandbox.wt(&["ports", "conflicts"]).exits(1);
    doubled.answers(&["REGISTRY CONFLICT", "keeps it, since it is the older one", "Summary"]);
}

#[test]
fn a_stranger_on_a_port_that_nobody_has_changes_no_exit_code() {
    let sandbox = Sandbox::new();
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "::1", &[sandbox.port(2)]) else {
        return skip("no python3 or no IPv6");
    };
    let answer = sandbox.json(&["ports", "conflicts"]);
    let row = &answer["conflicts"][0];
    assert_eq!(
        (&row["kind"], &row["level"], &row["verdict"]),
        (&json!("system"), &json!("low"), &json!("stranger"))
    );
    assert_eq!(answer["summary"]["conflicts"], 0);
}

#[test]
fn people_read_sentences_and_programs_words() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(_own) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(1)])
    else {
        return;
    };
    sandbox.wt(&["health"]);
    let screen = |arguments: &[&str]| {
        let mut command = sandbox.command(&sandbox.repo(), arguments);
        command.env("NO_COLOR", "1");
        Terminal::sized(command, 40, 240).finish().1
    };
    let scan = screen(&["ports", "scan"]);
    assert!(scan.contains("own server") && !scan.contains("own_listener"), "{scan}");
    assert!(sandbox.wt(&["ports", "scan"]).ok().stdout.contains("\town_listener\t"));
    let list = screen(&["ports", "list"]);
    let line = |service: &str| list.lines().find(|line| line.contains(service)).unwrap_or_default();
    assert!(
        line("web ").contains(&format!("http://localhost:{}  own server, last ", sandbox.port(0))),
        "{list}"
    );
    assert!(line("web ").contains(" (just now)"), "{list}");
    assert!(
        line("api ").contains(&format!("http://localhost:{}  stranger: held by ", sandbox.port(1))),
        "{list}"
    );
}
