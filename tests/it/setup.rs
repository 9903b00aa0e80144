//! What makes a worktree ready: its commands run in order, in the worktree, and a failure of theirs takes nothing back.

use std::fs;

use serde_json::Value;

use crate::support::Sandbox;

/// A sandbox whose repository has this `.wt.toml`, trusted.
pub fn trusted(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), config).unwrap();
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox
}

/// The setup of a worktree as `wt list` shows it.
#[track_caller]
pub fn setup_of(sandbox: &Sandbox, name: &str) -> Value {
    let list = sandbox.json(&["list"]);
    let found =
        list["worktrees"].as_array().unwrap().iter().find(|worktree| worktree["name"] == name).cloned();
    found.unwrap_or_else(|| panic!("{name} is not in {list}"))["setup"].clone()
}

#[test]
fn a_setup_runs_in_order_in_the_worktree_with_its_variables_and_without_a_terminal() {
    let sandbox = trusted(
        "[worktree]\nsetup = [\n\
         \"sh -c 'echo first; { pwd; echo $WT_PATH; echo $WT_MAIN; echo $PORT; } > ../seen'\",\n\
         \"sh -c 'cat; if test -t 0 || test -t 1 || (: < /dev/tty) 2> /dev/null; then echo terminal; fi >> ../seen'\",\n\
         \"sh -c 'echo {{ ports.web }} {{ name }} >> ../seen; echo oops >&2'\"]\n",
    );
    let created = sandbox.json(&["create", "login", "--ports", "-x", "cat", "../seen"]);
    let folder = sandbox.worktree("feature-login");
    let (port, path) = (sandbox.port(0), folder.display().to_string());
    let seen = fs::read_to_string(sandbox.path("proj.worktrees/seen")).unwrap();
    let main = sandbox.repo().display().to_string();
    assert_eq!(seen, format!("{path}\n{path}\n{main}\n{port}\n{port} feature-login\n"));
    assert_eq!(created["status"]["exit"], 0, "what follows `-x` waits for the setup: {created}");
    assert_eq!(created["worktree"]["setup"]["state"], "done");
    assert!(created["error"].is_null());
    assert!(setup_of(&sandbox, "feature-login")["at"].is_string());
    let log = sandbox.wt_in(&folder, &["logs", "--setup"]).ok().stdout;
    let said: Vec<&str> = log.lines().filter(|line| !line.starts_with('$')).collect();
    assert_eq!(said, ["first", "oops"], "{log}");
    assert_eq!(log.lines().filter(|line| line.starts_with("$ sh -c")).count(), 3);
    let events: Vec<Value> = sandbox.events().into_iter().map(|event| event["event"].clone()).collect();
    assert!(events.contains(&"setup_started".into()) && events.contains(&"setup_done".into()), "{events:?}");
}

#[test]
fn a_setup_that_fails_keeps_the_worktree_and_is_run_again_by_name() {
    let mut sandbox = trusted(
        "[worktree]\nsetup = [\"sh -c 'echo one >> ../ran'\", \"sh -c 'echo no such package; test -e ../mended'\", \
         \"sh -c 'echo three >> ../ran'\"]\n[service.web]\nrun = \"true\"\nlistens = false\n",
    );
    let directive = sandbox.path("run/directive");
    fs::write(&directive, "").unwrap();
    sandbox.set("WT_DIRECTIVE_FILE", directive.clone());
    let words = ["--json", "create", "login", "--ports", "--switch", "-x", "touch", "../executed"];
    let run = sandbox.wt(&words).exits(1);
    let error = run.error("setup_failed");
    let created = run.json();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(created["worktree"]["path"], folder.display().to_string(), "both, the worktree and the error");
    assert_eq!((&error["details"]["exit"], &created["worktree"]["setup"]["exit"]), (&1.into(), &1.into()));
    assert!(error["message"].as_str().unwrap().contains("no such package"), "its last words: {error}");
    assert!(folder.join(".env").exists() && !sandbox.path("proj.worktrees/executed").exists());
    assert!(
        fs::read_to_string(&directive).unwrap().contains("feature-login"),
        "`--switch` goes there all the same"
    );
    let ran = || fs::read_to_string(sandbox.path("proj.worktrees/ran")).unwrap();
    assert_eq!(ran(), "one\n", "nothing runs behind the one that failed");
    let setup = setup_of(&sandbox, "feature-login");
    assert_eq!(setup["state"], "failed");
    assert!(setup["command"].as_str().unwrap().contains("mended") && setup["log"].is_string(), "{setup}");
    sandbox.wt(&["list"]).ok().answers(&["setup failed"]);
    sandbox
        .wt_in(&folder, &["up"])
        .ok()
        .says(&["the setup of `feature-login` has failed", "wt setup feature-login"]);
    // The other way to say it, and the words beside the answer.
    sandbox.wt(&["setup", "-w", "feature-login"]).exits(1).says(&["its last words", "no such package"]);
    sandbox.wt(&["setup", "feature-login", "-w", "feature-login"]).exits(2);
    fs::write(sandbox.path("proj.worktrees/mended"), "").unwrap();
    let again = sandbox.json(&["setup", "feature-login"]);
    assert_eq!(again["worktree"]["setup"]["state"], "done");
    assert_eq!(ran(), "one\none\none\nthree\n");
    sandbox.wt_in(&folder, &["down"]).ok();
}

#[test]
fn nothing_to_set_up_is_said_and_no_setup_is_noted() {
    let sandbox = trusted("[worktree]\nsetup = [\"touch ../ran\"]\n");
    let created = sandbox.json(&["create", "login", "--no-setup"]);
    assert_eq!(created["worktree"]["setup"]["state"], "skipped");
    assert!(!sandbox.path("proj.worktrees/ran").exists());
    assert_eq!(sandbox.json(&["setup", "login"])["worktree"]["setup"]["state"], "done");
    assert!(sandbox.path("proj.worktrees/ran").exists());
    fs::write(sandbox.repo().join(".wt.toml"), "").unwrap();
    let created = sandbox.json(&["create", "other"]);
    assert_eq!(created["worktree"]["setup"]["state"], "none");
    sandbox.wt(&["setup", "other"]).ok().says(&["needs no setup"]);
    sandbox.refused(&["setup", "nobody"], "not_found");
    // A command that is not there, and a value that is not there, are failures of the setup as any other.
    for (command, word) in
        [("wt-no-such-program", "wt-no-such-program"), ("echo {{ ports.web }}", "ports.web")]
    {
        fs::write(sandbox.repo().join(".wt.toml"), format!("[worktree]\nsetup = [\"{command}\"]\n")).unwrap();
        sandbox.wt(&["trust", "--yes"]).ok();
        let error = sandbox.wt(&["--json", "setup", "other"]).exits(1).error("setup_failed");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
}

#[test]
fn gits_hook_records_a_worktree_and_never_runs_its_setup() {
    let sandbox = trusted("[worktree]\nsetup = [\"touch ../ran\"]\n");
    sandbox.wt(&["hooks", "install"]).ok();
    let folder = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", folder.to_str().unwrap(), "-b", "by-git"]);
    sandbox.wt(&["adopt", folder.to_str().unwrap()]).ok();
    assert!(!sandbox.path("ran").exists());
    assert_eq!(setup_of(&sandbox, "by-git")["state"], "none");
}

#[test]
#[ignore = "heavy: writes 700 MB"]
fn a_setup_that_writes_without_end_does_not_fill_the_disk() {
    let sandbox = trusted("[worktree]\nsetup = [\"sh -c 'yes | head -c 700000000'\"]\n");
    let created = sandbox.json(&["create", "login"]);
    let log = fs::metadata(created["worktree"]["setup"]["log"].as_str().unwrap()).unwrap();
    let taken = std::os::unix::fs::MetadataExt::blocks(&log) * 512;
    assert!(taken < 200 << 20, "{taken}");
}
