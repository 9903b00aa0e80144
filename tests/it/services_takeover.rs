//! What survives what: a killed supervisor, daemons, a deleted folder, two starts at once, a removal.

use std::fs;
use std::process::Stdio;

use crate::support::holder::Holder;
use crate::support::services::{Fleet, is_running, kill};
use crate::support::{Run, Sandbox, wait};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

const ALWAYS: &str = "restart = { policy = \"always\", backoff = \"5ms\" }\n";

/// Forks twice, leads a session of its own, and lets its first process end.
const DAEMON: &str = r#"
[service.web]
run = '''python3 -c "
import os, sys, http.server as h
if os.fork(): sys.exit(0)
os.setsid()
if os.fork(): sys.exit(0)
open('pid', 'w').write(str(os.getpid()))
h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()
"'''
"#;

#[test]
fn after_a_killed_supervisor_the_next_command_takes_the_services_over_and_says_so() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &format!("{SERVER}{ALWAYS}"));
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    wait::until("its end", || !is_running(supervisor));
    assert!(is_running(pid));
    fleet.wt(&["status"]).ok().says(&["took over web", &format!("pid {pid}")]);
    wait::until("the state", || fleet.state("web").0 == "ready");
    assert_eq!(fleet.pid("web"), pid);
    assert_ne!(fleet.supervisor(), Some(supervisor));
    kill(pid);
    wait::until("a restart by the new one", || {
        let service = fleet.service("web");
        service["state"] == "ready" && service["pid"] != pid
    });
    fleet.wt(&["down"]).ok();
}

#[test]
fn a_killed_supervisors_services_can_be_stopped_at_once() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    fleet.wt(&["down"]).ok().answers(&["web"]);
    assert!(!is_running(pid));
    assert_eq!(fleet.state("web").0, "stopped");
}

#[test]
fn what_only_waited_when_its_supervisor_was_killed_has_stopped() {
    let sandbox = Sandbox::new();
    let config = "[service.db]\nrun = \"sleep 600\"\n\
                  [service.web]\nrun = \"sleep 601\"\nlistens = false\ndepends_on = [\"db\"]\n\
                  restart = { policy = \"always\", backoff = \"5ms\" }\n";
    let fleet = sandbox.fleet("one", config);
    let mut up = sandbox.command(&fleet.folder, &["up", "-q"]).stderr(Stdio::null()).spawn().unwrap();
    wait::until("its start", || fleet.service("db")["pid"].is_u64());
    let supervisor = fleet.supervisor().unwrap();
    kill(supervisor);
    wait::end_of(&mut up);
    fleet.wt(&["status"]).ok().says(&["took over db"]);
    assert_eq!((fleet.state("db").0.as_str(), fleet.state("web").0.as_str()), ("starting", "stopped"));
    fleet.wt(&["down"]).ok();
}

#[test]
fn after_a_reboot_a_look_starts_nothing_again() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &format!("{SERVER}{ALWAYS}"));
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    kill(pid);
    wait::until("their ends", || !is_running(supervisor) && !is_running(pid));
    let file = sandbox.services_of("feature-one").join("services.json");
    let text = fs::read_to_string(&file).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert!(text.contains(boot.trim()));
    fs::write(&file, text.replace(boot.trim(), "11111111-2222-3333-4444-555555555555")).unwrap();
    fleet.wt(&["status"]).ok();
    assert_eq!(fleet.state("web").0, "stopped");
    fleet.wt(&["up"]).ok();
    assert_eq!(fleet.state("web").0, "ready");
}

/// As [`SERVER`], and every pid of its record belongs to strangers by now.
fn with_reused_pids(sandbox: &Sandbox) -> (Fleet<'_>, Holder) {
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    kill(pid);
    wait::until("their ends", || !is_running(supervisor) && !is_running(pid));
    let home = sandbox.path("home");
    // It leads a session, and has a child: neither makes anybody the service's kin.
    let mut stranger = sandbox.program("setsid", &home);
    stranger.args(["sh", "-c", "sleep 600 & wait"]);
    let stranger = Holder { child: stranger.spawn().unwrap() };
    wait::until("its child", || !children(stranger.pid()).is_empty());
    for file in
        [sandbox.services_of("feature-one").join("services.json"), sandbox.state().join("registry.json")]
    {
        let text = fs::read_to_string(&file).unwrap();
        let mut changed = text.clone();
        for old in [pid, supervisor] {
            changed = changed.replace(&format!("\"pid\":{old},"), &format!("\"pid\":{},", stranger.pid()));
        }
        assert!(text != changed || file.ends_with("registry.json"));
        fs::write(&file, changed).unwrap();
    }
    (fleet, stranger)
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn a_reused_pid_is_never_taken_for_a_service() {
    for words in [&["status"][..], &["down"], &["down", "--reset"], &["up"], &["restart"]] {
        let sandbox = Sandbox::new();
        let (fleet, stranger) = with_reused_pids(&sandbox);
        let child = children(stranger.pid());
        let run = fleet.wt(words).ok();
        assert!(!run.stdout.contains(&stranger.pid().to_string()), "{}", run.shown());
        assert_eq!(children(stranger.pid()), child, "{words:?}");
        assert_ne!(fleet.supervisor(), Some(stranger.pid()));
        assert!(is_running(stranger.pid()) && is_running(child[0]), "{words:?}");
        kill(child[0]);
    }
    for words in [&["remove", "one"][..], &["remove", "one", "--force"]] {
        let sandbox = Sandbox::new();
        let (_fleet, stranger) = with_reused_pids(&sandbox);
        let child = children(stranger.pid());
        sandbox.wt(words).ok();
        assert!(is_running(stranger.pid()) && is_running(child[0]), "{words:?}");
        kill(child[0]);
    }
}

#[test]
fn what_a_stranger_with_a_reused_pid_left_in_a_session_of_its_own_is_left_and_named() {
    for words in [&["down"][..], &["status"], &["down", "--reset"]] {
        let sandbox = Sandbox::new();
        let (fleet, stranger) = with_reused_pids(&sandbox);
        let child = children(stranger.pid())[0];
        // Its leader is gone: nothing tells this session from one that the recorded process led.
        drop(stranger);
        let run = fleet.wt(words).ok().says(&["left alone", &format!("kill {child}")]);
        assert!(is_running(child), "{words:?}: {}", run.shown());
        kill(child);
    }
}

#[test]
fn a_daemon_that_forks_twice_is_its_service_and_is_stopped_with_it() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", DAEMON);
    fleet.wt(&["up"]).ok();
    // By its own word: those before it may still be ending.
    let pid = fs::read_to_string(fleet.folder.join("pid")).unwrap().parse().unwrap();
    assert_eq!(fleet.state("web").0, "ready");
    let supervisor = fleet.supervisor().unwrap();
    kill(supervisor);
    wait::until("its end", || !is_running(supervisor));
    fleet.wt(&["status"]).ok();
    assert!(is_running(pid), "taken over, too");
    fleet.wt(&["down"]).ok();
    assert!(!is_running(pid));
}

#[test]
fn a_worktree_whose_folder_is_deleted_leaves_no_process() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    fs::remove_dir_all(&fleet.folder).unwrap();
    wait::until("the service's end", || !is_running(pid));
    wait::until("the supervisor's end", || !is_running(supervisor));
}

#[test]
fn two_starts_at_once_are_one() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    let start = || {
        let mut command = sandbox.command(&fleet.folder, &["--json", "up"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..6).map(|_| start()).collect();
    let pids: Vec<u64> = children
        .into_iter()
        .map(|child| {
            let run = Run::new(&["--json", "up"], &child.wait_with_output().unwrap()).ok();
            run.json()["services"][0]["pid"].as_u64().unwrap()
        })
        .collect();
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
}

#[test]
fn an_interrupted_start_is_taken_back() {
    let sandbox = Sandbox::new();
    let config = format!("{SERVER}[service.slow]\nrun = \"sleep 600\"\ndepends_on = [\"web\"]\n");
    let fleet = sandbox.fleet("one", &config);
    let mut child = sandbox.command(&fleet.folder, &["up"]).stderr(Stdio::null()).spawn().unwrap();
    wait::until("the first service", || fleet.state("web").0 == "ready");
    let pid = fleet.pid("web");
    let native = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(native, rustix::process::Signal::INT).unwrap();
    assert_eq!(wait::end_of(&mut child).code(), Some(130));
    assert!(!is_running(pid));
    assert_eq!(fleet.state("slow").0, "stopped");
}

#[test]
fn the_foreground_shows_what_is_written_and_takes_everything_along() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'test -t 1 && echo on a terminal; \
                  exec python3 -m http.server $PORT --bind 127.0.0.1'\"\n";
    let fleet = sandbox.fleet("one", config);
    let mut command = sandbox.command(&fleet.folder, &["up", "--foreground"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    wait::until("the service", || fleet.state("web").0 == "ready");
    let pid = fleet.pid("web");
    let native = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(native, rustix::process::Signal::INT).unwrap();
    assert_eq!(wait::end_of(&mut child).code(), Some(130));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    assert!(said.contains("web\ton a terminal"), "{said:?}");
    assert!(!is_running(pid));
    assert_eq!(fleet.state("web").0, "stopped");
}

#[test]
fn a_failed_foreground_start_leaves_alone_what_ran_before() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &format!("{SERVER}[service.bad]\nrun = \"no-such-command-here\"\n"));
    fleet.wt(&["up", "web"]).ok();
    let pid = fleet.pid("web");
    fleet.wt(&["up", "--foreground", "bad"]).exits(1);
    assert_eq!(fleet.state("web").0, "ready");
    assert!(is_running(pid));
    fleet.wt(&["down"]).ok();
}

#[test]
fn an_interrupted_stop_leaves_its_caller_at_once_and_goes_on() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = '''python3 -c \"import signal, http.server as h, os; \
                  signal.signal(signal.SIGTERM, signal.SIG_IGN); \
                  h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()\"'''\n\
                  stop = { timeout = \"600s\" }\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    let mut child = sandbox.command(&fleet.folder, &["down"]).stderr(Stdio::null()).spawn().unwrap();
    wait::until("the stop", || fleet.state("web").0 == "stopping");
    let native = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(native, rustix::process::Signal::INT).unwrap();
    assert_eq!(wait::end_of(&mut child).code(), Some(130));
    assert!(is_running(pid), "it may take its time");
    // What was being stopped goes on being stopped by the next one, too.
    kill(supervisor);
    wait::until("its end", || !is_running(supervisor));
    fleet.wt(&["status"]).ok();
    assert_eq!(fleet.state("web").0, "stopping");
    let another = fleet.supervisor().unwrap();
    kill(pid);
    wait::until("the other supervisor's end", || !is_running(another));
}
