//! What services leave behind ends with them, however it hides; what is not theirs is left alone.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

use crate::support::services::{Fleet, is_running, kill, signal};
use crate::support::wait::until;
use crate::support::{Sandbox, holder::Holder};

/// Forks twice into sessions of their own, with or without its environment; the daemon says who it is and stays. The first
/// process serves, or follows the word it was given.
const DAEMON: &str = "import http.server, os, sys, time
port, name, wipe, after = int(sys.argv[1]), sys.argv[2], sys.argv[3] == 'wiped', sys.argv[4]
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        code = 'import os, signal; open(\"%s\", \"w\").write(str(os.getpid())); signal.pause()' % name
        os.execve(sys.executable, [sys.executable, '-c', code], {} if wipe else os.environ)
    os._exit(0)
os.wait()
while not os.path.exists(name) or not open(name).read(): time.sleep(0.005)
if after == 'crash': os._exit(3)
if after == 'leave': os._exit(0)
http.server.HTTPServer(('', port), http.server.SimpleHTTPRequestHandler).serve_forever()
";

fn service(sandbox: &Sandbox, name: &str, words: &str, more: &str) -> String {
    fs::write(sandbox.path("daemon.py"), DAEMON).unwrap();
    let script = sandbox.path("daemon.py");
    format!(
        "[service.{name}]\nrun = \"python3 {} {{{{ port }}}} {name}.pid {words}\"\n{more}\n",
        script.display()
    )
}

fn daemon(folder: &Path, name: &str) -> u32 {
    fs::read_to_string(folder.join(format!("{name}.pid"))).unwrap().parse().unwrap()
}

#[test]
fn daemons_that_fork_twice_and_wipe_their_environment_end_with_down() {
    let sandbox = Sandbox::new();
    let config = service(&sandbox, "web", "kept serve", "") + &service(&sandbox, "api", "wiped serve", "");
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let daemons = [daemon(&fleet.folder, "web"), daemon(&fleet.folder, "api")];
    assert!(daemons.into_iter().all(is_running));
    fleet.wt(&["down"]).ok();
    assert!(!daemons.into_iter().any(is_running), "{daemons:?}");
}

/// Serves in the background, and ends well when it is asked to.
const BACKGROUND: &str = "import http.server as h, os, signal
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()
";

#[test]
fn a_daemon_that_is_killed_is_started_again_and_one_that_ended_well_is_not() {
    let sandbox = Sandbox::new();
    let script = sandbox.path("background.py");
    fs::write(&script, BACKGROUND).unwrap();
    let policy = "restart = { policy = \"on-failure\", backoff = \"5ms\" }";
    let config = format!("[service.web]\nrun = \"python3 {}\"\n{policy}\n", script.display());
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let first = fleet.pid("web");
    assert_eq!(fleet.service("web")["restarts"], 0, "it only went into the background");
    kill(first);
    until("its next run", || {
        let service = fleet.service("web");
        service["state"] == "ready" && service["pid"] != first
    });
    assert_eq!(fleet.service("web")["restarts"], 1);
    signal(fleet.pid("web"), Signal::TERM);
    until("its end", || fleet.state("web").0 == "completed");
}

#[test]
fn a_job_that_leaves_something_behind_for_a_moment_is_completed() {
    let sandbox = Sandbox::new();
    let config = "[service.job]\nrun = \"sh -c 'sleep 0.3 & exit 0'\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["up"]).ok();
    until("its end", || fleet.state("job").0 != "ready");
    assert_eq!(fleet.state("job").0, "completed");
}

#[test]
fn a_daemon_of_one_service_outlives_the_stop_of_another() {
    let sandbox = Sandbox::new();
    let config = service(&sandbox, "web", "kept serve", "") + &service(&sandbox, "api", "kept serve", "");
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let (web, api) = (daemon(&fleet.folder, "web"), daemon(&fleet.folder, "api"));
    let server = fleet.pid("api");
    fleet.wt(&["restart", "web"]).ok();
    assert!(!is_running(web) && is_running(api) && fleet.pid("api") == server);
}

#[test]
fn the_daemon_of_a_service_that_crashed_is_cleared_away() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &service(&sandbox, "web", "kept crash", ""));
    fleet.wt(&["up"]).exits(1);
    let left = daemon(&fleet.folder, "web");
    until("its end", || !is_running(left));
}

/// Leaves in its own session a process without an environment, and crashes beside another service that goes on.
const WIPED: &str = "import os, sys, time
if os.fork() == 0:
    code = 'import os, signal; open(\"wiped\", \"w\").write(str(os.getpid())); signal.pause()'
    os.execve(sys.executable, [sys.executable, '-c', code], {})
while not os.path.exists('wiped') or not open('wiped').read(): time.sleep(0.005)
os._exit(3)
";

#[test]
fn what_a_crashed_service_left_in_its_session_is_cleared_away_though_it_wiped_its_environment() {
    let sandbox = Sandbox::new();
    let script = sandbox.path("wiped.py");
    fs::write(&script, WIPED).unwrap();
    let config = format!(
        "[service.other]\nrun = \"sleep 600\"\nlistens = false\n\n[service.web]\nrun = \"python3 {}\"\n",
        script.display()
    );
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up", "other"]).ok();
    fleet.wt(&["up", "web"]).exits(1);
    let left = fs::read_to_string(fleet.folder.join("wiped")).unwrap().parse().unwrap();
    until("its end", || !is_running(left));
    assert_eq!(fleet.state("other").0, "ready");
}

#[test]
fn a_daemon_outlives_no_removal_of_its_worktree() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &service(&sandbox, "web", "kept serve", ""));
    fleet.wt(&["up"]).ok();
    let (server, left) = (fleet.pid("web"), daemon(&fleet.folder, "web"));
    sandbox.wt(&["remove", "one", "--force"]).ok();
    assert!(!is_running(server) && !is_running(left));
}

#[test]
fn after_a_killed_supervisor_a_daemon_with_its_environment_is_still_found() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &service(&sandbox, "web", "kept serve", ""));
    fleet.wt(&["up"]).ok();
    let (server, left) = (fleet.pid("web"), daemon(&fleet.folder, "web"));
    kill(fleet.supervisor().unwrap());
    fleet.wt(&["down"]).ok();
    assert!(!is_running(server) && !is_running(left));
}

#[test]
fn after_a_killed_supervisor_a_daemon_without_its_environment_is_known_by_the_record() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &service(&sandbox, "web", "wiped serve", ""));
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    let daemon = daemon(&fleet.folder, "web");
    kill(supervisor);
    kill(pid);
    until("their ends", || !is_running(supervisor) && !is_running(pid));
    // Looked at by a supervisor that has nothing else to do, and handed on by it.
    fleet.wt(&["status"]).ok();
    assert!(is_running(daemon));
    if let Some(next) = fleet.supervisor() {
        kill(next);
    }
    fleet.wt(&["down"]).ok();
    assert!(!is_running(daemon));
}

#[test]
fn what_is_not_of_the_services_stays_though_it_stands_in_the_worktree_and_carries_its_marker() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &service(&sandbox, "web", "kept serve", ""));
    fleet.wt(&["up"]).ok();
    let mut shell = stranger(&fleet, "cat", &[]);
    // What `wt run` started is the user's own.
    let wt = fleet.sandbox.command(&fleet.folder, &["run", "cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut run = Holder { child: wt };
    fleet.wt(&["down"]).ok();
    assert!(shell.child.try_wait().unwrap().is_none());
    assert!(run.child.try_wait().unwrap().is_none());
}

/// A process that stands in the worktree, and ends with its stdin.
fn stranger(fleet: &Fleet<'_>, program: &str, arguments: &[&str]) -> Holder {
    let mut command = fleet.sandbox.program(program, &fleet.folder);
    let child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    Holder { child }
}
