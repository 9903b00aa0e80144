//! Clones that are thrown away with all they had: their ports are free for whoever needs them, and in the end nothing of
//! them is remembered.

use std::fs;

use serde_json::Value;

use crate::support::Sandbox;

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
    change(&sandbox, |registry| {
        for list in ["worktrees", "repositories"] {
            for row in registry[list].as_array_mut().unwrap() {
                if row["gone_since"].is_string() {
                    row["gone_since"] = "2020-01-01T00:00:00Z".into();
                }
            }
        }
    });
    fs::write(sandbox.state().join("events.jsonl.1"), "{}\n").unwrap();
    let old = fs::File::options().append(true).open(sandbox.state().join("events.jsonl.1")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    sandbox.wt(&["create", "two"]).ok();
    assert_eq!(sandbox.living().len(), 2);
    assert!(!sandbox.state().join("events.jsonl.1").exists());
    change(&sandbox, |registry| {
        for row in registry["repositories"].as_array_mut().unwrap() {
            if row["gone_since"].is_string() {
                row["gone_since"] = "2020-01-01T00:00:00Z".into();
            }
        }
    });
    sandbox.wt(&["create", "three"]).ok();
    assert_eq!(sandbox.registry()["repositories"].as_array().unwrap().len(), 1);
}
