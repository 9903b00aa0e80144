//! Commands about ports and the env files that name them.

use super::scenario::{PLAIN, Scenario, has_one_port, has_ports, is_done};
use super::situations as from;

pub const ALL: &[Scenario] = &[
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
        name: "allocate --port",
        arguments: &["ports", "allocate", "-w", "login", "-s", "api", "--port", "@PORT5@"],
        ends: |sandbox, outcome| {
            has_ports(sandbox, outcome, if outcome.code == Some(0) { &[2] } else { &[1, 2] });
        },
        ..PLAIN
    },
    Scenario {
        name: "release --all",
        arguments: &["ports", "release", "--all", "--force"],
        ends: |sandbox, outcome| {
            has_ports(sandbox, outcome, if outcome.code == Some(0) { &[0] } else { &[0, 1] });
        },
        ..PLAIN
    },
    Scenario {
        name: "exclude",
        arguments: &["ports", "exclude", "@PORT5@", "--reason", "printer"],
        ends: |sandbox, outcome| is_done(outcome, from::is_excluded(sandbox)),
        ..PLAIN
    },
    Scenario {
        name: "include",
        make: from::with_exclusion,
        arguments: &["ports", "include", "@PORT5@"],
        ends: |sandbox, outcome| is_done(outcome, !from::is_excluded(sandbox)),
        ..PLAIN
    },
    Scenario {
        name: "kill",
        before: |sandbox| from::serve_port(sandbox, "feature-login", 1),
        arguments: &["ports", "kill", "@PORT1@", "--yes"],
        after: |sandbox, outcome| {
            let is_free = std::net::TcpListener::bind(("127.0.0.1", sandbox.port(1))).is_ok();
            is_done(outcome, is_free);
            super::processes::end_all(sandbox);
        },
        ends: has_one_port,
        ..PLAIN
    },
    Scenario {
        name: "cleanup",
        make: from::with_removed,
        before: |sandbox| from::serve_port(sandbox, ".wt-trash", 1),
        arguments: &["ports", "cleanup", "--force"],
        after: |sandbox, outcome| {
            // Whose processes may not be looked at is no stray.
            let is_free = std::net::TcpListener::bind(("127.0.0.1", sandbox.port(1))).is_ok();
            is_done(outcome, is_free || outcome.said.contains("no strays"));
            super::processes::end_all(sandbox);
        },
        ..PLAIN
    },
];
