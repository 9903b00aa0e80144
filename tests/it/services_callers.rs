//! Who talks with a supervisor: several at once, those who say nothing, strangers, and what is answered while it is in
//! trouble itself.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;

use crate::support::services::{Fleet, is_running, signal};
use crate::support::wait::{end_of, until};
use crate::support::{Sandbox, holder::Holder, skip};

/// Two that need no port.
const TWO: &str = "[service.a]\nrun = \"sleep 600\"\nlistens = false\n
[service.b]\nrun = \"sleep 601\"\nlistens = false\n";

/// Takes two seconds to end.
const SLOW: &str = r#"[service.slow]
run = '''python3 -c "import signal, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(2), exit())); open('slow', 'w'); time.sleep(600)"'''
listens = false
stop = { timeout = "20s" }
"#;

/// Speaks as somebody else to the socket it is given.
const STRANGER: &str = "import os, socket, sys
os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(20)
try:
    s.sendall(b'{\"ask\":\"stop\"}\\n'); print(s.recv(1))
except (BrokenPipeError, ConnectionResetError): print(b'')
";

fn socket(sandbox: &Sandbox) -> PathBuf {
    let mut found = fs::read_dir(sandbox.state().join("run")).unwrap();
    found.next().unwrap().unwrap().path()
}

fn begin(fleet: &Fleet<'_>, arguments: &[&str]) -> Child {
    let mut command = fleet.sandbox.command(&fleet.folder, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn said(mut child: Child) -> (Option<i32>, String) {
    let status = end_of(&mut child);
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (status.code(), text)
}

#[test]
fn who_connects_and_asks_nothing_is_let_go_and_keeps_no_supervisor() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let supervisor = fleet.supervisor().unwrap();
    let mut silent = UnixStream::connect(socket(&sandbox)).unwrap();
    fleet.wt(&["down"]).ok();
    until("the supervisor's end", || !is_running(supervisor));
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_crowd_that_asks_nothing_shuts_nobody_out_for_long() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let crowd: Vec<UnixStream> = (0..300).map(|_| UnixStream::connect(socket(&sandbox)).unwrap()).collect();
    let refused = fleet.wt(&["status"]);
    assert!(refused.status == 0 || refused.stderr.contains("others talk with the supervisor"));
    until("an answer", || fleet.wt(&["status"]).status == 0);
    fleet.wt(&["down"]).ok();
    drop(crowd);
}

#[test]
fn another_user_is_not_heard() {
    if !rustix::process::geteuid().is_root() {
        return skip("only root can be another user");
    }
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let socket = socket(&sandbox);
    let run = socket.parent().unwrap();
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(run.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    // As wide open as it never is: the kernel is asked all the same.
    set(&socket, 0o777);
    for folder in run.ancestors().take_while(|folder| folder.starts_with(sandbox.path("."))) {
        set(folder, 0o755);
    }
    let mut stranger = sandbox.program("python3", Path::new("/"));
    let output = stranger.args(["-c", STRANGER]).arg(&socket).output().unwrap();
    set(run, 0o700);
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(answer, "b''", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fleet.state("a").0, "ready");
}

#[test]
fn two_who_restart_each_get_the_answer_to_their_own_wish() {
    let sandbox = Sandbox::new();
    let slow = "python3 -c \"import signal, time; \
                signal.signal(signal.SIGTERM, lambda *_: (time.sleep(2), exit())); time.sleep(600)\"";
    let config = format!(
        "[service.a]\nrun = '''{slow}'''\nlistens = false\nstop = {{ timeout = \"20s\" }}\n
        [service.b]\nrun = \"sleep 601\"\nlistens = false\n"
    );
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let before = (fleet.pid("a"), fleet.pid("b"));
    let slow = begin(&fleet, &["restart", "a"]);
    fleet.wt(&["restart", "b"]).ok();
    assert_ne!(fleet.pid("b"), before.1);
    let (status, text) = said(slow);
    assert_eq!(status, Some(0), "{text}");
    assert!(!is_running(before.0) && fleet.state("a").0 == "ready");
}

#[test]
fn a_foreground_start_ends_with_a_stop_from_elsewhere_and_takes_nothing_along_that_came_after() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    let first = begin(&fleet, &["up", "--foreground"]);
    until("the services", || fleet.state("a").0 == "ready" && fleet.state("b").0 == "ready");
    fleet.wt(&["down"]).ok();
    fleet.wt(&["up", "a"]).ok();
    let pid = fleet.pid("a");
    let (status, text) = said(first);
    assert_eq!(status, Some(0), "{text}");
    fleet.wt(&["status"]).ok();
    assert!(is_running(pid) && fleet.state("a").0 == "ready");
}

#[test]
fn who_waits_for_a_stop_is_told_that_somebody_starts_it_again() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SLOW);
    for words in [&["down"][..], &["remove", "one", "--force", "--yes"]] {
        fleet.wt(&["up"]).ok();
        let pid = fleet.pid("slow");
        until("its first word", || fleet.folder.join("slow").exists());
        let waiting = begin(&fleet, words);
        until("the stop", || fleet.state("slow").0 == "stopping");
        fleet.wt(&["up"]).ok();
        let (status, text) = said(waiting);
        assert!(status == Some(1) && text.contains("somebody started `slow` again"), "{words:?}: {text}");
        assert!(!is_running(pid) && fleet.state("slow").0 == "ready");
        fs::remove_file(fleet.folder.join("slow")).unwrap();
        fleet.wt(&["down"]).ok();
    }
}

#[test]
fn a_start_that_fails_takes_nothing_back_that_another_was_told_is_ready() {
    let sandbox = Sandbox::new();
    let config =
        format!("{TWO}[service.web]\nrun = \"sh -c 'while [ ! -e go ]; do sleep 0.01; done; exit 3'\"\n");
    let fleet = sandbox.fleet("one", &config);
    let first = begin(&fleet, &["up"]);
    until("its services", || fleet.state("a").0 == "ready" && fleet.state("b").0 == "ready");
    fleet.wt(&["up", "a"]).ok();
    let pid = fleet.pid("a");
    fs::write(fleet.folder.join("go"), "").unwrap();
    let (status, text) = said(first);
    assert!(status == Some(1) && text.contains("service `web` did not start"), "{text}");
    assert_eq!((fleet.pid("a"), fleet.state("b").0.as_str()), (pid, "stopped"));
    fleet.wt(&["down"]).ok();
}

#[test]
fn what_is_started_while_somebody_stops_is_stopped_in_order_or_runs_on() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    for round in 0..16 {
        // Both begin where nothing runs, or where everything does; either may come first.
        fleet.wt(&[if round % 4 < 3 { "down" } else { "up" }]).ok();
        let (starting, stopping) = if round % 2 == 0 {
            let starting = begin(&fleet, &["up"]);
            (starting, begin(&fleet, &["down"]))
        } else {
            let stopping = begin(&fleet, &["down"]);
            (begin(&fleet, &["up"]), stopping)
        };
        let ((down, said_down), (up, said_up)) = (said(stopping), said(starting));
        let is_answered = |status: Option<i32>, text: &str, why: &str| {
            status == Some(0) || (status == Some(1) && text.contains(why))
        };
        assert!(is_answered(down, &said_down, "started `a`"), "{round}: {said_down}");
        assert!(is_answered(up, &said_up, "somebody stopped the services"), "{round}: {said_up}");
        for name in ["a", "b"] {
            let (state, reason) = fleet.state(name);
            assert!(state == "ready" || state == "stopped", "{round}: {name} {state} {reason}");
        }
    }
    fleet.wt(&["down"]).ok();
}

/// Says that it was asked to end, and stays.
const STUBBORN: &str = "import signal
signal.signal(signal.SIGTERM, lambda *_: open('asked', 'w')); open('begun', 'w')
while True: signal.pause()";

#[test]
fn what_is_started_while_a_stop_ends_what_nobody_supervises_is_not_ended_with_it() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let variables = fs::read(format!("/proc/{}/environ", fleet.pid("a"))).unwrap();
    let variables = String::from_utf8(variables).unwrap();
    let marker = variables.split('\0').find_map(|text| text.strip_prefix("WT_MARKER=")).unwrap();
    let supervisor = fleet.supervisor().unwrap();
    fleet.wt(&["down"]).ok();
    until("the supervisor's end", || !is_running(supervisor));
    let mut left = sandbox.program("python3", &fleet.folder);
    left.args(["-c", STUBBORN]).env("WT_MARKER", marker).env("WT_SERVICE", "former");
    let left = Holder { child: left.spawn().unwrap() };
    until("its first word", || fleet.folder.join("begun").exists());
    let stopping = begin(&fleet, &["down"]);
    until("the signal", || fleet.folder.join("asked").exists());
    fleet.wt(&["up"]).ok();
    let pids = (fleet.pid("a"), fleet.pid("b"));
    let (status, text) = said(stopping);
    assert_eq!(status, Some(0), "{text}");
    assert!(!is_running(left.pid()) && is_running(pids.0) && is_running(pids.1));
    fleet.wt(&["down"]).ok();
}

fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map(Iterator::count).unwrap_or_default()
}

#[test]
fn while_somebody_holds_the_registrys_lock_only_who_needs_ports_waits() {
    let sandbox = Sandbox::new();
    let config = format!("{TWO}[service.web]\nrun = \"python3 -m http.server {{{{ port }}}}\"\n");
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    fleet.wt(&["down"]).ok();
    fleet.wt(&["up", "a", "b"]).ok();
    let supervisor = fleet.supervisor().unwrap();
    let folder = File::open(sandbox.state()).unwrap();
    until("the lock", || flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok());
    let (before, usual) = (fleet.pid("a"), threads(supervisor));
    let waiting = begin(&fleet, &["up", "web"]);
    until("its wish", || threads(supervisor) > usual);
    let begun = Instant::now();
    fleet.wt(&["status"]).ok().answers(&["a", "b"]);
    fleet.wt(&["restart", "a"]).ok();
    assert_ne!(fleet.pid("a"), before);
    fleet.wt(&["logs", "a"]).ok();
    fleet.wt(&["down"]).ok();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let (status, text) = said(waiting);
    assert!(status == Some(1) && text.contains("somebody stopped the services"), "{text}");
    drop(folder);
    fleet.wt(&["up", "web"]).ok();
}

#[test]
fn a_stopped_supervisor_is_named_with_what_to_do_and_goes_on_where_it_was() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("a"), fleet.supervisor().unwrap());
    signal(supervisor, Signal::STOP);
    let wishes: [&[&str]; 4] = [&["status"], &["down"], &["up"], &["up", "--foreground"]];
    let children: Vec<Child> = wishes.iter().map(|wish| begin(&fleet, wish)).collect();
    for (wish, child) in wishes.iter().zip(children) {
        let (status, text) = said(child);
        let words = [format!("pid {supervisor}"), format!("kill -CONT {supervisor}")];
        assert!(status == Some(1) && words.iter().all(|word| text.contains(word)), "{wish:?}: {text}");
    }
    let removal = sandbox.wt(&["remove", "feature-one", "--force", "--yes"]);
    assert!(removal.status == 1 && fleet.folder.is_dir(), "{}", removal.shown());
    assert!(is_running(pid));
    signal(supervisor, Signal::CONT);
    // What nobody waits for any more is not done, and nothing hangs.
    fleet.wt(&["up"]).ok();
    assert_eq!(fleet.state("a").0, "ready");
    assert!(is_running(pid) && fleet.pid("a") == pid);
    fleet.wt(&["down"]).ok();
}

/// Says a line to the supervisor as a command would, and returns the answer once there is one.
fn ask(stream: &mut UnixStream, line: &str) -> String {
    writeln!(stream, "{line}").unwrap();
    let mut answer = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_dies_with_its_caller_and_with_its_deadline() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("a"), fleet.supervisor().unwrap());
    let mut patient = UnixStream::connect(socket(&sandbox)).unwrap();
    ask(&mut patient, r#"{"number":1,"ask":"status"}"#);
    signal(supervisor, Signal::STOP);
    let stat = || fs::read_to_string(format!("/proc/{supervisor}/stat")).unwrap();
    until("its rest", || stat().contains(") T "));
    // Those who have asked and gone: one who was known, and one whose connection waits to be accepted.
    for mut stream in [patient, UnixStream::connect(socket(&sandbox)).unwrap()] {
        writeln!(stream, r#"{{"number":2,"ask":"stop"}}"#).unwrap();
    }
    let mut late = UnixStream::connect(socket(&sandbox)).unwrap();
    writeln!(late, r#"{{"number":1,"until_ms":1,"ask":"stop"}}"#).unwrap();
    signal(supervisor, Signal::CONT);
    let mut answer = String::new();
    BufReader::new(late).read_line(&mut answer).unwrap();
    assert!(answer.contains("heard too late"), "{answer}");
    assert_eq!(fleet.state("a").0, "ready");
    assert!(is_running(pid) && fleet.pid("a") == pid);
    let mut alive = UnixStream::connect(socket(&sandbox)).unwrap();
    ask(&mut alive, r#"{"number":1,"ask":"stop"}"#);
    until("the stop", || !is_running(pid));
}
