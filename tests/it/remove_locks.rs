//! git holds a lock in a worktree's admin folder while `wt` moves it: waited for or refused, and never put away or brought
//! back.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::support::{Sandbox, wait};

/// A worktree `feature-x`; answers a lock in its admin folder, which is not there yet.
fn with_lock(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.wt(&["create", "x"]).ok();
    sandbox.repo().join(".git/worktrees/feature-x").join(name)
}

/// Every lock below git's folder.
fn locks(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![sandbox.repo().join(".git")];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(here).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|end| end == "lock") {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn a_removal_waits_for_a_lock_that_goes() {
    let sandbox = Sandbox::new();
    for name in ["HEAD.lock", "logs/HEAD.lock", "index.lock"] {
        let lock = with_lock(&sandbox, name);
        fs::write(&lock, "").unwrap();
        let mut command = sandbox.command(&sandbox.repo(), &["remove", "x"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Held by whoever removes, while it removes.
        let at_work = sandbox.state().join("creating");
        wait::until("the removal", || at_work.read_dir().is_ok_and(|mut holds| holds.next().is_some()));
        assert!(child.try_wait().unwrap().is_none(), "{name}: it waits");
        fs::remove_file(&lock).unwrap();
        assert!(wait::end_of(&mut child).success(), "{name}");
        assert_eq!(locks(&sandbox), Vec::<PathBuf>::new(), "{name}");
    }
}

#[test]
fn a_removal_is_refused_beside_a_lock_that_stays() {
    let sandbox = Sandbox::new();
    let lock = with_lock(&sandbox, "HEAD.lock");
    fs::write(&lock, "").unwrap();
    let error = sandbox.refused(&["remove", "x"], "locked");
    assert!(error["message"].as_str().unwrap().contains("HEAD.lock"), "{error}");
    // Made anew: one that grows old while no git runs here was left by a process that is gone.
    fs::write(&lock, "again").unwrap();
    sandbox.wt(&["remove", "x", "--force"]).exits(1).says(&["HEAD.lock"]);
    fs::remove_file(&lock).unwrap();
    sandbox.wt(&["remove", "x"]).ok();
}

#[test]
fn a_lock_of_a_process_that_is_gone_is_neither_put_away_nor_brought_back() {
    let sandbox = Sandbox::new();
    for name in ["HEAD.lock", "logs/HEAD.lock"] {
        let lock = with_lock(&sandbox, name);
        let file = fs::File::create(&lock).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
        sandbox.wt(&["remove", "x"]).ok();
        assert_eq!(locks(&sandbox), Vec::<PathBuf>::new(), "{name}");
        // As an earlier version would have put it away.
        let mut trash =
            fs::read_dir(sandbox.repo().join(".git/wt/trash")).unwrap().map(|entry| entry.unwrap().path());
        let trash = trash.find(|path| path.is_dir()).unwrap();
        fs::write(trash.join(name), "").unwrap();
        sandbox.wt(&["restore", "x"]).ok();
        assert_eq!(locks(&sandbox), Vec::<PathBuf>::new(), "{name}");
        sandbox.git(&sandbox.repo(), &["gc", "-q"]);
        sandbox.git(&sandbox.worktree("feature-x"), &["switch", "-q", "--detach"]);
        sandbox.git(&sandbox.worktree("feature-x"), &["switch", "-q", "feature/x"]);
        sandbox.wt(&["remove", "x", "-D"]).ok();
        let _ = fs::remove_dir_all(sandbox.repo().join(".git/wt/trash"));
    }
}

#[test]
fn a_removal_of_several_that_stops_at_one_says_which_are_gone_and_how_they_come_back() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.wt(&["create", name]).ok();
    }
    fs::write(sandbox.repo().join(".git/worktrees/feature-b/index.lock"), "").unwrap();
    let error = sandbox.wt(&["--json", "remove", "a", "b", "c"]).exits(1).error("locked");
    assert_eq!(error["details"]["removed"], serde_json::json!(["feature-a"]), "{error}");
    assert_eq!(error["details"]["stopped_at"], "feature-b");
    sandbox.wt(&["restore", "feature-a"]).ok();
    let said = sandbox.wt(&["remove", "a", "b", "c"]).exits(1).says(&["index.lock"]);
    assert!(said.stdout.contains("`wt restore feature-a` brings it back"), "{}", said.shown());
    assert!(sandbox.repo().join("../proj.worktrees/feature-c").exists(), "it stopped before that");
}
