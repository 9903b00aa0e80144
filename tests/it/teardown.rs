//! What a worktree's setup made outside of it is taken back once the worktree is gone for good: exactly once, and not before.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::setup::{setup_of, trusted};
use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, git, skip, wait};

/// Its teardown writes down where it runs and what it sees; it fails while a file called `broken` is there.
const WRITES: &str = "[worktree]\nsetup = [\"touch ../made\"]\nteardown = [\
    \"sh -c 'test ! -e broken; echo $(pwd) {{ name | db }} $WT_PATH $PORT >> torn; test ! -e broken'\", \"touch second\"]\n";

/// Lets the time of everything that was removed be over, and of what failed or was deleted by hand.
pub fn let_time_pass(sandbox: &Sandbox) {
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        if entry["state"] == "removed" {
            entry["trash"]["until"] = "2026-01-01T00:00:00Z".into();
            entry["trash"]["removed_at"] = "2026-01-01T00:00:00Z".into();
        }
    }
    let debts = registry.get_mut("debts").and_then(Value::as_array_mut);
    for debt in debts.into_iter().flatten() {
        if debt["since"].is_string() {
            // A week ago, and the machine has run for as long.
            debt["teardown"]["keep"] = 0.into();
            debt["since"] = "2026-01-01T00:00:00Z".into();
        }
        if debt["failed"].is_object() {
            debt["failed"]["at"] = "2026-01-01T00:00:00Z".into();
        }
    }
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
}

pub fn debts(sandbox: &Sandbox) -> usize {
    sandbox.registry()["debts"].as_array().map_or(0, Vec::len)
}

pub fn torn(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.repo().join("torn")).unwrap_or_default()
}

/// Sweeps until nothing is owed or removed any more.
pub fn sweep(sandbox: &Sandbox) {
    wait::until("the sweep to be through", || {
        sandbox.wt(&["sweep"]).ok();
        let left = sandbox.registry()["worktrees"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["state"] == "removed");
        !left && debts(sandbox) == 0
    });
}

fn doctor(sandbox: &Sandbox) -> Option<Value> {
    let answer = sandbox.json(&["doctor"]);
    answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "teardown").cloned()
}

fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.worktree("feature-login")
}

#[test]
fn a_teardown_waits_for_the_end_of_the_trash_and_runs_once_in_the_main_worktree_with_what_was_then() {
    let sandbox = trusted(WRITES);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    // What is configured later is not what was trusted for this worktree.
    fs::write(sandbox.repo().join(".wt.toml"), "[worktree]\nteardown = [\"touch wrong\"]\n").unwrap();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    sandbox.wt(&["sweep"]).ok();
    assert_eq!((torn(&sandbox).as_str(), debts(&sandbox)), ("", 0), "it can be restored");
    let restored = sandbox.json(&["restore", "login"]);
    assert_eq!(restored["worktree"]["setup"]["state"], "done");
    assert!(restored["warnings"].is_null(), "{restored}");
    sandbox.wt(&["remove", "login", "--force"]).ok();
    let_time_pass(&sandbox);
    let plan = sandbox.json(&["prune", "--dry-run"]);
    assert!(plan["plan"]["teardown"].is_null(), "{plan}");
    sweep(&sandbox);
    let main = sandbox.repo();
    let seen =
        format!("{} feature_login {} {}\n", main.display(), folder(&sandbox).display(), sandbox.port(0));
    assert_eq!(torn(&sandbox), seen);
    assert!(main.join("second").exists() && !main.join("wrong").exists());
    sandbox.wt(&["sweep"]).ok();
    sandbox.wt(&["prune"]).ok();
    assert_eq!(torn(&sandbox), seen, "it ran once");
    assert_eq!(doctor(&sandbox), None);
    let events = sandbox.events();
    assert_eq!(events.iter().filter(|event| event["event"] == "teardown_done").count(), 2);
}

#[test]
fn one_that_fails_for_a_week_stops_nothing_is_named_and_is_tried_again() {
    let sandbox = trusted(WRITES);
    fs::write(sandbox.repo().join("broken"), "").unwrap();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    let_time_pass(&sandbox);
    let swept = wait_for_failure(&sandbox);
    assert_eq!(swept["status"], "failed");
    assert_eq!(swept["exit"], 1, "{swept}");
    assert!(fs::read_to_string(swept["log"].as_str().unwrap()).unwrap().starts_with("$ sh -c"));
    assert!(sandbox.repo().join("second").exists(), "the one that failed holds no other up");
    let row = doctor(&sandbox).unwrap();
    assert!(
        row["status"] == "warning" && row["message"].as_str().unwrap().contains("feature-login"),
        "{row}"
    );
    assert!(row["hint"].as_str().unwrap().contains("prune"), "{row}");
    let lines = || torn(&sandbox).lines().count();
    for day in 2..5 {
        // Within a day nobody tries by himself; after it any command does.
        sandbox.wt(&["list"]).ok();
        let_time_pass(&sandbox);
        sandbox.wt(&["list"]).ok();
        wait::until("the next try", || lines() == day);
        wait::until("its end", || {
            let failed = sandbox.registry()["debts"][0]["failed"]["at"].clone();
            failed != "2026-01-01T00:00:00Z"
        });
    }
    let plan = sandbox.json(&["prune", "--dry-run"]);
    assert_eq!(plan["plan"]["teardown"][0]["status"], "due", "{plan}");
    let pruned = sandbox.json(&["prune"]);
    assert_eq!(pruned["teardown"].as_array().unwrap().len(), 1, "only what is still owed: {pruned}");
    assert_eq!(pruned["teardown"][0]["status"], "failed");
    sandbox.wt(&["prune"]).ok().says(&["kept and tried again", "prune --forget-teardown feature-login"]);
    fs::remove_file(sandbox.repo().join("broken")).unwrap();
    sandbox.wt(&["prune"]).ok().says(&["tore down feature-login"]);
    assert_eq!((debts(&sandbox), doctor(&sandbox)), (0, None));
    let logs = fs::read_dir(sandbox.state().join("teardown")).unwrap().count();
    assert_eq!(logs, 0, "nobody needs what it wrote any more");
    sandbox.refused(&["prune", "--forget-teardown", "feature-login"], "not_found");
}

/// Sweeps until the teardown was tried, and returns the command that failed.
fn wait_for_failure(sandbox: &Sandbox) -> Value {
    let mut failed = Value::Null;
    wait::until("a teardown to fail", || {
        let swept = sandbox.json(&["sweep"]);
        let rows = swept["teardown"].as_array().cloned().unwrap_or_default();
        failed = rows.into_iter().find(|row| row["status"] == "failed").unwrap_or_default();
        !failed.is_null()
    });
    failed
}

#[test]
fn of_a_worktree_that_was_deleted_by_hand_it_waits_as_long_as_of_a_removed_one() {
    let sandbox = trusted(WRITES);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(folder(&sandbox)).unwrap();
    sandbox.wt(&["list"]).ok().says(&["was released"]);
    wait::until("its time to be noted", || sandbox.registry()["debts"][0]["since"].is_string());
    sandbox.wt(&["sweep"]).ok();
    assert_eq!(torn(&sandbox), "");
    // One of that name that is there may use what would be taken away, and so may one that can be restored.
    git::write(&sandbox.repo(), ".wt.toml", "");
    sandbox.wt(&["prune", "login"]).ok();
    sandbox.wt(&["restore", "login"]).ok();
    let_time_pass(&sandbox);
    sandbox.wt(&["sweep"]).ok();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    sandbox.wt(&["sweep"]).ok();
    assert_eq!((torn(&sandbox).as_str(), debts(&sandbox)), ("", 1));
    let_time_pass(&sandbox);
    sweep(&sandbox);
    assert_eq!(torn(&sandbox).lines().count(), 1);
}

#[test]
fn what_is_restored_after_its_time_is_over_is_not_torn_down() {
    let sandbox = trusted(WRITES);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    let_time_pass(&sandbox);
    sandbox.wt(&["restore", "login"]).ok();
    sandbox.wt(&["sweep"]).ok();
    sandbox.wt(&["prune"]).ok();
    assert_eq!((torn(&sandbox).as_str(), debts(&sandbox)), ("", 0));
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "done");
    // The next removal starts anew; once it is torn down, nothing is there to be restored.
    sandbox.wt(&["remove", "login", "--force"]).ok();
    let_time_pass(&sandbox);
    sweep(&sandbox);
    assert_eq!(torn(&sandbox).lines().count(), 1);
    sandbox.refused(&["restore", "login"], "not_found");
}

#[test]
fn deleted_by_hand_once_more_it_waits_once_more() {
    let sandbox = trusted(WRITES);
    for _ in 0..2 {
        sandbox.wt(&["create", "login", "--ports"]).ok();
        fs::remove_dir_all(folder(&sandbox)).unwrap();
        sandbox.wt(&["list"]).ok().says(&["was released"]);
        wait::until("its time to be noted", || sandbox.registry()["debts"][0]["since"].is_string());
        sandbox.wt(&["sweep"]).ok();
        assert_eq!((torn(&sandbox).as_str(), debts(&sandbox)), ("", 1));
        sandbox.wt(&["prune", "login"]).ok();
        let_time_pass(&sandbox);
    }
}

#[test]
fn what_is_scarce_is_given_back_at_the_removal_and_a_restore_says_that_it_is_gone() {
    let config = WRITES.replace("[worktree]", "[worktree]\nteardown_at = \"remove\"");
    let sandbox = trusted(&config);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let home = folder(&sandbox);
    git::write(&home, "precious", "");
    sandbox.refused(&["remove", "login"], "dirty");
    assert!(
        !home.join("torn").exists() && debts(&sandbox) == 0,
        "a removal that is refused takes nothing back"
    );
    sandbox.wt(&["remove", "login", "--force"]).ok();
    assert_eq!(debts(&sandbox), 0);
    let restored = sandbox.json(&["restore", "login"]);
    assert!(restored["warnings"][0].as_str().unwrap().contains("wt setup feature-login"), "{restored}");
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "torn_down");
    let seen = fs::read_to_string(home.join("torn")).unwrap();
    assert!(seen.starts_with(&format!("{} feature_login", home.display())), "it ran in the worktree: {seen}");
    sandbox.wt(&["list"]).ok().answers(&["torn down"]);
    // One that fails stops no removal, and is kept while the worktree is there again.
    sandbox.wt(&["setup", "login"]).ok();
    fs::write(home.join("broken"), "").unwrap();
    let removed = sandbox.json(&["remove", "login", "--force"]);
    assert!(removed["warnings"][0].as_str().unwrap().contains("is kept and tried again"), "{removed}");
    assert_eq!(debts(&sandbox), 1);
    sandbox.wt(&["restore", "login"]).ok();
    sandbox.wt(&["prune"]).ok();
    assert_eq!(debts(&sandbox), 1, "it may use what would be taken away");
    sandbox.wt(&["remove", "login", "--force"]).ok();
    sandbox.wt(&["prune"]).ok().says(&["tore down feature-login"]);
    assert_eq!(debts(&sandbox), 0);
    // No hook of git's runs one, and one that takes too long is ended and owed.
    let slow =
        "[worktree]\nteardown = [\"sleep 600\"]\nteardown_at = \"remove\"\nteardown_timeout = \"50ms\"\n";
    git::write(&sandbox.repo(), ".wt.toml", slow);
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt(&["create", "slow"]).ok();
    sandbox.wt(&["remove", "slow", "--force"]).ok().says(&["it took longer than 50ms"]);
    sandbox.wt(&["prune", "--forget-teardown", "feature-slow"]).ok().says(&["gave up"]);
    assert_eq!(debts(&sandbox), 0);
}

#[test]
fn what_is_not_trusted_or_not_any_more_or_without_its_main_worktree_is_not_run_and_that_is_said() {
    let sandbox = trusted("[worktree]\nsetup = [\"true\"]\n");
    git::write(&sandbox.repo(), ".wt.toml", WRITES);
    let text = WRITES.replace("touch ../made", "true");
    git::write(&sandbox.repo(), ".wt.toml", &text);
    sandbox.wt(&["create", "login"]).ok().says(&["its teardown will not be run", "wt trust"]);
    sandbox.wt(&["remove", "login", "--force"]).ok();
    let_time_pass(&sandbox);
    sweep(&sandbox);
    assert_eq!(torn(&sandbox), "");
    // Without a setup, or with one that nobody wanted: where nothing was made nothing is taken back.
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt(&["create", "skipped", "--no-setup"]).ok();
    assert!(sandbox.living()[0]["teardown"].is_null());
    sandbox.wt(&["create", "login"]).ok();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    // Whoever writes into the repository is not believed.
    let notes = sandbox.repo().join(".git/wt");
    let told = || {
        let found = sandbox.program("grep", &notes).args(["-r", "-l", "torn", "."]).output().unwrap();
        String::from_utf8_lossy(&found.stdout).into_owned()
    };
    assert_eq!(told(), "");
    git::write(&notes, "would-be-found", "torn");
    assert_eq!(told(), "./would-be-found\n");
    fs::remove_file(notes.join("would-be-found")).unwrap();
    let_time_pass(&sandbox);
    sandbox.wt(&["trust", "--revoke", "--yes"]).ok();
    let failed = wait_for_failure(&sandbox);
    assert!(failed["reason"].as_str().unwrap().contains("not trusted any more"), "{failed}");
    assert_eq!(torn(&sandbox), "");
    fs::rename(sandbox.repo(), sandbox.path("away")).unwrap();
    let elsewhere = sandbox.path("run");
    let answer = sandbox.json_in(&elsewhere, &["doctor"]);
    let row = answer["checks"].as_array().unwrap().iter().find(|row| row["name"] == "teardown").unwrap();
    assert!(row["message"].as_str().unwrap().contains("is still owed"), "{row}");
    sandbox.wt_in(&elsewhere, &["prune", "--forget-teardown", "feature-login"]).ok().says(&["gave up"]);
    assert_eq!(debts(&sandbox), 0);
}

#[test]
fn killed_at_any_step_it_is_run_once_or_again_where_nobody_knows_whether_it_ended() {
    let sandbox = trusted("[worktree]\nteardown = [\"sh -c 'echo x >> torn'\"]\n");
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let lines = || torn(&sandbox).lines().count();
    let (mut kills, mut before) = (0, 0);
    // Of `socketpair` the first one starts the command.
    for (call, number) in (1..12).map(|number| ("rename", number)).chain([("socketpair", 1)]) {
        let _ = fs::remove_file(sandbox.repo().join("torn"));
        sandbox.wt(&["create", "login"]).ok();
        sandbox.wt(&["remove", "login", "--force"]).ok();
        let_time_pass(&sandbox);
        let is_killed = killed_at(&sandbox, &["sweep"], call, number);
        let (ran, is_owed) = (lines(), debts(&sandbox) > 0);
        before += usize::from(is_killed && ran == 0 && is_owed);
        sweep(&sandbox);
        let expected = if ran == 1 && is_owed { 2 } else { 1 };
        assert_eq!(lines(), expected, "killed at {call} {number}, having run {ran} times, owed: {is_owed}");
        kills += usize::from(is_killed);
    }
    assert!(
        kills > 2 && before > 0,
        "only {kills} kills, {before} between deletion and teardown: it says nothing"
    );
}
