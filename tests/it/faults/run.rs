//! One run of a scenario under strace, which lets one call fail or kills whoever makes it.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::calls::{Role, Series};
use super::scenario::Scenario;
use crate::support::Sandbox;

/// How long a command may take that something went wrong in: what hangs does so for ever, and a machine may have much to do.
const PATIENCE: Duration = Duration::from_mins(5);

/// How a run ended.
pub struct Outcome {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Whether the call was made.
    pub is_reached: bool,
    pub is_hung: bool,
    pub said: String,
}

impl Outcome {
    /// For a failed assertion.
    pub fn shown(&self) -> String {
        format!("exit {:?}, signal {:?}\n{}", self.code, self.signal, self.said)
    }
}

/// Runs the scenario's command with a fault at the `number`-th call, or with none.
pub fn run(scenario: &Scenario, sandbox: &Sandbox, fault: Option<(&Series, u32)>) -> Outcome {
    let (log, said) = (sandbox.path("strace.log"), sandbox.path("said"));
    let mut command = sandbox.program("strace", &sandbox.path(scenario.folder));
    command.args(["-q", "-e", "signal=none", "-o"]).arg(&log);
    if fault.is_none_or(|(series, _)| series.role == Role::Everyone) {
        // Stops at the calls that are asked for alone.
        command.args(["-f", "--seccomp-bpf"]);
    }
    if let Some((series, number)) = fault {
        let inject = format!("inject={}:{}:when={number}", series.call, series.fault.injection());
        command.args(["-e", &format!("trace={}", series.call), "-e", &inject]);
    } else {
        let calls: Vec<&str> =
            super::calls::CLASSES.iter().flat_map(|class| class.calls.iter().copied()).collect();
        command.args(["-e", &format!("trace={}", calls.join(","))]);
    }
    if let Some(input) = scenario.input {
        let path = sandbox.path("input");
        fs::write(&path, input.replace("@ROOT@", sandbox.path("").to_str().unwrap())).unwrap();
        command.stdin(File::open(path).unwrap());
    }
    let output = File::create(&said).unwrap();
    command
        .arg(env!("CARGO_BIN_EXE_wt"))
        .args(scenario.arguments)
        .stdout(output.try_clone().unwrap())
        .stderr(output);
    let mut child = command.process_group(0).spawn().unwrap();
    let begin = Instant::now();
    let mut is_hung = false;
    let ended = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        // Services live on, and strace with them.
        if scenario.leaves_services && has_ended(&log) {
            break None;
        }
        if begin.elapsed() > PATIENCE {
            is_hung = true;
            end_all(sandbox);
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let text = fs::read_to_string(&log).unwrap_or_default();
    let (code, signal) = match ended {
        Some(status) => (status.code(), status.signal()),
        None => end_in(&text),
    };
    if ended.is_none() {
        // Reaps strace when the services have ended.
        std::thread::spawn(move || child.wait());
    }
    let said = String::from_utf8_lossy(&fs::read(&said).unwrap()).into_owned();
    let is_reached = text.contains("(INJECTED)") || text.contains("+++ killed by SIGKILL");
    Outcome { code, signal, is_reached, is_hung, said }
}

/// Answers whether the command itself has ended, which the first line of the log is of.
fn has_ended(log: &std::path::Path) -> bool {
    let text = fs::read_to_string(log).unwrap_or_default();
    end_in(&text) != (None, None)
}

/// The exit code or the signal of the process of the first line.
fn end_in(text: &str) -> (Option<i32>, Option<i32>) {
    let main = text.split(' ').next().unwrap_or_default();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(main) else { continue };
        if let Some(code) = rest.trim().strip_prefix("+++ exited with ") {
            return (code.split(' ').next().and_then(|code| code.parse().ok()), None);
        }
        if rest.contains("+++ killed by SIGKILL") {
            return (None, Some(9));
        }
        if rest.contains("+++ killed by ") {
            return (None, Some(6));
        }
    }
    (None, None)
}

/// How often each thread or process made each call, in a run in which nothing went wrong: whether it was the main thread, the
/// call, how often.
pub fn counted(sandbox: &Sandbox) -> Vec<(bool, String, u32)> {
    let text = fs::read_to_string(sandbox.path("strace.log")).unwrap_or_default();
    let main = text.split(' ').next().unwrap_or_default().to_owned();
    let mut counts = std::collections::BTreeMap::new();
    for line in text.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
        if !super::calls::CLASSES.iter().any(|class| class.calls.contains(&call)) {
            continue;
        }
        *counts.entry((pid.to_owned(), call.to_owned())).or_insert(0) += 1;
    }
    counts.into_iter().map(|((pid, call), count)| (pid == main, call, count)).collect()
}

/// The processes that live in this sandbox: its home is in their environment.
pub fn processes(sandbox: &Sandbox) -> Vec<(i32, String)> {
    let home = format!("HOME={}\0", sandbox.path("home").display());
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let of = |folder: PathBuf| {
        let pid: i32 = folder.file_name()?.to_str()?.parse().ok()?;
        let environment = fs::read(folder.join("environ")).ok()?;
        let command = fs::read(folder.join("cmdline")).ok()?;
        let is_ours = String::from_utf8_lossy(&environment).contains(&home);
        is_ours.then(|| (pid, String::from_utf8_lossy(&command).replace('\0', " ")))
    };
    entries.filter_map(|entry| of(entry.path())).collect()
}

/// Ends whatever lives in this sandbox.
pub fn end_all(sandbox: &Sandbox) {
    for (pid, _) in processes(sandbox) {
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
}
