//! The registry: damage is never read as "empty", the unknown survives, and nonsense numbers crash nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Sandbox;

/// A sandbox with one worktree on record.
fn with_one_worktree() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox
}

/// Asserts that every command refuses the damaged file with `code` and leaves it to the byte.
#[track_caller]
fn assert_refused_unharmed(sandbox: &Sandbox, bytes: &[u8], code: &str) {
    let path = sandbox.state().join("registry.json");
    fs::write(&path, bytes).unwrap();
    for arguments in [&["create", "two", "--ports"][..], &["list"], &["remove", "feature-one"], &["restore"]]
    {
        let with_json: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        let run = sandbox.wt(&with_json).exits(2);
        let error = run.error(code);
        assert!(error["message"].as_str().unwrap().contains(path.to_str().unwrap()), "{}", run.shown());
        assert!(error["hint"].is_string(), "{}", run.shown());
        sandbox.wt(arguments).exits(2);
        assert_eq!(fs::read(&path).unwrap(), bytes, "the damaged file was changed");
    }
    assert!(!sandbox.worktree("feature-two").exists());
    assert!(sandbox.worktree("feature-one").exists());
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/two"));
}

#[test]
fn garbage_is_refused_and_kept() {
    assert_refused_unharmed(&with_one_worktree(), b"{ this is not JSON", "registry_corrupt");
}

#[test]
fn nul_bytes_are_refused_and_kept() {
    assert_refused_unharmed(&with_one_worktree(), &[0; 4096], "registry_corrupt");
}

#[test]
fn zero_bytes_are_refused_and_kept() {
    assert_refused_unharmed(&with_one_worktree(), b"", "registry_corrupt");
}

#[test]
fn a_sequence_number_that_cannot_be_counted_on_is_refused_and_kept() {
    let bytes = br#"{"schema":1,"sequence":18446744073709551615,"worktrees":[]}"#;
    assert_refused_unharmed(&with_one_worktree(), bytes, "registry_corrupt");
}

#[test]
fn a_pipe_in_the_registrys_place_is_refused_and_not_waited_for() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    let path = sandbox.state().join("registry.json");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut create =
        sandbox.command(&sandbox.repo(), &["create", "one"]).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while create.try_wait().unwrap().is_none() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = create.try_wait().unwrap();
    let _ = create.kill();
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "it waits for a writer");
    assert!(!sandbox.worktree("feature-one").exists());
}

#[test]
fn half_a_file_is_refused_and_kept() {
    let sandbox = with_one_worktree();
    let bytes = fs::read(sandbox.state().join("registry.json")).unwrap();
    assert_refused_unharmed(&sandbox, &bytes[..bytes.len() / 2], "registry_corrupt");
}

#[test]
fn another_json_value_is_refused_and_kept() {
    assert_refused_unharmed(&with_one_worktree(), b"[]\n", "registry_corrupt");
}

#[test]
fn a_newer_schema_is_refused_unharmed() {
    let sandbox = with_one_worktree();
    let mut registry = sandbox.registry();
    registry["schema"] = json!(999);
    assert_refused_unharmed(&sandbox, registry.to_string().as_bytes(), "registry_newer");
}

#[test]
fn a_file_that_vanished_while_its_backup_stands_is_damage() {
    let sandbox = with_one_worktree();
    sandbox.wt(&["create", "other"]).ok();
    assert!(sandbox.state().join("registry.json.bak").exists());
    fs::remove_file(sandbox.state().join("registry.json")).unwrap();
    sandbox.wt(&["--json", "create", "two"]).exits(2).error("registry_corrupt");
    assert!(!sandbox.state().join("registry.json").exists());
}

#[test]
fn a_port_of_70000_in_the_file_crashes_nothing_and_stays() {
    let sandbox = with_one_worktree();
    let mut registry = sandbox.registry();
    for (index, nonsense) in
        [json!(70_000), json!(0), json!(-1), json!("x"), json!(1.5)].into_iter().enumerate()
    {
        let mut more = registry["worktrees"][0]["allocations"][0].clone();
        more["port"] = nonsense;
        more["service"] = json!(format!("odd-{index}"));
        registry["worktrees"][0]["allocations"].as_array_mut().unwrap().push(more);
    }
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
    sandbox.wt(&["list"]).ok();
    sandbox.json(&["list"]);
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let kept = sandbox.registry()["worktrees"][0]["allocations"].clone();
    assert_eq!(kept[1]["port"], 70_000, "{kept}");
    assert_eq!(kept[4]["port"], "x", "{kept}");
    sandbox.wt(&["remove", "feature-one"]).ok();
}

#[test]
fn unknown_fields_survive_a_rewrite() {
    let sandbox = with_one_worktree();
    let mut registry = sandbox.registry();
    registry["from_the_future"] = json!({"a": [1, 2]});
    registry["worktrees"][0]["mood"] = json!("good");
    registry["worktrees"][0]["allocations"][0]["colour"] = json!("blue");
    fs::write(sandbox.state().join("registry.json"), serde_json::to_vec_pretty(&registry).unwrap()).unwrap();
    sandbox.wt(&["create", "two"]).ok();
    let after = sandbox.registry();
    assert_eq!(after["from_the_future"], json!({"a": [1, 2]}));
    let one =
        after["worktrees"].as_array().unwrap().iter().find(|entry| entry["name"] == "feature-one").unwrap();
    assert_eq!(one["mood"], "good");
    assert_eq!(one["allocations"][0]["colour"], "blue");
}

#[test]
fn an_entry_that_makes_no_sense_is_kept_and_hinders_nobody() {
    let sandbox = with_one_worktree();
    let mut registry = sandbox.registry();
    let nonsense = json!({"name": 7, "what": "is this"});
    registry["worktrees"].as_array_mut().unwrap().insert(0, nonsense.clone());
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let after = sandbox.registry();
    assert!(after["worktrees"].as_array().unwrap().contains(&nonsense), "{after}");
    sandbox.wt(&["list"]).ok().answers(&["feature-one", "feature-two"]);
}

#[test]
fn a_linked_registry_is_followed_and_the_link_stays() {
    let sandbox = with_one_worktree();
    let path = sandbox.state().join("registry.json");
    let real = sandbox.path("synced.json");
    fs::rename(&path, &real).unwrap();
    symlink(&real, &path).unwrap();
    sandbox.wt(&["create", "two"]).ok();
    assert!(path.symlink_metadata().unwrap().is_symlink());
    let written: Value = serde_json::from_slice(&fs::read(&real).unwrap()).unwrap();
    assert_eq!(written["worktrees"].as_array().unwrap().len(), 2);
}

#[test]
fn every_write_keeps_the_one_before() {
    let sandbox = with_one_worktree();
    let before = sandbox.registry();
    sandbox.wt(&["create", "two"]).ok();
    let backup: Value =
        serde_json::from_slice(&fs::read(sandbox.state().join("registry.json.bak")).unwrap()).unwrap();
    assert!(backup["worktrees"].as_array().unwrap().len() >= before["worktrees"].as_array().unwrap().len());
    let mode = fs::metadata(sandbox.state().join("registry.json.bak")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn reading_takes_no_lock() {
    let sandbox = with_one_worktree();
    let folder = fs::File::open(sandbox.state()).unwrap();
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive).unwrap();
    sandbox.wt(&["list"]).ok().answers(&["feature-one"]);
    sandbox.wt(&["path", "feature-one"]).ok();
}

#[test]
fn a_registry_that_stays_locked_is_an_error_after_its_time_limit() {
    let mut sandbox = with_one_worktree();
    sandbox.set("WT_REGISTRY_LOCK_TIMEOUT", "200ms");
    let folder = fs::File::open(sandbox.state()).unwrap();
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let error = sandbox.refused(&["create", "two"], "registry_locked");
    assert!(error.to_string().contains("lock_timeout"), "the knob is not named: {error}");
}

#[test]
fn nothing_temporary_stays_beside_the_registry() {
    let sandbox = with_one_worktree();
    sandbox.wt(&["remove", "feature-one"]).ok();
    let mut names: Vec<String> = fs::read_dir(sandbox.state())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with("events.jsonl"))
        .collect();
    names.sort();
    // `run` holds the sockets of supervisors.
    let known = ["creating", "registry.json", "registry.json.bak", "registry.lock", "run"];
    assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
    if let Ok(held) = fs::read_dir(sandbox.state().join("creating")) {
        assert_eq!(held.count(), 0, "a finished create left its hold");
    }
}
