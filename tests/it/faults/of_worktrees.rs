//! Commands that make, change and take away worktrees.

use super::scenario::{
    EVERYBODY, PLAIN, Scenario, all_or_nothing, find_login, has_one_port, is_done, is_gone, is_removed,
    is_renamed,
};
use super::situations as from;

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "create",
        make: from::with_bystander,
        arguments: &["create", "login", "--ports"],
        ends: all_or_nothing,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "remove",
        arguments: &["remove", "login", "--force"],
        ends: is_removed,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "restore",
        make: from::with_removed,
        arguments: &["restore", "feature-login"],
        ends: |sandbox, outcome| {
            has_one_port(sandbox, outcome);
            let status = sandbox.status(&sandbox.worktree("feature-login"));
            assert_eq!(status, " M src/main.txt\nA  staged.txt\n?? precious.txt", "{}", outcome.shown());
        },
        roles: EVERYBODY,
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
        roles: EVERYBODY,
        ends: is_renamed,
        ..PLAIN
    },
    Scenario {
        name: "adopt",
        make: from::with_unrecorded,
        arguments: &["adopt", "--ports"],
        ends: |sandbox, outcome| {
            is_done(outcome, find_login(sandbox).is_some());
            sandbox.wt(&["adopt", "--ports"]).ok();
            has_one_port(sandbox, outcome);
        },
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "prune",
        make: from::with_vanished,
        arguments: &["prune"],
        next: &["prune"],
        ends: is_gone,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "prune --merged",
        make: from::with_merged,
        arguments: &["prune", "--merged", "--min-age", "0s", "--yes"],
        ends: has_one_port,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "validate --fix",
        make: from::with_disorder,
        arguments: &["validate", "--fix"],
        next: &["validate", "--fix"],
        ends: has_one_port,
        roles: EVERYBODY,
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
        roles: EVERYBODY,
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
        name: "sweep",
        make: from::with_spent_trash,
        arguments: &["sweep"],
        keeps_login: false,
        next: &["sweep"],
        ends: is_gone,
        ..PLAIN
    },
    Scenario {
        name: "create of a branch",
        make: from::with_branch,
        arguments: &["create", "login", "--branch", "feature/login", "--ports"],
        ends: |sandbox, outcome| {
            let entry = find_login(sandbox);
            is_done(outcome, entry.is_some());
            assert_eq!(entry.is_some(), sandbox.worktree("feature-login").exists(), "{}", outcome.shown());
            let work = sandbox.git(&sandbox.repo(), &["log", "-1", "--format=%s", "feature/login"]);
            assert_eq!(work, "work", "{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "create with a setup",
        make: from::with_slow_setup,
        arguments: &["create", "login", "--ports"],
        ends: all_or_nothing,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "create --with-changes",
        make: from::with_bystander,
        arguments: &["create", "login", "--ports", "--with-changes"],
        ends: |sandbox, outcome| {
            let (entry, folder) = (find_login(sandbox), sandbox.worktree("feature-login"));
            is_done(outcome, entry.is_some());
            assert_eq!(entry.is_some(), folder.exists(), "{}", outcome.shown());
            let is_whole = entry.is_none() || sandbox.status(&folder) == "?? of-main.txt";
            assert!(is_whole, "{}", outcome.shown());
        },
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "remove --delete-branch",
        arguments: &["remove", "login", "--force", "--delete-branch"],
        ends: is_removed,
        roles: EVERYBODY,
        ..PLAIN
    },
    Scenario {
        name: "remove of two",
        make: from::with_two,
        arguments: &["remove", "login", "other", "--force"],
        ends: |sandbox, outcome| {
            is_removed(sandbox, outcome);
            let is_there = sandbox.living().iter().any(|entry| entry["name"] == "feature-other");
            let back = || sandbox.wt(&["restore", "feature-other"]).status == 0;
            assert!(is_there || back(), "the other is gone\n{}", outcome.shown());
        },
        ..PLAIN
    },
    Scenario {
        name: "restore of a pruned one",
        make: from::with_pruned,
        arguments: &["restore", "feature-login"],
        ends: |sandbox, outcome| {
            is_done(outcome, find_login(sandbox).is_some());
            let again = || sandbox.wt(&["restore", "feature-login"]).status == 0;
            assert!(find_login(sandbox).is_some() || again(), "it cannot be restored\n{}", outcome.shown());
            has_one_port(sandbox, outcome);
        },
        ..PLAIN
    },
    Scenario {
        name: "prune NAME",
        make: from::with_vanished,
        arguments: &["prune", "feature-login"],
        next: &["prune"],
        ends: is_gone,
        ..PLAIN
    },
    Scenario {
        name: "switch -x",
        arguments: &["switch", "login", "-x", "true"],
        ends: has_one_port,
        ..PLAIN
    },
    Scenario { name: "run", arguments: &["run", "-w", "login", "--", "true"], ends: has_one_port, ..PLAIN },
    Scenario {
        name: "sweep with a teardown",
        make: from::with_due_teardown,
        arguments: &["sweep"],
        keeps_login: false,
        next: &["sweep"],
        ends: |sandbox, outcome| {
            crate::teardown::let_time_pass(sandbox);
            crate::teardown::sweep(sandbox);
            is_gone(sandbox, outcome);
            assert!(sandbox.path("torn").exists(), "it was never torn down\n{}", outcome.shown());
        },
        ..PLAIN
    },
];
