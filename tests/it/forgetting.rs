//! Clones that are thrown away with all they had: their ports are free for whoever needs them, and in the end nothing of
//! them is remembered.

use std::fs;

use serde_json::Value;

use crate::clock_jump;
use crate::support::{Sandbox, skip};

/// Makes a clone with a worktree that has a port, and deletes both.
fn throw_away(sandbox: &Sandbox, name: &str) {
    sandbox.make_repository(name);
    sandbox.wt_in(&sandbox.path(name), &["create", "x", "--ports"]).ok();
    fs::remove_dir_all(sandbox.path(name)).unwrap();
    fs::remove_dir_all(sandbox.path(&format!("{name}.worktrees"))).unwrap();
}

fn change(sandbox: &Sandbox, change: impl Fn(&mut Value)) {
    let mut registry = sandbox.registry();
    change(&mut registry);
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
}

/// Moves the beginning of all that is gone: by the clock, and by how long the machine has run.
fn let_years_pass(sandbox: &Sandbox) {
    change(sandbox, |registry| {
        for list in ["worktrees", "repositories"] {
            for row in registry[list].as_array_mut().unwrap() {
                if row["gone_since"].is_string() {
                    row["gone_since"] = "2020-01-01T00:00:00Z".into();
                    row["gone_in"]["seconds"] = (-1_000_000_000).into();
                }
            }
        }
    });
}

/// Makes a part of the history that was last written at the epoch.
fn make_old_history(sandbox: &Sandbox) -> std::path::PathBuf {
    let aside = sandbox.state().join("events.jsonl.1");
    fs::write(&aside, "{}\n").unwrap();
    let old = fs::File::options().append(true).open(&aside).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    aside
}

fn exhausted() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 0..sandbox.feature_count() {
        throw_away(&sandbox, &format!("clone-{number}"));
    }
    assert_eq!(sandbox.living().len(), usize::from(sandbox.feature_count()));
    sandbox
}

#[test]
fn the_ports_of_clones_that_were_thrown_away_are_released_by_whoever_needs_one() {
    let sandbox = exhausted();
    let plan = sandbox.json(&["create", "y", "--ports", "--dry-run"]);
    assert!(plan.to_string().contains(&sandbox.port(0).to_string()), "{plan}");
    assert_eq!(sandbox.living().len(), usize::from(sandbox.feature_count()), "a dry run releases nothing");
    let made = sandbox.json(&["create", "y", "--ports"]);
    assert_eq!(made["worktree"]["ports"][0]["port"], sandbox.port(0));
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn so_does_an_allocation_and_an_adoption() {
    let sandbox = exhausted();
    sandbox.wt(&["create", "y"]).ok();
    let wanted = sandbox.port(3).to_string();
    sandbox.wt(&["ports", "allocate", "--worktree", "feature-y", "--service", "web", "--port", &wanted]).ok();
    let other = exhausted();
    other.git(&other.repo(), &["worktree", "add", "-q", "-b", "feature/z", "../z"]);
    other.wt(&["adopt", "../z", "--ports"]).ok();
}

#[test]
fn a_repository_that_may_lie_on_a_disk_that_is_not_mounted_keeps_its_ports() {
    let sandbox = exhausted();
    change(&sandbox, |registry| {
        for known in registry["repositories"].as_array_mut().unwrap() {
            known["device"] = 12_345_678.into();
        }
    });
    sandbox.refused(&["create", "y", "--ports"], "range_exhausted");
    assert_eq!(sandbox.living().len(), usize::from(sandbox.feature_count()));
}

#[test]
fn a_repository_that_is_still_there_keeps_the_ports_of_its_vanished_worktrees() {
    let sandbox = Sandbox::new();
    sandbox.make_repository("other");
    for number in 0..sandbox.feature_count() {
        sandbox.wt_in(&sandbox.path("other"), &["create", &number.to_string(), "--ports"]).ok();
    }
    fs::remove_dir_all(sandbox.path("other.worktrees")).unwrap();
    sandbox.refused(&["create", "y", "--ports"], "range_exhausted");
}

#[test]
fn what_has_been_gone_for_long_is_forgotten_by_a_create() {
    let sandbox = Sandbox::new();
    throw_away(&sandbox, "clone");
    sandbox.wt(&["create", "one"]).ok();
    assert_eq!(sandbox.living().len(), 2, "it has only just been seen gone");
    let_years_pass(&sandbox);
    let aside = make_old_history(&sandbox);
    sandbox.wt(&["create", "two"]).ok();
    assert_eq!(sandbox.living().len(), 2);
    assert!(aside.exists(), "a history has one look at the clock, and no beginning that is known");
    change(&sandbox, |registry| {
        let seen = registry["history_over"]["seconds"].as_i64().unwrap();
        registry["history_over"]["seconds"] = (seen - 3600).into();
    });
    let_years_pass(&sandbox);
    sandbox.wt(&["create", "three"]).ok();
    assert_eq!(sandbox.registry()["repositories"].as_array().unwrap().len(), 1);
    assert!(!aside.exists());
}

#[test]
fn years_by_the_clock_alone_make_nothing_forgotten() {
    let mut sandbox = Sandbox::new();
    throw_away(&sandbox, "clone");
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["remove", "one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    let aside = make_old_history(&sandbox);
    if !clock_jump::set_ahead(&mut sandbox) {
        return skip("no C compiler, or a library cannot be loaded first");
    }
    let before = sandbox.registry();
    let rows = |registry: &Value, list: &str| registry[list].as_array().unwrap().len();
    sandbox.wt(&["create", "three"]).ok().says(&["warning: ", "by 10 years", "nothing is forgotten"]);
    let told = sandbox.wt(&["create", "four"]).ok();
    assert!(!told.stderr.contains("10 years"), "{}", told.shown());
    let after = sandbox.registry();
    for list in ["repositories", "former"] {
        assert_eq!(rows(&before, list), rows(&after, list), "{list}");
    }
    assert_eq!(rows(&before, "worktrees") + 2, rows(&after, "worktrees"));
    assert!(aside.exists());
}
