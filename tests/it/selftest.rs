//! `wt selftest`: each promise a line with its time, nothing of the user's touched, nothing left behind.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::Sandbox;
use crate::support::wait::{end_of, until};

/// What lies in the sandbox's own folder for temporary files.
fn left(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.path("tmp")).unwrap().count()
}

fn with_folder() -> Sandbox {
    let mut sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("tmp")).unwrap();
    let folder = sandbox.path("tmp");
    sandbox.set("TMPDIR", folder);
    sandbox
}

#[test]
fn every_promise_is_kept_here_and_nothing_is_left_behind() {
    let sandbox = with_folder();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["selftest", "--json"]);
    sandbox.assert_unchanged(&before, &run);
    let report = run.ok().json();
    let checks = report["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    for name in [
        "conflict refused",
        "retry",
        "kill",
        "cleanup",
        "resolve",
        "crash and restart",
        "graceful stop",
        "undo after kill -9",
        "nothing left behind",
    ] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    assert_eq!((&report["failed"], &report["passed"]), (&0.into(), &checks.len().into()), "{report}");
    assert!(checks.iter().all(|check| check["ms"].is_u64() && check["got"].is_null()), "{report}");
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn ctrl_c_leaves_nothing_and_a_promise_that_is_broken_is_shown_with_the_difference() {
    let mut sandbox = with_folder();
    let mut child = sandbox
        .command(&sandbox.repo(), &["selftest", "--inside"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("its folder", || left(&sandbox) > 0);
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
    assert_eq!(left(&sandbox), 0);

    // A git that makes no commit.
    let bin = sandbox.path("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("git"), "#!/bin/sh\necho broken >&2\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let run = sandbox.wt(&["selftest", "--inside", "--json"]).exits(1);
    let report = run.json();
    assert_eq!((&report["failed"], &report["checks"][0]["got"]), (&1.into(), &"broken".into()), "{report}");
    assert!(report["checks"][0]["expected"].is_string() && report["error"].is_null(), "{report}");
    assert_eq!(left(&sandbox), 0);
}
