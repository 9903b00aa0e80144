//! Registries with thousands of records whose worktrees are gone: released in one transaction, in bounded portions where it
//! happens in passing, and told in a line or two.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Sandbox;

/// Puts `count` copies of the one recorded worktree into the registry, each changed by `change`.
fn multiply(sandbox: &Sandbox, count: u64, change: impl Fn(u64, &mut Value)) {
    let mut registry = sandbox.registry();
    let original = registry["worktrees"][0].clone();
    let rows = registry["worktrees"].as_array_mut().unwrap();
    for number in 1..=count {
        let mut row = original.clone();
        let name = format!("gone-{number}");
        let path = Path::new(original["path"].as_str().unwrap()).with_file_name(&name);
        row["sequence"] = (1_000_000 + number).into();
        row["path"] = path.to_str().unwrap().into();
        row["name"] = name.clone().into();
        row["admin"] = name.clone().into();
        row["identifier"] = name.clone().into();
        row["branch"] = format!("feature/{name}").into();
        row["allocations"] = json!([]);
        change(number, &mut row);
        rows.push(row);
    }
    registry["sequence"] = (2_000_000 + count).into();
    let lines: Vec<String> = registry["worktrees"].as_array().unwrap().iter().map(Value::to_string).collect();
    registry["worktrees"] = json!([]);
    let text = registry
        .to_string()
        .replace("\"worktrees\":[]", &format!("\"worktrees\":[\n{}\n]", lines.join(",\n")));
    fs::write(sandbox.state().join("registry.json"), text).unwrap();
}

/// How many rows the registry had before its last write.
fn rows_before_last_write(sandbox: &Sandbox) -> usize {
    let bytes = fs::read(sandbox.state().join("registry.json.bak")).unwrap();
    let backup: Value = serde_json::from_slice(&bytes).unwrap();
    backup["worktrees"].as_array().unwrap().len()
}

#[test]
fn thousands_of_vanished_records_are_released_in_one_transaction_and_told_in_one_line() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "here"]).ok();
    multiply(&sandbox, 5000, |number, row| {
        let allocation =
            json!({"port": 20000 + number, "service": "web", "allocated_at": "2026-01-01T00:00:00Z"});
        row["allocations"] = json!([allocation]);
    });
    let run = sandbox.wt(&["list"]).ok();
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.shown());
    assert!(
        run.stderr.contains("5000 worktrees were released") && run.stderr.contains("5000 ports are free")
    );
    assert_eq!(sandbox.living().len(), 1);
    assert_eq!(rows_before_last_write(&sandbox), 5001, "one write took them all");
    assert!(sandbox.registry()["former"].as_array().unwrap().len() <= 1000);
    assert!(sandbox.wt(&["list"]).ok().stderr.is_empty());
}

#[test]
fn what_is_released_in_passing_is_bounded_and_the_rest_is_counted() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "here"]).ok();
    multiply(&sandbox, 10_005, |_, _| ());
    sandbox.wt(&["list"]).ok().says(&[
        "10000 worktrees were released",
        "5 more records",
        "wt validate --fix",
    ]);
    assert_eq!(sandbox.living().len(), 6);
    sandbox.wt(&["list"]).ok().says(&["`gone-10005` was released"]);
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn records_of_thousands_of_repositories_that_are_gone_are_listed_and_mended() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "here"]).ok();
    multiply(&sandbox, 3000, |number, row| {
        row["repository"] = sandbox.path(&format!("clone-{number}")).to_str().unwrap().into();
        row["repository_id"] = format!("{number:032x}").into();
    });
    let listed = sandbox.json(&["list", "--all"]);
    assert_eq!(listed["worktrees"].as_array().unwrap().len(), 3002);
    let report = sandbox.json(&["validate", "--all", "--fix"]);
    assert_eq!(report["summary"]["fixed"], 3000);
    assert_eq!(sandbox.living().len(), 1);
    assert_eq!(rows_before_last_write(&sandbox), 3001, "one write took them all");
}

#[test]
fn dead_creates_are_healed_in_portions() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "here"]).ok();
    let commit = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    multiply(&sandbox, 70, |number, row| {
        row["state"] = "creating".into();
        row["process"] = json!({"pid": 1, "started": 1, "boot": "an earlier one", "namespace": "pid:[1]"});
        row["journal"] = json!({"token": format!("{number:032x}"), "commit": commit.trim()});
    });
    sandbox
        .wt(&["path", "here"])
        .ok()
        .says(&["`gone-1` was left half-created", "6 more were left unfinished"]);
    assert_eq!(sandbox.living().len(), 7);
    assert_eq!(rows_before_last_write(&sandbox), 71, "one write forgot them all");
    sandbox.wt(&["path", "here"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}
