//! Pipes, sockets, folders and devices in the place of our files: refused by their kind, and waited for by nobody.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Output;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::Sandbox;

const KINDS: [&str; 4] = ["pipe", "socket", "folder", "device"];

fn put(kind: &str, path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match kind {
        "pipe" => mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
        "socket" => drop(UnixListener::bind(path).unwrap()),
        "folder" => fs::create_dir(path).unwrap(),
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

/// Runs `wt`, and says so when it does not end: a wait for a pipe has no end.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut command = sandbox.program("timeout", &sandbox.repo());
    command.args(["-s", "KILL", "60", env!("CARGO_BIN_EXE_wt")]).args(arguments);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some(), "{arguments:?} was killed: {stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    output
}

#[test]
fn nobody_waits_for_a_pipe_in_the_place_of_a_file_of_the_state_folder() {
    let files = [
        "registry.json",
        "registry.json.bak",
        "registry.lock",
        "events.jsonl",
        "trust.json",
        "creating/sweep",
    ];
    for kind in KINDS {
        for file in files {
            let sandbox = Sandbox::new();
            sandbox.wt(&["create", "one", "--ports"]).ok();
            put(kind, &sandbox.state().join(file));
            let created = run(&sandbox, &["create", "two"]);
            // What is said in passing alone stops nothing.
            let is_needed = file == "registry.json" || (file == "registry.json.bak" && kind == "folder");
            assert_eq!(created.status.success(), !is_needed, "{kind} as {file}: {created:?}");
            for arguments in
                [&["list"][..], &["validate", "--fix"], &["trust", "--list"], &["ports", "history"]]
            {
                run(&sandbox, arguments);
            }
        }
    }
}

#[test]
fn nor_in_the_place_of_a_file_of_the_repository_or_the_user() {
    for kind in ["pipe", "device"] {
        for file in ["proj/.git/wt/id", "proj/.git/info/exclude", "proj/.wt.toml", "config/wt/config.toml"] {
            let sandbox = Sandbox::new();
            sandbox.wt(&["create", "one", "--ports"]).ok();
            put(kind, &sandbox.path(file));
            for arguments in [&["list"][..], &["path", "one"], &["doctor"], &["validate"]] {
                run(&sandbox, arguments);
            }
        }
        let sandbox = Sandbox::new();
        sandbox.wt(&["create", "one", "--ports"]).ok();
        let folder = sandbox.worktree("feature-one");
        for file in [".env", ".git"] {
            put(kind, &folder.join(file));
            for arguments in [
                &["list", "--status"][..],
                &["env", "one"],
                &["validate"],
                &["ports", "scan"],
                &["remove", "one"],
            ] {
                run(&sandbox, arguments);
            }
        }
    }
}

#[test]
fn what_stays_because_the_registry_cannot_be_written_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let backup = sandbox.state().join("registry.json.bak");
    let _ = fs::remove_file(&backup);
    fs::create_dir(&backup).unwrap();
    let before = sandbox.registry();
    let run = sandbox.wt(&["prune", "--yes"]).exits(1);
    assert!(run.stderr.contains("`feature-login` stays: "), "{}", run.shown());
    sandbox.wt(&["prune", "--yes", "--json"]).exits(1);
    assert_eq!(sandbox.registry(), before);
    fs::remove_dir(&backup).unwrap();
    sandbox.wt(&["prune", "--yes"]).ok();
    assert_eq!(sandbox.living().len(), 0);
}
