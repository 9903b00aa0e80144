//! `wt run`: one command, its variables, and its port that nobody else gets meanwhile.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::Sandbox;
use crate::support::services::{is_running, kill};
use crate::support::wait::{end_of, until};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports=web,api"]).ok();
    sandbox
}

#[test]
fn the_command_has_the_blocks_variables_its_words_as_they_are_and_its_own_exit_code() {
    let sandbox = sandbox();
    let worktree = sandbox.worktree("feature-one");
    let run = sandbox.wt_in(
        &worktree,
        &[
            "run",
            "--",
            "sh",
            "-c",
            "echo $PORT $WEB_PORT $API_PORT $WT_NAME \"$1\"; exit 7",
            "sh",
            "$(a) --json",
        ],
    );
    let (web, api) = (sandbox.port(0), sandbox.port(1));
    assert_eq!(run.exits(7).stdout, format!("{web} {web} {api} feature-one $(a) --json\n"));
    let run =
        sandbox.wt_in(&worktree, &["run", "--service", "api", "sh", "-c", "echo $PORT; pwd; kill -TERM $$"]);
    assert_eq!(run.exits(143).stdout, format!("{api}\n{}\n", worktree.display()));
}

#[test]
fn json_tells_what_was_run_and_leaves_the_commands_words_to_stderr() {
    let sandbox = sandbox();
    let run =
        sandbox.wt_in(&sandbox.worktree("feature-one"), &["--json", "run", "sh", "-c", "echo hello; exit 3"]);
    let run = run.exits(3);
    let answer = run.json();
    assert_eq!(answer["worktree"], "feature-one");
    assert_eq!((&answer["service"], &answer["port"]), (&json!("web"), &json!(sandbox.port(0))));
    assert_eq!((&answer["held"], &answer["status"]), (&json!(true), &json!(3)));
    assert!(run.stderr.contains("hello"));
}

#[test]
fn a_command_that_cannot_be_started_has_the_exit_code_that_a_shell_gives() {
    let sandbox = sandbox();
    let worktree = sandbox.worktree("feature-one");
    let run = sandbox.wt_in(&worktree, &["run", "--", "wt-no-such-command"]).exits(127);
    assert!(run.stderr.contains("no such command"), "{}", run.shown());
    sandbox.wt_in(&worktree, &["--json", "run", "/etc/passwd"]).exits(126).error("permission");
    sandbox.wt_in(&worktree, &["run"]).exits(2);
}

#[test]
fn the_port_is_kept_until_the_command_listens_on_it_and_then_let_go_of() {
    let sandbox = sandbox();
    let script = "import sys, os, http.server
port = int(os.environ['PORT'])
print('waiting', flush=True)
sys.stdin.readline()
server = http.server.HTTPServer(('127.0.0.1', port), http.server.SimpleHTTPRequestHandler)
print('listening', flush=True)
sys.stdin.readline()
";
    let worktree = sandbox.worktree("feature-one");
    let mut command = sandbox.command(&worktree, &["run", "python3", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "waiting");
    let port = sandbox.port(0);
    let check = sandbox.wt(&["ports", "check", &port.to_string()]).exits(1);
    assert!(!check.stdout.is_empty());
    let sockets = || bound_by(port, child.id());
    assert_eq!(sockets(), 1, "held, not listened on");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    std::io::Write::write_all(&mut stdin, b"\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "listening");
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    until("the hold is let go of", || sockets() == 0);
    drop(stdin);
    assert!(end_of(&mut child).success());
}

/// How many sockets the process itself has that are bound to `port`.
fn bound_by(port: u16, pid: u32) -> usize {
    let port = wt::door::Port::new(port).unwrap();
    let all = wt::door::listeners().unwrap();
    let inodes: Vec<String> = all
        .iter()
        .filter(|socket| socket.port == port)
        .map(|socket| format!("socket:[{}]", socket.inode))
        .collect();
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    targets.filter(|target| inodes.iter().any(|inode| target.as_os_str() == inode.as_str())).count()
}

#[test]
fn a_port_that_a_stranger_has_stops_a_command_that_is_for_it_and_no_other() {
    let sandbox = sandbox();
    let worktree = sandbox.worktree("feature-one");
    let _stranger = TcpListener::bind(("127.0.0.1", sandbox.port(1))).unwrap();
    let error =
        sandbox.refused_in(&worktree, &["run", "--service", "api", "touch", "never"], "port_conflict");
    assert!(error["message"].as_str().unwrap().contains(&sandbox.port(1).to_string()), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("wt ports owner"), "{error}");
    assert!(!worktree.join("never").exists());
    sandbox.wt_in(&worktree, &["run", "--service", "web", "touch", "made"]).ok();
    assert!(worktree.join("made").exists());
    // A command that is for no service may talk to any of them.
    let error = sandbox.refused_in(&worktree, &["run", "touch", "never"], "port_conflict");
    assert!(error["hint"].as_str().unwrap().contains("--no-check"), "{error}");
    assert_eq!(error["details"]["service"], "api", "{error}");
    assert!(!worktree.join("never").exists());
    let warned = format!("port {} of `api` is not free", sandbox.port(1));
    sandbox.wt_in(&worktree, &["run", "--no-check", "touch", "again"]).ok().says(&[&warned]);
    assert!(worktree.join("again").exists());
    sandbox.wt_in(&worktree, &["run", "--service", "apy", "true"]).exits(1).says(&["did you mean `api`"]);
}

#[test]
fn beside_the_worktrees_own_server_a_command_runs_and_is_told_the_port() {
    let sandbox = sandbox();
    let worktree = sandbox.worktree("feature-one");
    let Some(server) = sandbox.python(&worktree, sandbox.port(0), "s = listen(port); ready(); stay()") else {
        return crate::support::skip::skip("no python3");
    };
    let answer = sandbox.json_in(&worktree, &["run", "--service", "web", "true"]);
    assert_eq!(answer["held"], false, "{answer}");
    drop(server);
}

#[test]
fn what_is_not_there_is_refused_with_the_next_step() {
    let sandbox = sandbox();
    let worktree = sandbox.worktree("feature-one");
    let error = sandbox.refused_in(&worktree, &["run", "--service", "db", "true"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("wt ports allocate --service db"), "{error}");
    let folder = sandbox.path("plain");
    std::fs::create_dir(&folder).unwrap();
    sandbox.refused_in(&folder, &["run", "true"], "not_a_repository");
}

#[test]
fn a_signal_to_us_reaches_the_command_and_its_ending_is_ours() {
    let sandbox = sandbox();
    let script = "trap 'kill $!; exit 9' TERM; sleep 60 & echo ready; wait";
    let mut command = sandbox.command(&sandbox.worktree("feature-one"), &["run", "sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(9));
}

/// Starts `wt run -- sh -c SCRIPT`, and returns it with the first line that it says.
fn begin(
    sandbox: &Sandbox,
    script: &str,
) -> (std::process::Child, String, BufReader<std::process::ChildStdout>) {
    let worktree = sandbox.worktree("feature-one");
    let mut command = sandbox.command(&worktree, &["run", "--", "sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut line, mut output) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
    output.read_line(&mut line).unwrap();
    (child, line.trim().to_owned(), output)
}

fn signal(child: &std::process::Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn every_signal_that_asks_us_to_end_reaches_the_command() {
    let sandbox = sandbox();
    for (number, name) in [(Signal::INT, "INT"), (Signal::TERM, "TERM"), (Signal::HUP, "HUP")] {
        let script =
            format!("trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.01; done");
        let (mut child, _, mut output) = begin(&sandbox, &script);
        signal(&child, number);
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        assert_eq!((said.as_str(), end_of(&mut child).code()), (&*format!("got {name}\n"), Some(9)));
    }
}

/// A server in the background; says its pid once it listens.
const SERVER: &str = "python3 -c \"import os, socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen(); print(os.getpid(), flush=True); time.sleep(600)\" &";

#[test]
fn a_command_that_a_signal_to_us_ended_takes_along_what_it_started() {
    let sandbox = sandbox();
    for number in [Signal::TERM, Signal::HUP, Signal::INT] {
        // A group of its own hides it only where it listens on none of our ports.
        for away in ["", "setsid "] {
            let script = format!("trap 'exit 1' INT; {away}{SERVER} wait");
            let (mut child, pid, _output) = begin(&sandbox, &script);
            let server = pid.parse().unwrap();
            signal(&child, number);
            end_of(&mut child);
            assert!(!is_running(server), "{number:?} {away}");
        }
    }
}

#[test]
fn what_a_command_left_on_our_ports_that_ended_by_itself_is_named_and_runs_on() {
    let sandbox = sandbox();
    let (mut child, pid, output) =
        begin(&sandbox, &format!("{SERVER} while [ ! -e go ]; do sleep 0.01; done; exit 4"));
    let server: u32 = pid.parse().unwrap();
    std::fs::write(sandbox.worktree("feature-one").join("go"), "").unwrap();
    assert_eq!(end_of(&mut child).code(), Some(4));
    drop(output);
    assert!(is_running(server));
    // The server has our stderr too: only the line is waited for.
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let port = sandbox.port(0);
    assert!(said.contains(&format!("(pid {server}) still listens on port {port}")), "{said}");
    kill(server);
}
