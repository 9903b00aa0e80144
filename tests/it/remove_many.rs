//! Several worktrees removed by one command: the registry is written for all of them together, and no death or error in the midst
//! of it loses one.

use std::fs;
use std::process::Stdio;

use crate::support::strace::{RENAMES, has_strace};
use crate::support::{Run, Sandbox, skip, wait};

const NAMES: [&str; 3] = ["feature-one", "feature-two", "feature-three"];

fn with_three() -> Sandbox {
    let sandbox = Sandbox::new();
    for id in ["one", "two", "three"] {
        sandbox.wt(&["create", id, "--ports"]).ok();
        fs::write(sandbox.worktree(&format!("feature-{id}")).join("precious.txt"), id).unwrap();
    }
    sandbox
}

/// Runs their removal under strace with these further words; answers whether it came to its end by itself.
fn remove_all(sandbox: &Sandbox, words: &[&str]) -> bool {
    let mut strace = sandbox.program("strace", &sandbox.repo());
    strace.args(["-f", "-qq"]).args(words).arg(env!("CARGO_BIN_EXE_wt")).args(["remove", "--force"]);
    let mut child = strace.args(NAMES).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait::end_of(&mut child).success()
}

#[test]
fn the_registry_is_written_twice_for_all_of_them() {
    let sandbox = with_three();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let trace = sandbox.path("trace");
    assert!(remove_all(&sandbox, &["-e", "trace=/^rename", "-o", trace.to_str().unwrap()]));
    let text = fs::read_to_string(trace).unwrap();
    let written = text.lines().filter(|line| line.contains("/registry.json\")")).count();
    assert_eq!(written, 2, "{text}");
    assert!(sandbox.living().is_empty());
    for name in NAMES {
        sandbox.wt(&["restore", name]).ok();
        assert!(sandbox.worktree(name).join("precious.txt").exists(), "{name}");
    }
}

#[test]
fn a_death_or_an_error_at_any_rename_loses_none_of_them() {
    let sandbox = with_three();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let mut stopped = 0;
    for call in RENAMES {
        for what in ["signal=KILL", "error=EIO"] {
            // Every other one: the registry's own renames come in pairs.
            for number in (1..).step_by(2) {
                let inject = format!("inject={call}:{what}:when={number}");
                if remove_all(&sandbox, &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]) {
                    bring_back(&sandbox, &inject);
                    break;
                }
                stopped += 1;
                bring_back(&sandbox, &inject);
            }
        }
    }
    assert!(stopped > 4, "{stopped}: it says nothing");
    sandbox.assert_sound(&sandbox.repo());
}

/// A disk that is full when all folders are in the trash: the answer says so, and what its hint says goes through.
#[test]
fn what_is_in_the_trash_and_could_not_be_recorded_is_named_and_comes_back() {
    let sandbox = with_three();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let trace = sandbox.path("trace");
    assert!(remove_all(&sandbox, &["-e", "trace=rename", "-o", trace.to_str().unwrap()]));
    let text = fs::read_to_string(trace).unwrap();
    let renames: Vec<&str> = text.lines().filter(|line| line.contains("rename(")).collect();
    let last = renames.iter().rposition(|line| line.contains("/registry.json\")")).unwrap() + 1;
    bring_back(&sandbox, "without a fault");

    let mut named = false;
    for number in (1..=last).rev() {
        let mut strace = sandbox.program("strace", &sandbox.repo());
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e"]);
        strace.arg(format!("inject=rename:error=ENOSPC:when={number}"));
        strace.arg(env!("CARGO_BIN_EXE_wt")).args(["--json", "remove", "--force"]).args(NAMES);
        let run = Run::new(&["remove"], &strace.output().unwrap());
        if run.status != 0 {
            let error = run.exits(1).error("disk_full");
            named = error["details"]["in_trash"] == serde_json::json!(NAMES);
            let hint = error["hint"].as_str().unwrap();
            if named {
                assert!(
                    hint.contains("`wt restore feature-one`") && !hint.contains("nothing was changed"),
                    "{error}"
                );
                sandbox.wt(&["restore", "feature-one"]).ok();
            }
        }
        bring_back(&sandbox, &format!("rename {number}"));
        if named {
            break;
        }
    }
    assert!(named, "no rename writes the registry when the folders are in the trash");
}

/// Each of them is at its place and recorded so, or is brought back.
#[track_caller]
fn bring_back(sandbox: &Sandbox, context: &str) {
    sandbox.wt(&["list"]).ok();
    for name in NAMES {
        let folder = sandbox.worktree(name);
        if !folder.exists() {
            sandbox.wt(&["restore", name]).ok();
        }
        let id = name.strip_prefix("feature-").unwrap();
        assert_eq!(fs::read_to_string(folder.join("precious.txt")).unwrap(), id, "{context}: {name}");
        assert_eq!(sandbox.git(&folder, &["branch", "--show-current"]), format!("feature/{id}"), "{context}");
    }
    let states: Vec<_> = sandbox.living().iter().map(|entry| entry["state"].clone()).collect();
    assert_eq!(states, ["active", "active", "active"], "{context}");
}
