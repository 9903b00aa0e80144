//! Commands about trust, hooks, agents, teams, and whatever else is written down.

use serde_json::Value;

use super::run::Outcome;
use super::scenario::{
    EVERYBODY, PLAIN, Scenario, all_or_nothing, find_login, has_one_port, has_ports, is_done, is_removed,
};
use super::situations as from;
use crate::support::Sandbox;

/// What an agent's program says of its session.
const ASKED: &str = "{\"session_id\":\"s\",\"cwd\":\"@ROOT@proj/.claude/worktrees/calm-fox\",\"hook_event_name\":\"SessionStart\"}";

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "trust",
        make: from::with_untrusted,
        arguments: &["trust", "--yes"],
        next: &["trust", "--yes"],
        ends: |sandbox, _| drop(sandbox.wt(&["trust", "--status"]).ok()),
        ..PLAIN
    },
    Scenario {
        name: "hooks install",
        make: from::with_foreign_hook,
        arguments: &["hooks", "install"],
        next: &["hooks", "install"],
        ends: |sandbox, outcome| {
            sandbox.wt(&["hooks", "uninstall"]).ok();
            is_foreign(sandbox, outcome);
        },
        ..PLAIN
    },
    Scenario {
        name: "hooks uninstall",
        make: from::with_hooks,
        arguments: &["hooks", "uninstall"],
        next: &["hooks", "uninstall"],
        ends: is_foreign,
        ..PLAIN
    },
    Scenario {
        name: "agent enter",
        make: from::with_agents,
        folder: "proj/.claude/worktrees/calm-fox",
        arguments: &["agent", "enter"],
        input: Some(ASKED),
        next: &["adopt"],
        ..PLAIN
    },
    Scenario {
        name: "agent install",
        arguments: &["agent", "install", "claude", "--user"],
        next: &["agent", "install", "claude", "--user"],
        ..PLAIN
    },
    Scenario {
        name: "create with a claim",
        make: from::with_claims,
        arguments: &["create", "login", "--ports"],
        roles: EVERYBODY,
        ends: |sandbox, outcome| {
            all_or_nothing(sandbox, outcome);
            sandbox.wt(&["remove", "login", "--force"]);
        },
        ..PLAIN
    },
    Scenario {
        name: "trust --revoke",
        make: from::with_setup,
        arguments: &["trust", "--revoke"],
        ends: |sandbox, outcome| is_done(outcome, sandbox.wt(&["trust", "--status"]).status != 0),
        ..PLAIN
    },
    Scenario {
        name: "hook post-checkout",
        make: from::with_unrecorded,
        folder: "proj.worktrees/feature-login",
        arguments: &["hook", "post-checkout", "0", "0", "1"],
        next: &["adopt", "--ports"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "agent state",
        make: from::with_agents,
        folder: "proj/.claude/worktrees/calm-fox",
        arguments: &["agent", "state", "waiting"],
        input: Some(ASKED),
        next: &["adopt"],
        ..PLAIN
    },
    Scenario {
        name: "agent leave",
        make: from::with_session,
        folder: "proj/.claude/worktrees/calm-fox",
        arguments: &["agent", "leave"],
        input: Some(ASKED),
        next: &["adopt"],
        ..PLAIN
    },
    Scenario {
        name: "agent uninstall",
        make: from::with_installed_agent,
        arguments: &["agent", "uninstall", "claude", "--user"],
        next: &["agent", "uninstall", "claude", "--user"],
        ends: |sandbox, outcome| {
            let settings = std::fs::read_to_string(sandbox.path("home/.claude/settings.json"));
            let settings: Value = serde_json::from_str(&settings.unwrap()).unwrap();
            assert_eq!(settings, serde_json::json!({"mine": true}), "{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "team claim",
        make: from::with_claims,
        arguments: &["team", "claim", "feature/login"],
        ends: |sandbox, outcome| {
            is_done(outcome, from::claims(sandbox) == 2);
            sandbox.wt(&["create", "login", "--ports"]).ok();
        },
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "team release",
        make: from::with_claim,
        arguments: &["team", "release", "feature/login"],
        ends: |sandbox, outcome| {
            is_done(outcome, from::claims(sandbox) == 1);
            sandbox.wt(&["create", "login", "--ports"]).ok();
        },
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "remove with a claim",
        make: from::with_claimed_login,
        arguments: &["remove", "login", "--force"],
        ends: is_removed,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "create on a shared host",
        make: from::with_shared_host,
        arguments: &["create", "login", "--ports"],
        ends: |sandbox, outcome| {
            all_or_nothing(sandbox, outcome);
            let shared = sandbox.json(&["team"])["ports"].as_array().unwrap().len();
            assert_eq!(shared, 2, "the shared folder says something else\n{}", outcome.shown());
        },
        needs_root: true,
        ..PLAIN
    },
    Scenario {
        name: "release on a shared host",
        make: || from::login_in(from::with_shared_host()),
        arguments: &["ports", "release", "-w", "login"],
        ends: |sandbox, outcome| {
            has_ports(sandbox, outcome, if outcome.code == Some(0) { &[0] } else { &[0, 1] });
            let given = find_login(sandbox).unwrap()["allocations"].as_array().unwrap().len();
            let shared = sandbox.json(&["team"])["ports"].as_array().unwrap().len();
            assert_eq!(shared, given + 1, "the shared folder says something else\n{}", outcome.shown());
        },
        needs_root: true,
        ..PLAIN
    },
    Scenario {
        name: "team init",
        arguments: &["team", "init", "--shared-host", "@ROOT@claims"],
        next: &["team", "init", "--shared-host", "@ROOT@claims"],
        needs_root: true,
        ..PLAIN
    },
    Scenario {
        name: "team hosts add",
        arguments: &["team", "hosts", "add", "laptop", "ssh://ana@laptop"],
        next: &["team", "hosts", "add", "laptop", "ssh://ana@laptop"],
        ends: |sandbox, _| drop(sandbox.wt(&["team", "hosts"]).ok().answers(&["laptop"])),
        ..PLAIN
    },
    Scenario {
        name: "init",
        make: from::with_procfile,
        arguments: &["init"],
        after: |sandbox, outcome| {
            let written = sandbox.repo().join(".wt.toml");
            let text = std::fs::read_to_string(&written).unwrap_or_default();
            is_done(outcome, text.contains("[service.web]"));
            assert!(text.is_empty() || text.contains("[service.web]"), "{text}\n{}", outcome.shown());
            let _ = std::fs::remove_file(written);
        },
        ..PLAIN
    },
    Scenario {
        name: "config export",
        arguments: &["config", "export", "@ROOT@home/settings.toml"],
        ends: |sandbox, outcome| {
            let text = std::fs::read_to_string(sandbox.path("home/settings.toml")).unwrap_or_default();
            is_done(outcome, !text.is_empty());
            assert!(text.is_empty() || text.ends_with('\n'), "{text}\n{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "report --html",
        arguments: &["report", "--html", "@ROOT@home/report.html"],
        ends: |sandbox, outcome| {
            let text = std::fs::read_to_string(sandbox.path("home/report.html")).unwrap_or_default();
            is_done(outcome, !text.is_empty());
            assert!(text.is_empty() || text.trim_end().ends_with("</html>"), "{text}\n{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario { name: "health", arguments: &["health"], ends: has_one_port, ..PLAIN },
    Scenario {
        name: "health --install-timer",
        arguments: &["health", "--install-timer"],
        next: &["health", "--install-timer"],
        ends: |sandbox, _| drop(sandbox.wt(&["health", "--uninstall-timer"]).ok()),
        ..PLAIN
    },
    Scenario { name: "monitor --once", arguments: &["monitor", "--once"], ends: has_one_port, ..PLAIN },
    Scenario {
        name: "monitor --install-unit",
        arguments: &["monitor", "--install-unit"],
        next: &["monitor", "--install-unit"],
        ends: |sandbox, _| drop(sandbox.wt(&["monitor", "--uninstall-unit"]).ok()),
        ..PLAIN
    },
    Scenario {
        name: "notify test",
        make: from::with_notices,
        arguments: &["notify", "test"],
        ends: |sandbox, outcome| is_done(outcome, sandbox.path("home/told").exists()),
        ..PLAIN
    },
];

/// The hook that was there first is there again.
fn is_foreign(sandbox: &Sandbox, outcome: &Outcome) {
    let hook = std::fs::read_to_string(sandbox.repo().join(".git/hooks/post-checkout")).unwrap_or_default();
    assert_eq!(hook, "#!/bin/sh\nexit 0\n", "{}", outcome.shown());
}
