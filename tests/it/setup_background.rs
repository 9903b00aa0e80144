//! Commands that nobody waits for: they begin behind the setup, and end with the worktree.

use std::fs;

use serde_json::Value;

use super::setup::trusted;
use crate::support::services::is_running;
use crate::support::{Sandbox, wait};

/// A command that says its pid and stays until it is told to go on.
const WAITS: &str = "sh -c 'echo $$ > ../pid.new; mv ../pid.new ../pid; while ! test -e ../go; do sleep 0.01; done; \
                     echo $WT_PATH $PORT > ../first'";

fn events(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.events().into_iter().map(|event| event["event"].clone()).collect()
}

#[test]
fn nobody_waits_for_the_background_and_it_ends_with_the_worktree() {
    let sandbox = trusted(&format!(
        "[worktree]\nsetup = [\"touch made\"]\nbackground = [\"test -e made\", \"{WAITS}\", \"sh -c 'echo behind; mv ../first ../last'\"]\n"
    ));
    let path = |name: &str| sandbox.path("proj.worktrees").join(name);
    let created = sandbox.json(&["create", "login", "--ports", "-x", "test", "-e", "made"]);
    assert_eq!(
        (&created["worktree"]["setup"]["state"], &created["status"]["exit"]),
        (&"done".into(), &0.into())
    );
    wait::until("the background", || path("pid").exists());
    let pid: u32 = fs::read_to_string(path("pid")).unwrap().trim().parse().unwrap();
    assert!(is_running(pid) && !path("first").exists());
    sandbox.wt(&["remove", "login"]).exits(1).says(&[&pid.to_string()]);
    fs::write(path("go"), "").unwrap();
    wait::until("the last command", || path("last").exists());
    let folder = sandbox.worktree("feature-login");
    let expected = format!("{} {}\n", folder.display(), sandbox.port(0));
    assert_eq!(fs::read_to_string(path("last")).unwrap(), expected);
    wait::until("the end of the background", || events(&sandbox).contains(&"background_done".into()));
    sandbox.wt(&["logs", "--setup", "--worktree", "login"]).ok().answers(&["behind"]);
    // Ended by force, nothing of it begins any more.
    for file in ["go", "pid", "last"] {
        fs::remove_file(path(file)).unwrap();
    }
    sandbox.wt(&["create", "other"]).ok();
    wait::until("the background", || path("pid").exists());
    let pid: u32 = fs::read_to_string(path("pid")).unwrap().trim().parse().unwrap();
    sandbox.wt(&["remove", "--force", "other"]).ok();
    assert!(!is_running(pid));
    fs::write(path("go"), "").unwrap();
    wait::until("the background's own end", || events(&sandbox).contains(&"background_failed".into()));
    assert!(!path("first").exists() && !path("last").exists());
}

#[test]
fn a_worktree_that_is_asked_for_again_begins_nothing_again() {
    let sandbox = trusted("[worktree]\nbackground = [\"sh -c 'echo begun >> ../begun'\"]\n");
    sandbox.wt(&["create", "login"]).ok();
    wait::until("the end of the background", || events(&sandbox).contains(&"background_done".into()));
    for _ in 0..2 {
        sandbox.wt(&["create", "login", "--reuse"]).ok();
    }
    let begun = events(&sandbox).into_iter().filter(|event| event == "background_started").count();
    assert_eq!(begun, 1, "{:?}", events(&sandbox));
}

#[test]
fn behind_a_setup_that_failed_or_without_trust_nothing_is_begun() {
    let sandbox = trusted("[worktree]\nsetup = [\"false\"]\nbackground = [\"touch ../begun\"]\n");
    sandbox.wt(&["create", "login"]).exits(1);
    sandbox.wt(&["create", "skipped", "--no-setup"]).ok();
    let text = "[worktree]\nsetup = [\"true\"]\nbackground = [\"touch ../begun\", \"echo new\"]\n";
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
    sandbox.wt(&["create", "other"]).ok().says(&["not trusted"]);
    let text = "[worktree]\nbackground = [\"touch ../begun\", \"echo new\"]\n";
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
    sandbox.wt(&["create", "third"]).ok().says(&["in the background were not run"]);
    assert!(!events(&sandbox).contains(&"background_started".into()));
    assert!(!sandbox.path("proj.worktrees/begun").exists());
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt(&["setup", "third"]).ok();
    wait::until("the background", || sandbox.path("proj.worktrees/begun").exists());
    wait::until("its end", || events(&sandbox).contains(&"background_done".into()));
}
