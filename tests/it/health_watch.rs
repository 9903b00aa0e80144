//! `wt health --watch`: only what changed in a pipe, a screen drawn anew on a terminal, an end when nobody reads.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::health_states::sandbox;
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git, skip, wait};

const QUICK: &str =
    "[health]\ninterval = \"50ms\"\ntimeout = \"5s\"\n[service.web]\nhealth = { http = \"/\" }\n";

/// Nobody waits for its second look.
const SELDOM: &str =
    "[health]\ninterval = \"1h\"\ntimeout = \"5s\"\n[service.web]\nhealth = { http = \"/\" }\n";

/// A server of `web` that answers with the status in the file `status`.
fn server(sandbox: &Sandbox) -> Option<crate::support::holder::Holder> {
    let folder = sandbox.worktree("feature-login");
    std::fs::write(folder.join("status"), "200").unwrap();
    let script = format!(
        "import http.server as h\n\
         class H(h.BaseHTTPRequestHandler):\n\
         \x20   def do_GET(self): self.send_response(int(open('status').read() or 200)); self.end_headers()\n\
         \x20   def log_message(self, *a): pass\n\
         s = h.ThreadingHTTPServer(('127.0.0.1', {}), H)\n\
         threading.Thread(target=s.serve_forever, daemon=True).start(); hold()",
        sandbox.port(0)
    );
    sandbox.python_script(&folder, &script)
}

struct Watched {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watched {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn next_json(&mut self) -> Value {
        serde_json::from_str(&self.next()).unwrap()
    }

    fn find_json(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let change = self.next_json();
            if is_it(&change) {
                return change;
            }
        }
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pipe_gets_the_first_look_and_then_only_what_changed() {
    let sandbox = sandbox("web", QUICK);
    let mut watched = Watched::start(sandbox.command(&sandbox.repo(), &["--json", "health", "--watch"]));
    let first = watched.next_json();
    assert_eq!((&first["schema"], &first["command"]), (&1.into(), &"health".into()), "{first}");
    assert_eq!(
        (&first["worktree"], &first["health"]),
        (&"feature-login".into(), &"not_running".into()),
        "{first}"
    );
    assert!(first["previous"].is_null());
    let Some(server) = server(&sandbox) else { return skip("no python3") };
    // On its way it may be seen bound and not listening yet, or listening and not answering yet.
    let second = watched.find_json(|change| change["health"] == "healthy");
    assert!(second["previous"] != "healthy" && !second["previous"].is_null(), "{second}");
    assert_eq!(second["pid"], server.pid());
    drop(server);
    let third = watched.next_json();
    assert_eq!((&third["health"], &third["previous"]), (&"not_running".into(), &"healthy".into()), "{third}");
    watched.send(Signal::INT);
    assert_eq!(wait::end_of(&mut watched.child).code(), Some(130));
}

#[test]
fn one_bad_answer_changes_nothing_and_three_in_a_row_do() {
    let sandbox = sandbox("web", QUICK);
    let Some(_server) = server(&sandbox) else { return skip("no python3") };
    let folder = sandbox.worktree("feature-login");
    let mut watched = Watched::start(sandbox.command(&sandbox.repo(), &["--json", "health", "--watch"]));
    watched.find_json(|change| change["health"] == "healthy");
    std::fs::write(folder.join("status"), "503").unwrap();
    // The record tells what the pipe does not: a first failure was seen, and does not count yet.
    let recorded = || sandbox.living()[0]["allocations"][0]["health"].clone();
    wait::until("a first failure", || {
        recorded()["reason"].as_str().is_some_and(|text| text.contains("answered 503"))
    });
    let bad = watched.next_json();
    assert_eq!((&bad["health"], &bad["reason"]), (&"unhealthy".into(), &"answered 503".into()), "{bad}");
    std::fs::write(folder.join("status"), "200").unwrap();
    watched.find_json(|change| change["health"] == "healthy");
}

/// Makes the first result on record older by so many seconds.
fn age(sandbox: &Sandbox, seconds: i64) -> Vec<u8> {
    let mut registry = sandbox.registry();
    let checked = &mut registry["worktrees"][0]["allocations"][0]["health"]["checked_at"];
    let at: jiff::Timestamp = checked.as_str().unwrap().parse().unwrap();
    *checked = (at - jiff::SignedDuration::from_secs(seconds)).to_string().into();
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
    std::fs::read(sandbox.state().join("registry.json")).unwrap()
}

#[test]
fn what_is_unchanged_is_written_again_after_ten_minutes_and_not_before() {
    let sandbox = sandbox("web", SELDOM);
    sandbox.wt(&["health"]).ok();
    for (seconds, is_written) in [(500, false), (101, true)] {
        let before = age(&sandbox, seconds);
        let mut watched = Watched::start(sandbox.command(&sandbox.repo(), &["health", "--watch"]));
        // A look is on record before it is shown.
        watched.next();
        let after = std::fs::read(sandbox.state().join("registry.json")).unwrap();
        assert_eq!(after != before, is_written, "{}", sandbox.registry());
    }
}

#[test]
fn lines_have_the_time_in_front_and_a_signal_ends_the_pause() {
    let sandbox = sandbox("web,api", SELDOM);
    let mut watched = Watched::start(sandbox.command(&sandbox.repo(), &["health", "--watch"]));
    for name in ["web", "api"] {
        let line = watched.next();
        let fields: Vec<&str> = line.split('\t').collect();
        assert!(fields[0].ends_with('Z') && fields[1..3] == ["feature-login", name], "{line}");
    }
    watched.send(Signal::TERM);
    assert_eq!(wait::end_of(&mut watched.child).code(), Some(130));
}

#[test]
fn when_nobody_reads_any_more_it_ends() {
    let sandbox = sandbox("web", SELDOM);
    let mut watched = Watched::start(sandbox.command(&sandbox.repo(), &["health", "--watch"]));
    watched.next();
    let Watched { child, lines } = &mut watched;
    let (reader, _) = std::io::pipe().unwrap();
    drop(std::mem::replace(lines, BufReader::new(ChildStdout::from(std::os::fd::OwnedFd::from(reader)))));
    assert_eq!(wait::end_of(child).code(), Some(0), "nothing changes, and yet it notices");
}

#[test]
fn a_terminal_is_drawn_anew_until_ctrl_c() {
    let sandbox = sandbox("web", QUICK);
    let command = sandbox.command(&sandbox.repo(), &["health", "--watch"]);
    let mut terminal = Terminal::start(command);
    terminal.expect("○ not running");
    let Some(_server) = server(&sandbox) else { return skip("no python3") };
    terminal.expect("● healthy");
    assert!(terminal.seen.matches("\u{1b}[H").count() > 1, "{:?}", terminal.seen);
    terminal.interrupt();
    assert_eq!(terminal.finish().0, 130);
}

#[test]
fn a_list_on_a_terminal_shows_the_last_health_and_a_link_to_what_answers() {
    let sandbox = sandbox("web,api", QUICK);
    let Some(_server) = server(&sandbox) else { return skip("no python3") };
    sandbox.wt(&["health"]).ok();
    let (_, screen) = Terminal::start(sandbox.command(&sandbox.repo(), &["list"])).finish();
    let (web, api) = (sandbox.port(0), sandbox.port(1));
    let link = format!("\u{1b}]8;;http://localhost:{web}\u{1b}\\web:{web}\u{1b}]8;;\u{1b}\\●");
    assert!(screen.contains(&link) && screen.contains(&format!(" api:{api}○")), "{screen:?}");
    let mut plain = sandbox.command(&sandbox.repo(), &["list"]);
    plain.env("NO_COLOR", "1");
    let (_, screen) = Terminal::start(plain).finish();
    assert!(screen.contains(&format!("web:{web}●")) && !screen.contains("\u{1b}]8"), "{screen:?}");
    let piped = sandbox.wt(&["list"]).ok();
    assert!(piped.stdout.contains(&format!("web:{web} api:{api}\t")), "{}", piped.shown());
}
