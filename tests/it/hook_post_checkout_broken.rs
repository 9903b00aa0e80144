//! `wt hook post-checkout`, called by the real git, while something is broken: git goes on, and one line says what is.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::support::Sandbox;
use crate::support::hooks::{add, git, hooked, said};

/// What a switch and a new worktree do while something is broken: git succeeds, with one line at most.
#[track_caller]
fn git_goes_on(sandbox: &Sandbox, folder: &Path, number: usize) -> String {
    let switched = git(sandbox, folder, &["switch", "-q", "-c", &format!("feature/other-{number}")]);
    let (_, added) = add(sandbox, &format!("more-{number}"), &format!("feature/more-{number}"));
    for output in [&switched, &added] {
        assert!(String::from_utf8_lossy(&output.stderr).lines().count() <= 1, "{output:?}");
    }
    said(&switched) + &said(&added)
}

#[test]
fn a_registry_that_is_damaged_or_newer_stops_nothing_and_stays() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    let good = fs::read(sandbox.state().join("registry.json")).unwrap();
    let file = sandbox.state().join("registry.json");
    let newer = String::from_utf8(good.clone()).unwrap().replace("\"schema\":1", "\"schema\":99");
    let damages: [&[u8]; 6] = [
        b"",
        b"garbage",
        b"\0\0\0\0",
        &good[..good.len() / 2],
        b"{\"schema\":1,\"worktrees\":7}",
        newer.as_bytes(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        fs::write(&file, damage).unwrap();
        let line = git_goes_on(&sandbox, &folder, number);
        assert!(line.contains("registry"), "{number}: {line}");
        assert_eq!(fs::read(&file).unwrap(), damage, "{number}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    git_goes_on(&sandbox, &folder, 10);
}

#[test]
fn a_broken_configuration_stops_nothing() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    fs::write(sandbox.config_file(), "[[[ nonsense").unwrap();
    let line = git_goes_on(&sandbox, &folder, 0);
    assert!(line.contains("config.toml"), "{line}");
    fs::write(sandbox.config_file(), "[ports]\nnonsense = 1\nmore = 2\n").unwrap();
    git_goes_on(&sandbox, &folder, 1);
}

#[test]
fn a_registry_that_is_locked_costs_a_second_or_two_and_one_line() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    let held = File::open(sandbox.state()).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let started = std::time::Instant::now();
    let output = git(&sandbox, &folder, &["switch", "-q", "-c", "feature/other"]);
    assert!(started.elapsed().as_millis() < 2900, "{:?}", started.elapsed());
    assert!(said(&output).contains("locked"), "{output:?}");
    drop(held);
    assert_eq!(sandbox.living()[0]["branch"], "feature/login", "left for the next one");
    git(&sandbox, &folder, &["switch", "-q", "-c", "feature/third"]);
    assert_eq!(sandbox.living()[0]["branch"], "feature/third");
}

#[test]
fn a_state_folder_that_cannot_be_used_stops_nothing() {
    let mut sandbox = hooked();
    fs::write(sandbox.path("state"), "a file").unwrap();
    let (folder, output) = add(&sandbox, "by-git", "feature/login");
    assert_ne!(said(&output), "");
    sandbox.set("HOME", "");
    sandbox.set("XDG_STATE_HOME", "relative");
    git_goes_on(&sandbox, &folder, 0);
}

#[test]
fn a_removed_folder_that_one_stands_in_stops_nothing() {
    let sandbox = hooked();
    let run = sandbox
        .program("sh", &sandbox.path(""))
        .args([
            "-c",
            "mkdir gone && cd gone && rmdir ../gone && wt hook post-checkout a b 1 && wt hook pre-push o u",
        ])
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert!(String::from_utf8_lossy(&run.stderr).lines().count() <= 1, "{run:?}");
}

#[test]
fn an_env_file_that_cannot_be_read_is_said() {
    let sandbox = hooked();
    let hook = sandbox.repo().join(".git/hooks/post-checkout");
    let ours = fs::read_to_string(&hook).unwrap();
    fs::write(&hook, ours.replacen('\n', "\nmkdir -p .env/x\n", 1)).unwrap();
    fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    let (folder, output) = add(&sandbox, "by-git", "feature/login");
    assert!(said(&output).contains(".env"), "{output:?}");
    assert!(folder.join(".env/x").is_dir());
    assert_eq!(sandbox.living().len(), 1);
}
