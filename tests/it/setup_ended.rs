//! Setups that do not come to their end by themselves: stopped, killed, timed out, removed; and what they leave running.

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::Signal;

use super::setup::{setup_of, trusted};
use crate::support::services::{is_running, kill, signal};
use crate::support::{Run, Sandbox, wait};

/// A setup whose second command says its pid and stays.
const STAYS: &str = "[worktree]\nsetup = [\"true\", \"sh -c 'sleep 1000 & echo $! > ../child; echo $$ > ../pid.new; \
                     mv ../pid.new ../pid; wait'\"]\n[service.web]\nrun = \"true\"\nlistens = false\n";

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(&sandbox.repo(), arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn number(sandbox: &Sandbox, file: &str) -> u32 {
    fs::read_to_string(sandbox.path("proj.worktrees").join(file)).unwrap().trim().parse().unwrap()
}

/// Waits until the second command runs, and returns its pid and its child's.
fn started(sandbox: &Sandbox, child: &mut Child) -> [u32; 2] {
    wait::until("the setup to start", || {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        sandbox.path("proj.worktrees/pid").exists()
    });
    let pids = ["pid", "child"].map(|file| number(sandbox, file));
    fs::remove_file(sandbox.path("proj.worktrees/pid")).unwrap();
    wait::until("the setup to be on record", || {
        let setup = setup_of(sandbox, "feature-login");
        setup["state"] == "running" && setup["command"].as_str().is_some_and(|text| text.contains("sleep"))
    });
    pids
}

fn end(child: Child, arguments: &[&str]) -> Run {
    Run::new(arguments, &child.wait_with_output().unwrap())
}

#[test]
fn ctrl_c_ends_the_setup_and_keeps_the_worktree() {
    let sandbox = trusted(STAYS);
    let words = ["--json", "create", "login", "-x", "touch", "../executed"];
    let mut create = start(&sandbox, &words);
    let pids = started(&sandbox, &mut create);
    signal(create.id(), Signal::INT);
    wait::end_of(&mut create);
    let run = end(create, &words).exits(130);
    run.error("interrupted");
    assert_eq!(run.json()["worktree"]["name"], "feature-login");
    assert_eq!(run.json()["worktree"]["setup"]["state"], "interrupted");
    assert!(pids.iter().all(|pid| !is_running(*pid)), "the command and all that it started is ended");
    assert!(!sandbox.path("proj.worktrees/executed").exists());
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "interrupted");
    assert!(sandbox.worktree("feature-login").join(".env").exists());
    sandbox.wt(&["remove", "login"]).ok();
}

#[test]
fn after_kill_9_the_worktree_stays_and_the_next_setup_ends_what_goes_on() {
    let sandbox = trusted(STAYS);
    let mut create = start(&sandbox, &["create", "login"]);
    let [pid, child] = started(&sandbox, &mut create);
    kill(create.id());
    wait::end_of(&mut create);
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "interrupted");
    sandbox.wt(&["list"]).ok().answers(&["setup interrupted"]);
    assert!(is_running(pid) && is_running(child));
    sandbox.wt(&["remove", "login"]).exits(1).says(&[&child.to_string()]);
    let mut again = start(&sandbox, &["setup", "login"]);
    let [second, _] = started(&sandbox, &mut again);
    assert!(!is_running(pid) && !is_running(child), "two at once would spoil each other's work");
    signal(again.id(), Signal::TERM);
    wait::end_of(&mut again);
    end(again, &["setup"]).exits(130);
    assert!(!is_running(second));
}

#[test]
fn while_a_setup_runs_others_wait_or_are_refused_and_force_ends_it() {
    let sandbox = trusted(STAYS);
    let mut create = start(&sandbox, &["--json", "create", "login"]);
    let pids = started(&sandbox, &mut create);
    let folder = sandbox.worktree("feature-login");
    sandbox.wt(&["list"]).ok().answers(&["setting up"]);
    sandbox.wt(&["--json", "setup", "login"]).exits(1).error("locked");
    let error = sandbox.wt(&["--json", "remove", "login"]).exits(1).error("dirty");
    assert_eq!(error["details"]["losses"][0]["kind"], "setup", "{error}");
    let mut up = sandbox.command(&folder, &["up"]);
    let up = up.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(pids.iter().all(|pid| is_running(*pid)), "nobody was ended by being asked about");
    sandbox.wt(&["remove", "--force", "login"]).ok();
    assert!(pids.iter().all(|pid| !is_running(*pid)));
    let status = wait::end_of(&mut create).code();
    let run = end(create, &["--json", "create"]);
    assert_eq!(status, Some(1), "{}", run.shown());
    assert!(!folder.exists());
    end(up, &["up"]).exits(1).says(&["waiting for the setup of `feature-login`"]);
    sandbox.wt(&["restore", "login"]).ok();
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "interrupted", "as it was when it was removed");
}

#[test]
fn up_goes_on_once_the_setup_is_done() {
    let sandbox = trusted(
        "[worktree]\nsetup = [\"sh -c 'touch ../begun; while ! test -e ../go; do sleep 0.01; done; touch made'\"]\n\
         [service.web]\nrun = \"sh -c 'test -e made && touch ../served'\"\nlistens = false\n",
    );
    let mut create = start(&sandbox, &["create", "login"]);
    wait::until("the setup to start", || sandbox.path("proj.worktrees/begun").exists());
    let mut up = sandbox.command(&sandbox.worktree("feature-login"), &["up", "--json"]);
    let mut up = up.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fs::write(sandbox.path("proj.worktrees/go"), "").unwrap();
    assert!(wait::end_of(&mut create).success());
    assert!(wait::end_of(&mut up).success());
    end(up, &["up"]).ok();
    wait::until("the service to find what the setup made", || sandbox.path("proj.worktrees/served").exists());
}

#[test]
fn a_setup_that_never_ends_is_ended_by_its_time_limit() {
    let sandbox = trusted(&format!(
        "{}\n",
        STAYS.replacen("[worktree]\n", "[worktree]\nsetup_timeout = \"400ms\"\n", 1)
    ));
    let run = sandbox.wt(&["--json", "create", "login"]).exits(1);
    let error = run.error("setup_failed");
    assert!(error["message"].as_str().unwrap().contains("longer than"), "{error}");
    assert!(["pid", "child"].iter().all(|file| !is_running(number(&sandbox, file))));
    assert_eq!(setup_of(&sandbox, "feature-login")["state"], "failed");
}

#[test]
fn what_a_setup_leaves_running_is_the_worktrees_and_ends_with_it() {
    let sandbox = trusted(
        "[worktree]\nsetup = [\"sh -c 'cd /; setsid sh -c \\\"echo \\\\$\\\\$ > $WT_PATH/../daemon; exec sleep 1000\\\" &'\"]\n",
    );
    let daemon = |id: &str| {
        // The create waits for the command alone, and not for whoever has its output open.
        sandbox.wt(&["create", id]).ok();
        let file = sandbox.path("proj.worktrees/daemon");
        wait::until("the daemon", || fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n')));
        let pid = number(&sandbox, "daemon");
        fs::remove_file(file).unwrap();
        wait::until("the daemon's own program", || {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
        });
        pid
    };
    let pid = daemon("login");
    let folder = sandbox.worktree("feature-login");
    sandbox.wt_in(&folder, &["down"]).ok();
    assert!(is_running(pid), "it is no service");
    sandbox.wt(&["remove", "login"]).exits(1).says(&[&pid.to_string()]);
    assert!(is_running(pid), "a removal that is refused ends nobody");
    sandbox.wt(&["remove", "--force", "login"]).ok();
    assert!(!is_running(pid));
    // Also where the folder was deleted by hand.
    let pid = daemon("other");
    fs::remove_dir_all(sandbox.worktree("feature-other")).unwrap();
    sandbox.wt(&["prune"]).ok();
    assert!(!is_running(pid));
}
