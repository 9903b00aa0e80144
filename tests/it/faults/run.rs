//! One run of a scenario under strace, which lets one call fail or kills whoever makes it.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::calls::{Role, Series, series};
use super::processes::end_all;
use super::scenario::{How, Scenario};
use super::tracing::{self, Hold, Point, Reach};
use crate::support::http::Server;
use crate::support::{Sandbox, wait};

/// How long a command may take that something went wrong in: what hangs does so for ever, and a machine may have much to do.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long a supervisor that has answered may take with what it does afterwards.
const AFTERWARDS: Duration = Duration::from_millis(60);

/// How a run ended.
pub struct Outcome {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub is_hung: bool,
    pub said: String,
    /// Of which call it was, and whether it was one of git's.
    pub number: u32,
    pub is_gits: bool,
    /// Whether something could not be deleted: it stays, then.
    pub is_undeleted: bool,
}

impl Outcome {
    /// For a failed assertion.
    pub fn shown(&self) -> String {
        format!("exit {:?}, signal {:?}\n{}", self.code, self.signal, self.said)
    }
}

/// A word of a scenario, with what stands for the sandbox put in.
pub fn word(sandbox: &Sandbox, text: &str) -> String {
    let port = |index| sandbox.port(index).to_string();
    text.replace("@ROOT@", sandbox.path("").to_str().unwrap())
        .replace("@PORT0@", &port(0))
        .replace("@PORT1@", &port(1))
        .replace("@PORT5@", &port(5))
}

/// Runs the scenario with a fault at that point, or with none; then `role` says whose calls are written down.
pub fn run(scenario: &Scenario, sandbox: &Sandbox, role: Role, point: Point<'_>) -> Outcome {
    (scenario.before)(sandbox);
    let mut outcome = match scenario.how {
        How::Command => {
            let mut command = if role == Role::Git {
                let mut command = wt(sandbox, scenario);
                tracing::look_at_git(&mut command, sandbox, point);
                command
            } else {
                let folder = sandbox.path(scenario.folder);
                let reach = match role {
                    Role::Everyone if scenario.has_services => Reach::UntilLetGo,
                    Role::Everyone => Reach::ToTheEnd,
                    _ => Reach::Itself,
                };
                let mut command = tracing::strace(sandbox, &folder, reach, point);
                command.arg(env!("CARGO_BIN_EXE_wt"));
                command
            };
            command.args(scenario.arguments.iter().map(|text| word(sandbox, text)));
            finish(command, scenario, sandbox)
        }
        How::Server => served(scenario, sandbox, point),
        How::Supervisor => {
            let status = sandbox.json(&["status", "-w", "feature-login"]);
            let pid = status["supervisor"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap();
            let hold = Hold::of(sandbox, pid, point);
            let outcome = plain(scenario, sandbox);
            hold.end(AFTERWARDS);
            outcome
        }
        How::Beginning => {
            let mut supervisor = begun(sandbox, point);
            let outcome = plain(scenario, sandbox);
            // Reaps it once it has ended.
            std::thread::spawn(move || supervisor.wait());
            outcome
        }
    };
    if scenario.has_services {
        // Services live on.
        std::thread::sleep(AFTERWARDS);
        tracing::let_go(sandbox);
    }
    outcome.number = point.map_or(0, |(_, number)| number);
    outcome.is_gits = role == Role::Git;
    let is_deletion = |(series, _): (&Series, u32)| ["unlink", "unlinkat", "rmdir"].contains(&series.call);
    outcome.is_undeleted = point.is_some_and(is_deletion);
    outcome
}

fn wt(sandbox: &Sandbox, scenario: &Scenario) -> Command {
    sandbox.program(env!("CARGO_BIN_EXE_wt"), &sandbox.path(scenario.folder))
}

/// Runs the command with nobody looking at it.
fn plain(scenario: &Scenario, sandbox: &Sandbox) -> Outcome {
    let mut command = wt(sandbox, scenario);
    command.args(scenario.arguments.iter().map(|text| word(sandbox, text)));
    finish(command, scenario, sandbox)
}

/// Runs it to its end.
fn finish(mut command: Command, scenario: &Scenario, sandbox: &Sandbox) -> Outcome {
    let said = sandbox.path("said");
    if let Some(input) = scenario.input {
        let path = sandbox.path("input");
        fs::write(&path, word(sandbox, input)).unwrap();
        command.stdin(File::open(path).unwrap());
    }
    let output = File::create(&said).unwrap();
    command.stdout(output.try_clone().unwrap()).stderr(output);
    let mut child = command.process_group(0).spawn().unwrap();
    let begin = Instant::now();
    let mut is_hung = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > PATIENCE {
            is_hung = true;
            end_all(sandbox);
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = String::from_utf8_lossy(&fs::read(&said).unwrap()).into_owned();
    outcome(status.code(), status.signal(), is_hung, said)
}

fn outcome(code: Option<i32>, signal: Option<i32>, is_hung: bool, said: String) -> Outcome {
    Outcome { code, signal, is_hung, said, number: 0, is_gits: false, is_undeleted: false }
}

/// A server is asked over HTTP while a call of its fails, and told to end: `arguments` are the path and the body.
fn served(scenario: &Scenario, sandbox: &Sandbox, point: Point<'_>) -> Outcome {
    let mut server = sandbox.serve(&["--actions"]);
    let hold = Hold::of(sandbox, server.pid(), point);
    let body = word(sandbox, scenario.arguments[1]);
    let mut stream = server.send(&format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        word(sandbox, scenario.arguments[0]),
        server.port,
        server.token,
        body.len()
    ));
    let mut answer = Vec::new();
    // One that is killed hangs up.
    let read = stream.read_to_end(&mut answer);
    let is_hung = read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let ended = end(&mut server);
    hold.end(if scenario.has_services { AFTERWARDS } else { PATIENCE });
    let code = answer.split(' ').nth(1).map(|status| i32::from(status != "200"));
    let signal = ended.is_none().then_some(9);
    let said = format!("{}\nthe server ended with {ended:?}\n{answer}", server.said());
    outcome(code, signal, is_hung, said)
}

/// Tells a server to end; returns its exit code.
fn end(server: &mut Server) -> Option<i32> {
    let _ = kill_process(Pid::from_raw(server.pid().cast_signed()).unwrap(), Signal::TERM);
    server.wait()
}

/// A supervisor as `wt up` starts it, under strace from its first call on: its words are those of one that was started before.
fn begun(sandbox: &Sandbox, point: Point<'_>) -> Child {
    let words = fs::read(sandbox.path("supervisor")).unwrap();
    let words = String::from_utf8(words).unwrap();
    let mut words = words.split_terminator('\0').map(str::to_owned);
    let program = words.next().unwrap();
    let mut command = tracing::strace(sandbox, &sandbox.worktree("feature-login"), Reach::UntilLetGo, point);
    let output = File::create(sandbox.path("supervised")).unwrap();
    command.arg(program).args(words).stdout(output.try_clone().unwrap()).stderr(output);
    let mut child = command.process_group(0).spawn().unwrap();
    wait::until("it listens or ends", || {
        child.try_wait().unwrap().is_some()
            || sandbox.json(&["status", "-w", "feature-login"])["supervisor"].is_u64()
    });
    child
}

/// How often each call is made at most by whoever counts in a role, in a run in which nothing goes wrong.
pub fn counted(scenario: &Scenario, sandbox: &Sandbox, role: Role) -> Vec<(Series, u32)> {
    let counts = tracing::counted(&tracing::log(sandbox), role);
    let all = series(scenario.name, scenario.roles).into_iter().filter(|series| series.role == role);
    all.filter_map(|series| counts.get(series.call).map(|count| (series, *count))).collect()
}
