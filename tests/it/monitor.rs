//! `wt monitor`: what comes and goes is told once, one at a time, and what is not allowed is not done.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::services::kill;
use crate::support::wait::{end_of, until};
use crate::support::{Sandbox, skip};

struct Monitor {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Monitor {
    fn start(sandbox: &Sandbox, more: &[&str]) -> Self {
        let words = [&["--json", "monitor", "--interval", "1h"], more].concat();
        let mut child =
            sandbox.command(&sandbox.path("home"), &words).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next news that `is_it`.
    fn next(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
            let news: Value = serde_json::from_str(&line).unwrap();
            if is_it(&news) {
                return news;
            }
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_look_says_what_is_wrong_and_by_its_status_whether_anything_is() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let well = sandbox.wt(&["monitor", "--once", "--json"]).ok().json();
    assert_eq!(
        (&well["health"]["not_running"], &well["conflicts"]),
        (&1.into(), &serde_json::json!([])),
        "{well}"
    );
    let Some(stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("python3");
    };
    let run = sandbox.wt_in(&sandbox.path("home"), &["monitor", "--once", "--json"]).exits(1);
    let wrong = run.json();
    assert_eq!(wrong["conflicts"][0]["port"], sandbox.port(0), "{wrong}");
    assert!(wrong["news"].as_array().unwrap().iter().any(|news| news["subject"] == "conflict"), "{wrong}");
    let port = |sandbox: &Sandbox| sandbox.living()[0]["allocations"][0]["port"].clone();
    assert_eq!(port(&sandbox), sandbox.port(0), "nothing is done that was not asked for");
    // As `resolve` does where nobody is asked: ours moves, the stranger stays.
    sandbox.wt(&["monitor", "--once", "--resolve"]);
    assert_ne!(port(&sandbox), sandbox.port(0));
    sandbox.wt(&["monitor", "--once"]).ok();
    drop(stranger);

    // What was moved just now waits for its server.
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let has_port = || {
        let two = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-two").unwrap();
        !two["allocations"].as_array().unwrap().is_empty()
    };
    sandbox.configure("[monitor]\nrelease_after = \"30d\"\n");
    sandbox.wt(&["monitor", "--once"]).ok();
    assert!(has_port(), "it was not idle for that long");
    sandbox.git(&sandbox.repo(), &["worktree", "lock", "../proj.worktrees/feature-two"]);
    sandbox.configure("[monitor]\nrelease_after = \"0s\"\n");
    sandbox.wt(&["monitor", "--once"]).ok();
    assert!(has_port(), "a locked one keeps its port");
    sandbox.git(&sandbox.repo(), &["worktree", "unlock", "../proj.worktrees/feature-two"]);
    sandbox.wt(&["monitor", "--once"]).ok();
    assert!(!has_port());
    sandbox.refused(&["monitor", "--interval", "0s"], "usage");
}

#[test]
fn it_wakes_when_something_changes_tells_it_once_and_there_is_one_of_it() {
    let mut sandbox = Sandbox::new();
    let path = sandbox.path("run/notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    sandbox.set("NOTIFY_SOCKET", &path);
    sandbox.set("WATCHDOG_USEC", "3000000");
    let fleet =
        sandbox.fleet("one", "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n");
    fleet.wt(&["up"]).ok();
    let web = fleet.pid("web");
    let mut monitor = Monitor::start(&sandbox, &[]);
    let seen = monitor.next(|news| news["subject"] == "service");
    assert!(seen["text"].as_str().unwrap().ends_with("healthy"), "{seen}");
    let (root, port) = (serde_json::json!(sandbox.repo()), fleet.port("web"));
    let whose = (&seen["repository"], &seen["repository_name"], &seen["worktree"], &seen["service"]);
    assert_eq!(whose, (&root, &"proj".into(), &"feature-one".into(), &"web".into()), "{seen}");
    assert_eq!((&seen["port"], &seen["state"]), (&port.into(), &"healthy".into()), "{seen}");
    let mut word = [0; 64];
    for expected in ["READY=1", "WATCHDOG=1"] {
        let length = manager.recv(&mut word).unwrap();
        assert_eq!(std::str::from_utf8(&word[..length]).unwrap(), expected);
    }
    let refused = sandbox.wt(&["monitor", "--json"]).exits(1);
    assert_eq!(refused.error("already_running")["details"]["pid"], monitor.child.id());

    kill(web);
    let told = monitor.next(|news| news["text"].as_str().unwrap().contains("healthy → "));
    assert!(told["text"].as_str().unwrap().contains("feature-one"), "{told}");

    kill_process(Pid::from_raw(i32::try_from(monitor.child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(end_of(&mut monitor.child).code(), Some(130));
    // One that was killed leaves the place free.
    let mut again = Monitor::start(&sandbox, &[]);
    until("it watches", || sandbox.state().join("monitor.json").exists());
    again.child.kill().unwrap();
    again.child.wait().unwrap();
    drop(Monitor::start(&sandbox, &[]).next(|_| true));
}

#[test]
fn the_unit_is_written_enabled_by_nobody_and_taken_away() {
    let sandbox = Sandbox::new();
    let unit = sandbox.path("config/systemd/user/wt-monitor.service");
    let run = sandbox.wt(&["monitor", "--install-unit", "--json"]).ok();
    let text = fs::read_to_string(&unit).unwrap();
    assert!(text.contains("Type=notify") && text.contains(" monitor --quiet"), "{text}");
    assert!(run.json()["next"][1].as_str().unwrap().contains("enable --now wt-monitor.service"));
    sandbox.wt(&["health", "--uninstall-timer"]).ok();
    assert!(unit.exists(), "the timer's units are others");
    sandbox.wt(&["monitor", "--uninstall-unit"]).ok();
    assert!(!unit.exists());
    fs::write(&unit, "[Unit]\nDescription=mine\n").unwrap();
    sandbox.refused(&["monitor", "--install-unit"], "path_not_empty");
    assert_eq!(fs::read_to_string(&unit).unwrap(), "[Unit]\nDescription=mine\n");
}
