//! What is run: from which state, which command, and what must hold afterwards beside what always does.

use serde_json::Value;

use super::calls::Role;
use super::run::Outcome;
use super::situations as from;
use crate::support::Sandbox;

/// One command in one situation.
pub struct Scenario {
    pub name: &'static str,
    /// Makes the situation.
    pub make: fn() -> Sandbox,
    /// Where the command is run, seen from the sandbox.
    pub folder: &'static str,
    pub arguments: &'static [&'static str],
    /// What it reads; `@ROOT@` stands for the sandbox.
    pub input: Option<&'static str>,
    /// The plain command that comes next, and heals.
    pub next: &'static [&'static str],
    /// Whether its files are still to be had afterwards.
    pub keeps_login: bool,
    /// Whether services run on when the command has ended.
    pub leaves_services: bool,
    pub roles: &'static [Role],
    pub ends: fn(&Sandbox, &Outcome),
}

const PLAIN: Scenario = Scenario {
    name: "",
    make: from::with_login,
    folder: "proj",
    arguments: &[],
    input: None,
    next: &["list"],
    keeps_login: true,
    leaves_services: false,
    roles: &[Role::Everyone],
    ends: |_, _| (),
};

/// Every scenario.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "create",
        make: from::with_bystander,
        arguments: &["create", "login", "--ports"],
        ends: all_or_nothing,
        ..PLAIN
    },
    Scenario { name: "remove", arguments: &["remove", "login", "--force"], ends: is_removed, ..PLAIN },
    Scenario {
        name: "restore",
        make: from::with_removed,
        arguments: &["restore", "feature-login"],
        ends: |sandbox, outcome| {
            has_one_port(sandbox, outcome);
            let status = sandbox.status(&sandbox.worktree("feature-login"));
            assert_eq!(status, " M src/main.txt\nA  staged.txt\n?? precious.txt", "{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "create by two writers",
        make: from::with_many_files,
        arguments: &["create", "login", "--ports"],
        ends: all_or_nothing,
        ..PLAIN
    },
    Scenario {
        name: "rename",
        arguments: &["rename", "login", "signup"],
        roles: &[Role::Main, Role::Everyone],
        ends: is_renamed,
        ..PLAIN
    },
    Scenario {
        name: "adopt",
        make: from::with_unrecorded,
        arguments: &["adopt", "--ports"],
        next: &["adopt", "--ports"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "prune",
        make: from::with_vanished,
        arguments: &["prune"],
        next: &["prune"],
        ends: is_gone,
        ..PLAIN
    },
    Scenario {
        name: "prune --merged",
        make: from::with_merged,
        arguments: &["prune", "--merged", "--min-age", "0s", "--yes"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "validate --fix",
        make: from::with_disorder,
        arguments: &["validate", "--fix"],
        next: &["validate", "--fix"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "allocate",
        arguments: &["ports", "allocate", "-w", "login", "-s", "api"],
        ends: |sandbox, outcome| {
            has_ports(sandbox, outcome, if outcome.code == Some(0) { &[2] } else { &[1, 2] });
        },
        ..PLAIN
    },
    Scenario {
        name: "release",
        arguments: &["ports", "release", "-w", "login"],
        ends: |sandbox, outcome| {
            has_ports(sandbox, outcome, if outcome.code == Some(0) { &[0] } else { &[0, 1] });
        },
        ..PLAIN
    },
    Scenario {
        name: "resolve",
        make: from::with_stranger,
        arguments: &["ports", "resolve", "--strategy", "conservative"],
        next: &["ports", "resolve", "--strategy", "conservative"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "env",
        make: from::with_broken_env,
        arguments: &["env", "login"],
        next: &["env", "login"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "carry",
        make: from::with_newer_sources,
        arguments: &["carry", "login"],
        next: &["carry", "login"],
        ends: |sandbox, outcome| {
            let folder = sandbox.worktree("feature-login");
            let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap_or_default();
            let found = [read(".secret"), read("cache/one"), read("cache/two")];
            assert_eq!(found, ["another\n", "1", "2"], "{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "clean",
        make: from::with_caches,
        arguments: &["clean", "login", "--yes"],
        next: &["clean", "login", "--yes"],
        ends: |sandbox, outcome| {
            assert!(!sandbox.worktree("feature-login/node_modules").exists(), "{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "setup",
        make: from::with_setup,
        arguments: &["setup", "login"],
        roles: &[Role::Main, Role::Everyone],
        next: &["setup", "login"],
        ends: |sandbox, outcome| {
            let (one, two) = (sandbox.path("proj.worktrees/one"), sandbox.path("proj.worktrees/two"));
            assert!(one.exists() && two.exists(), "{}", outcome.shown());
            let entry = find_login(sandbox).unwrap();
            assert_eq!(entry["setup"]["state"], "done", "{entry:#}\n{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "trust",
        make: from::with_untrusted,
        arguments: &["trust", "--yes"],
        next: &["trust", "--yes"],
        ends: |sandbox, _| drop(sandbox.wt(&["trust", "--status"]).ok()),
        ..PLAIN
    },
    Scenario {
        name: "sweep",
        make: from::with_spent_trash,
        arguments: &["sweep"],
        keeps_login: false,
        next: &["sweep"],
        ends: is_gone,
        ..PLAIN
    },
    Scenario {
        name: "hooks install",
        make: from::with_foreign_hook,
        arguments: &["hooks", "install"],
        next: &["hooks", "install"],
        ends: |sandbox, _| drop(sandbox.wt(&["hooks", "status"]).ok()),
        ..PLAIN
    },
    Scenario {
        name: "hooks uninstall",
        make: from::with_hooks,
        arguments: &["hooks", "uninstall"],
        next: &["hooks", "uninstall"],
        ends: |sandbox, outcome| {
            let hook =
                std::fs::read_to_string(sandbox.repo().join(".git/hooks/post-checkout")).unwrap_or_default();
            assert_eq!(hook, "#!/bin/sh\nexit 0\n", "{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "agent enter",
        make: from::with_agents,
        folder: "proj/.claude/worktrees/calm-fox",
        arguments: &["agent", "enter"],
        input: Some(
            "{\"session_id\":\"s\",\"cwd\":\"@ROOT@proj/.claude/worktrees/calm-fox\",\"hook_event_name\":\"SessionStart\"}",
        ),
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
        name: "up",
        make: from::with_services,
        arguments: &["up", "-w", "feature-login"],
        leaves_services: true,
        roles: &[Role::Main, Role::Everyone],
        ..PLAIN
    },
    Scenario {
        name: "create with a claim",
        make: from::with_claims,
        arguments: &["create", "login", "--ports"],
        roles: &[Role::Main, Role::Everyone],
        ends: |sandbox, outcome| {
            all_or_nothing(sandbox, outcome);
            sandbox.wt(&["remove", "login", "--force"]);
        },
        ..PLAIN
    },
];

pub fn find_login(sandbox: &Sandbox) -> Option<Value> {
    sandbox.living().into_iter().find(|entry| entry["name"] == "feature-login")
}

/// A create that says that it is done is; one that failed or died left nothing, or all of it.
fn all_or_nothing(sandbox: &Sandbox, outcome: &Outcome) {
    let entry = find_login(sandbox);
    assert!(outcome.code != Some(0) || entry.is_some(), "it said that it is done\n{}", outcome.shown());
    if entry.is_some() {
        has_one_port(sandbox, outcome);
        assert_eq!(sandbox.status(&sandbox.worktree("feature-login")), "", "{}", outcome.shown());
        return;
    }
    assert!(!sandbox.worktree("feature-login").exists(), "{}", outcome.shown());
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"), "{}", outcome.shown());
    let again = sandbox.wt(&["create", "login", "--ports"]);
    assert_eq!(again.status, 0, "{}\n{}", again.shown(), outcome.shown());
}

/// The judge has brought it back by now: the log says whether it had been removed.
fn is_removed(sandbox: &Sandbox, outcome: &Outcome) {
    let events = std::fs::read_to_string(sandbox.state().join("events.jsonl")).unwrap_or_default();
    assert!(outcome.code != Some(0) || events.contains("restored"), "{events}\n{}", outcome.shown());
    has_one_port(sandbox, outcome);
}

fn has_one_port(sandbox: &Sandbox, outcome: &Outcome) {
    has_ports(sandbox, outcome, &[1]);
}

fn has_ports(sandbox: &Sandbox, outcome: &Outcome, counts: &[usize]) {
    let entry = find_login(sandbox).unwrap_or_else(|| panic!("it is gone\n{}", outcome.shown()));
    let count = entry["allocations"].as_array().unwrap().len();
    assert!(counts.contains(&count), "{count} ports: {entry:#}\n{}", outcome.shown());
}

/// It has its old name or its new one, and the new one where it was said that it has.
fn is_renamed(sandbox: &Sandbox, outcome: &Outcome) {
    let is_old = find_login(sandbox).is_some();
    let (branch, other) = if is_old { ("login", "signup") } else { ("signup", "login") };
    assert!(outcome.code != Some(0) || !is_old, "{}", outcome.shown());
    assert!(sandbox.has_branch(&sandbox.repo(), &format!("feature/{branch}")), "{}", outcome.shown());
    assert!(!sandbox.has_branch(&sandbox.repo(), &format!("feature/{other}")), "{}", outcome.shown());
    assert!(!sandbox.worktree(&format!("feature-{other}")).exists(), "{}", outcome.shown());
}

fn is_gone(sandbox: &Sandbox, outcome: &Outcome) {
    assert!(find_login(sandbox).is_none(), "{}", outcome.shown());
    assert!(!sandbox.worktree("feature-login").exists(), "{}", outcome.shown());
}
