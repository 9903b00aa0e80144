//! Removing a worktree with services: what runs is named or ended, never left; what was kept of it goes and comes with it.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::state::Mount;
use crate::support::services::{Fleet, is_running, kill};
use crate::support::skip::skip;
use crate::support::{Sandbox, wait};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

/// Neither TERM nor INT ends it.
const STUBBORN: &str = r#"
[service.web]
run = '''python3 -c "
import os, signal, http.server as h
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()
"'''
stop = { timeout = "300ms" }
"#;

/// Says its own folder, and stays.
const TALKER: &str =
    "[service.web]\nrun = \"sh -c 'echo from $(pwd -P); exec sleep 600'\"\nlistens = false\n";

/// Every living process that carries the mark of a worktree of the usual repository.
fn marked(sandbox: &Sandbox) -> Vec<u32> {
    let mark = format!("WT_MARKER={}/", sandbox.registry()["repositories"][0]["id"].as_str().unwrap());
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_ours = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes()))
    };
    pids.filter(|pid| is_running(*pid)).filter(is_ours).collect()
}

/// Nothing of it is left; its supervisor may take a moment to end.
fn assert_all_gone(fleet: &Fleet<'_>, pids: &[u32]) {
    assert!(!fleet.folder.exists());
    assert!(pids.iter().all(|pid| !is_running(*pid)), "{pids:?}");
    wait::until("the supervisor's end", || marked(fleet.sandbox).is_empty());
}

/// What the talker has said, once it has.
fn said(fleet: &Fleet<'_>) -> String {
    wait::until("its words", || !fleet.wt(&["logs", "web"]).ok().stdout.is_empty());
    fleet.wt(&["logs", "web"]).ok().stdout
}

fn let_time_pass(sandbox: &Sandbox) {
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        if entry["state"] == "removed" {
            entry["trash"]["until"] = "2026-01-01T00:00:00Z".into();
        }
    }
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
}

#[test]
fn running_services_are_named_once_with_the_command_that_stops_them_and_stay_untouched() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let refused = sandbox.wt(&["remove", "one"]).exits(1);
    let down = format!("wt -C {} down", fleet.folder.display());
    let refused = refused.says(&["is in use", "running services: web", &down, "--force"]);
    assert!(!refused.stderr.contains("running inside"), "{}", refused.shown());
    assert_eq!(fleet.pid("web"), pid);
    assert!(is_running(pid));
    let stranger = sandbox.sleeper(&fleet.folder);
    let refused = sandbox.wt(&["remove", "one"]).exits(1);
    let refused = refused.says(&["running services: web", &format!("pid {}", stranger.pid())]);
    assert!(!refused.stderr.contains(&pid.to_string()), "{}", refused.shown());
    assert!(is_running(pid));
}

#[test]
fn a_worktree_with_running_services_is_removed_by_force_only_and_takes_them_along() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert_all_gone(&fleet, &[pid, supervisor]);
    sandbox.wt(&["restore", "one"]).ok();
    fleet.wt(&["up"]).ok();
    assert_eq!(fleet.state("web").0, "ready");
}

#[test]
fn what_ignores_its_signal_does_not_survive_a_removal() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", STUBBORN);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert_all_gone(&fleet, &[pid]);
}

#[test]
fn a_killed_supervisors_services_do_not_survive_a_removal() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    wait::until("its end", || !is_running(supervisor));
    sandbox.wt(&["remove", "one"]).exits(1).says(&["running services: web"]);
    assert!(is_running(pid));
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert_all_gone(&fleet, &[pid]);
}

#[test]
fn a_locked_worktree_keeps_its_services_until_force_is_given_twice() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    sandbox.git(&sandbox.repo(), &["worktree", "lock", fleet.folder.to_str().unwrap()]);
    for words in [&["remove", "one"][..], &["remove", "one", "--force"]] {
        sandbox.wt(words).exits(1).says(&["a lock"]);
        assert!(is_running(pid), "{words:?}");
        assert_eq!(fleet.state("web").0, "ready");
    }
    sandbox.wt(&["remove", "one", "--force", "--force"]).ok();
    assert_all_gone(&fleet, &[pid]);
}

#[test]
fn a_removal_of_several_that_is_refused_for_one_stops_nothing_of_the_others() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    sandbox.wt(&["create", "two"]).ok();
    sandbox.git(&sandbox.repo(), &["worktree", "lock", sandbox.worktree("feature-two").to_str().unwrap()]);
    sandbox.wt(&["remove", "--force", "one", "two"]).exits(1).says(&["feature-two", "a lock"]);
    assert!(is_running(pid));
    assert_eq!(fleet.state("web").0, "ready");
}

#[test]
fn a_removal_that_cannot_be_recorded_stops_nothing() {
    let sandbox = Sandbox::new();
    let Some(disk) = Mount::tmpfs(sandbox.state(), "size=1m,mode=700") else {
        return skip("only root can mount");
    };
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let filler = disk.0.join("filler");
    // What fits is written, then the disk is full.
    fs::write(&filler, vec![0; 2 << 20]).unwrap_err();
    sandbox.wt(&["remove", "one", "--force"]).exits(1).says(&["make room"]);
    fs::remove_file(&filler).unwrap();
    assert!(is_running(pid) && fleet.folder.is_dir());
    assert_eq!(fleet.state("web").0, "ready");
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert_all_gone(&fleet, &[pid]);
}

#[test]
fn a_removal_killed_while_services_end_is_finished_by_the_next() {
    let sandbox = Sandbox::new();
    let config = STUBBORN.replace("300ms", "2s");
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let mut removal = sandbox.command(&sandbox.repo(), &["remove", "one", "--force"]);
    let mut removal = removal.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait::until("the stop", || fleet.state("web").0 == "stopping");
    removal.kill().unwrap();
    removal.wait().unwrap();
    assert!(fleet.folder.is_dir());
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert_all_gone(&fleet, &[pid]);
}

#[test]
fn a_new_worktree_of_the_same_name_never_shows_old_lines_and_a_restored_one_has_its_own() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TALKER);
    fleet.wt(&["up"]).ok();
    let said = said(&fleet);
    assert!(said.starts_with("from /"), "{said}");
    let old = sandbox.services_of("feature-one");
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert!(old.join("logs/web.log").is_file(), "it can still be restored");
    sandbox.wt(&["create", "one"]).ok();
    assert_ne!(sandbox.services_of("feature-one"), old);
    assert_eq!(fleet.wt(&["logs"]).ok().stdout, "");
    assert_eq!(fleet.service("web")["restarts"], 0);
    sandbox.wt(&["remove", "one"]).ok();
    sandbox.wt(&["restore", "one"]).ok();
    assert_eq!(fleet.wt(&["logs"]).ok().stdout, "", "the one that was removed last");
}

#[test]
fn a_restored_worktree_has_its_logs_and_they_go_when_it_cannot_come_back() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TALKER);
    fleet.wt(&["up"]).ok();
    let said = said(&fleet);
    sandbox.wt(&["remove", "one", "--force"]).ok();
    sandbox.wt(&["restore", "one"]).ok();
    assert_eq!(fleet.wt(&["logs", "web"]).ok().stdout, said);
    assert_eq!(fleet.state("web").0, "stopped");
    sandbox.wt(&["remove", "one", "--force"]).ok();
    let_time_pass(&sandbox);
    sandbox.wt(&["sweep"]).ok();
    wait::until("the sweep", || sandbox.kept_services().is_empty());
}

#[test]
fn a_folder_deleted_by_hand_leaves_neither_logs_nor_processes_not_even_without_a_supervisor() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TALKER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    wait::until("its end", || !is_running(supervisor));
    fs::remove_dir_all(&fleet.folder).unwrap();
    sandbox.wt(&["list"]).ok().says(&["`feature-one` was released"]);
    assert!(!is_running(pid));
    assert_eq!(sandbox.kept_services(), Vec::<PathBuf>::new());
}

#[test]
fn a_vanished_worktree_that_was_put_away_comes_back_without_what_its_setup_had_made() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nsetup = \"touch made\"\nrun = \"sh -c 'cat made && exec sleep 600'\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["up"]).ok();
    fleet.wt(&["down"]).ok();
    fs::remove_dir_all(&fleet.folder).unwrap();
    sandbox.wt(&["remove", "one", "--force"]).ok();
    sandbox.wt(&["restore", "one"]).ok();
    fleet.wt(&["up", "--wait"]).ok();
    assert!(fleet.folder.join("made").is_file());
    fleet.wt(&["down"]).ok();
}

#[test]
fn services_whose_record_was_lost_do_not_survive_a_removal() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TALKER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    for file in fs::read_dir(sandbox.state()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("registry.json") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    sandbox.wt(&["adopt", fleet.folder.to_str().unwrap()]).ok();
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert!(!is_running(pid) && !fleet.folder.exists());
    wait::until("the supervisor's end", || !is_running(supervisor));
}

#[test]
fn what_a_killed_sweep_left_goes_with_the_next_and_what_is_in_use_stays() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TALKER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let own = sandbox.services_of("feature-one");
    // No entry bears its number and its time any more.
    let stray = own.with_file_name("1-5");
    fs::create_dir_all(stray.join("logs")).unwrap();
    fs::write(stray.join("logs/web.log"), "old\n").unwrap();
    let foreign = sandbox.path("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("kept"), "").unwrap();
    std::os::unix::fs::symlink(&foreign, stray.join("logs/link")).unwrap();
    std::os::unix::fs::symlink(&foreign, own.with_file_name("1-6")).unwrap();
    sandbox.wt(&["sweep"]).ok();
    assert!(!stray.exists() && own.is_dir() && foreign.join("kept").is_file());
    assert!(is_running(pid) && fleet.state("web").0 == "ready");
    // A supervisor's folder is nobody's to delete while it sits there.
    let registry = fs::read(sandbox.state().join("registry.json")).unwrap();
    let mut without: serde_json::Value = serde_json::from_slice(&registry).unwrap();
    without["worktrees"] = serde_json::json!([]);
    fs::write(sandbox.state().join("registry.json"), without.to_string()).unwrap();
    sandbox.wt(&["sweep"]).ok();
    fs::write(sandbox.state().join("registry.json"), registry).unwrap();
    assert!(is_running(pid) && fleet.state("web").0 == "ready");
}
