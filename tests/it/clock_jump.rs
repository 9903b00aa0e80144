//! A clock that is wrong deletes nothing for good: what was removed goes by more than one look at it.

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, clock, git, skip, wait};

/// Sets the clock of all that the sandbox starts ten years ahead; answers whether that can be.
pub fn set_ahead(sandbox: &mut Sandbox) -> bool {
    let Some(library) = clock::library(sandbox) else { return false };
    sandbox.set("LD_PRELOAD", library);
    true
}

fn removed(sandbox: &Sandbox) -> Value {
    sandbox.registry()["worktrees"][0]["trash"].clone()
}

fn change(sandbox: &Sandbox, change: impl Fn(&mut Value)) {
    let mut registry = sandbox.registry();
    change(&mut registry["worktrees"][0]["trash"]);
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
}

/// A sandbox with a worktree that was removed, and holds a file that is nowhere else.
fn with_removed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    git::write(&sandbox.worktree("feature-one"), "precious", "only here");
    sandbox.wt(&["remove", "--force", "one"]).ok();
    sandbox
}

/// As after a restart of the machine long after it was removed.
fn restart(sandbox: &Sandbox) {
    change(sandbox, |trash| {
        trash["removed_in"]["boot"] = "another".into();
        trash["removed_at"] = "2020-01-01T00:00:00Z".into();
        trash["until"] = "2020-01-08T00:00:00Z".into();
    });
}

#[test]
fn a_command_under_a_clock_that_is_years_ahead_deletes_nothing_for_good_and_says_so_once() {
    let mut sandbox = with_removed();
    if !set_ahead(&mut sandbox) {
        return skip("no C compiler");
    }
    sandbox.wt(&["list"]).ok().says(&["warning: ", "the clock differs by 10 years", "is kept"]);
    wait::until("that to be noted", || removed(&sandbox)["seen_over"].is_object());
    let again = sandbox.wt(&["list"]).ok();
    assert!(!again.stderr.contains("10 years"), "{}", again.shown());
    let asked = sandbox.wt(&["sweep"]).exits(1);
    assert!(asked.stderr.contains("10 years") && asked.stderr.contains("feature-one"), "{}", asked.shown());
    let answer = sandbox.json(&["doctor"]);
    let row = answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "trash").unwrap();
    assert_eq!(row["status"], "warning", "{row}");
    assert!(row["message"].as_str().unwrap().contains("10 years"), "{row}");
    sandbox.set("LD_PRELOAD", "");
    let right = sandbox.wt(&["sweep"]).ok();
    assert!(!right.stderr.contains("10 years"), "{}", right.shown());
    assert!(removed(&sandbox)["seen_over"].is_null(), "the clock was put right");
    sandbox.wt(&["restore", "one"]).ok();
    assert_eq!(fs::read_to_string(sandbox.worktree("feature-one").join("precious")).unwrap(), "only here");
}

#[test]
fn after_a_restart_what_is_over_goes_at_a_second_look_an_hour_later() {
    let sandbox = with_removed();
    restart(&sandbox);
    let first = sandbox.json(&["sweep"]);
    assert_eq!((&first["deleted"], &first["waiting"][0]), (&serde_json::json!([]), &"feature-one".into()));
    let seen = removed(&sandbox)["seen_over"].clone();
    assert_eq!(seen["wait"], 3600);
    sandbox.wt(&["sweep"]).ok().says(&["only the clock says", "feature-one"]);
    assert_eq!(removed(&sandbox)["seen_over"], seen, "the first look counts");
    change(&sandbox, |trash| {
        trash["seen_over"]["seconds"] = (seen["seconds"].as_i64().unwrap() - 3600).into();
    });
    assert_eq!(sandbox.json(&["sweep"])["deleted"][0], "feature-one");
}

#[test]
fn after_a_restart_a_registry_that_was_written_years_ago_makes_the_clock_doubtful() {
    let sandbox = with_removed();
    restart(&sandbox);
    let registry = fs::File::options().append(true).open(sandbox.state().join("registry.json")).unwrap();
    registry.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let asked = sandbox.wt(&["sweep"]).exits(1);
    assert!(asked.stderr.contains("years from what else tells the time"), "{}", asked.shown());
    assert_eq!(removed(&sandbox)["seen_over"]["wait"], 7 * 86400);
}

#[test]
fn what_an_earlier_program_removed_goes_at_a_second_look_too() {
    let sandbox = with_removed();
    restart(&sandbox);
    change(&sandbox, |trash| drop(trash.as_object_mut().unwrap().remove("removed_in")));
    assert_eq!(sandbox.json(&["sweep"])["waiting"][0], "feature-one");
    change(&sandbox, |trash| trash["seen_over"]["seconds"] = (-3600).into());
    assert_eq!(sandbox.json(&["sweep"])["deleted"][0], "feature-one");
}
