//! The life of a supervisor, by every command that talks to it, and the actions of `wt serve`.

use super::processes::processes;
use super::run::Outcome;
use super::scenario::{EVERYBODY, How, PLAIN, Scenario, has_one_port, is_done, is_removed};
use super::situations as from;
use crate::support::Sandbox;

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "up",
        make: from::with_services,
        arguments: &["up", "-w", "feature-login"],
        has_services: true,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "up after a crash",
        make: from::with_services,
        before: |sandbox| {
            from::up(sandbox);
            super::processes::end_all(sandbox);
        },
        arguments: &["up", "-w", "feature-login"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "down",
        make: from::with_services,
        before: from::up,
        arguments: &["down", "-w", "feature-login"],
        after: nothing_runs,
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "restart",
        make: from::with_services,
        before: from::up,
        arguments: &["restart", "-w", "feature-login"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "remove with services",
        make: from::with_services,
        before: from::up,
        arguments: &["remove", "login", "--force"],
        after: nothing_runs,
        has_services: true,
        ends: is_removed,
        ..PLAIN
    },
    Scenario {
        name: "supervisor beginning",
        make: from::with_former_supervisor,
        how: How::Beginning,
        arguments: &["up", "-w", "feature-login"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "supervisor starting",
        make: from::with_services,
        before: |sandbox| drop(sandbox.wt(&["up", "api", "-w", "feature-login"]).ok()),
        how: How::Supervisor,
        arguments: &["up", "mail", "-w", "feature-login"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "supervisor restarting",
        make: from::with_services,
        before: from::up,
        how: How::Supervisor,
        arguments: &["restart", "-w", "feature-login"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "supervisor stopping",
        make: from::with_services,
        before: from::up,
        how: How::Supervisor,
        arguments: &["down", "-w", "feature-login"],
        after: nothing_runs,
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "serve: up",
        make: from::with_services,
        how: How::Server,
        arguments: &["/api/worktrees/proj/feature-login/up", "{}"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "serve: restart",
        make: from::with_services,
        before: from::up,
        how: How::Server,
        arguments: &["/api/worktrees/proj/feature-login/restart", "{}"],
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "serve: down",
        make: from::with_services,
        before: from::up,
        how: How::Server,
        arguments: &["/api/worktrees/proj/feature-login/down", "{}"],
        after: nothing_runs,
        has_services: true,
        ..PLAIN
    },
    Scenario {
        name: "serve: remove",
        make: from::with_clean,
        how: How::Server,
        arguments: &["/api/worktrees/proj/feature-login/remove", "{}"],
        ends: is_removed,
        ..PLAIN
    },
    Scenario {
        name: "serve: resolve",
        make: from::with_stranger,
        how: How::Server,
        arguments: &["/api/worktrees/proj/feature-login/resolve", "{\"strategy\": \"conservative\"}"],
        next: &["ports", "resolve", "--strategy", "conservative"],
        ends: has_one_port,
        ..PLAIN
    },
];

/// Where it was said that all is stopped nothing of it runs any more.
fn nothing_runs(sandbox: &Sandbox, outcome: &Outcome) {
    let is_of_service = |(_, command): &(i32, String)| command.starts_with("sleep");
    is_done(outcome, !processes(sandbox).iter().any(is_of_service));
}
