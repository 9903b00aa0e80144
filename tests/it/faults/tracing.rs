//! strace: what it is told about a point, how it is laid hold of a process that runs, and what its log says.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};

use super::calls::{Fault, Role, Series, calls};
use super::processes::processes;
use crate::support::{Sandbox, wait};

/// One call to fail, or none.
pub type Point<'a> = Option<(&'a Series, u32)>;

/// What strace is to look at, and what to do there.
pub fn expressions(point: Point<'_>) -> Vec<String> {
    let words = match point {
        Some((series, number)) => vec![
            format!("trace={}", series.call),
            format!("inject={}:{}:when={number}", series.call, series.fault.injection()),
        ],
        None => vec![format!("trace={}", calls().collect::<Vec<_>>().join(","))],
    };
    words.into_iter().flat_map(|word| ["-e".to_owned(), word]).collect()
}

/// With a filter of the kernel's strace stops at the calls that are asked for alone; then it sends no signal, though.
fn is_kill(point: Point<'_>) -> bool {
    point.is_some_and(|(series, _)| series.fault == Fault::Kill)
}

/// Whom strace looks at beside the process that it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    Itself,
    /// All that descend from it, until they end.
    ToTheEnd,
    /// The same until it lets go of them: what the kernel filters for a strace fails once that is gone.
    UntilLetGo,
}

/// A strace that writes its log in the sandbox; whom it looks at is still to be said. That one is the child which is started, and ends
/// with its own exit code, however long others live that it started.
pub fn strace(sandbox: &Sandbox, folder: &Path, reach: Reach, point: Point<'_>) -> Command {
    let mut command = sandbox.program("strace", folder);
    command.args(["-D", "-I", "2", "-q", "-e", "signal=none", "-o"]).arg(sandbox.path("strace.log"));
    match reach {
        Reach::Itself => {}
        Reach::ToTheEnd if !is_kill(point) => drop(command.args(["-f", "--seccomp-bpf"])),
        Reach::ToTheEnd | Reach::UntilLetGo => drop(command.arg("-f")),
    }
    command.args(expressions(point));
    command
}

/// Has `git` be one that strace looks at. What a command does afterwards to the same sandbox is its own affair again.
pub fn look_at_git(command: &mut Command, sandbox: &Sandbox, point: Point<'_>) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let git =
        std::env::split_paths(&path).map(|folder| folder.join("git")).find(|file| file.is_file()).unwrap();
    let folder = sandbox.path("tools");
    let log = sandbox.path("strace.log");
    let told = expressions(point).iter().fold(String::new(), |told, word| told + " '" + word + "'");
    let filter = if is_kill(point) { "" } else { " --seccomp-bpf" };
    let text = format!(
        "#!/bin/sh\nexec strace -f{filter} -q -e signal=none -A -o '{}'{told} '{}' \"$@\"\n",
        log.display(),
        git.display()
    );
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("git"), text).unwrap();
    fs::set_permissions(folder.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(log, "").unwrap();
    let folders = [folder].into_iter().chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
}

/// A strace that has laid hold of a process that runs, and of all its threads; it lets go when it is dropped.
pub struct Hold(Child);

impl Hold {
    pub fn of(sandbox: &Sandbox, pid: u32, point: Point<'_>) -> Self {
        let mut command = sandbox.program("strace", &sandbox.path(""));
        command.args(["-q", "-f", "-e", "signal=none", "-o"]).arg(sandbox.path("strace.log"));
        command.args(expressions(point)).args(["-p", &pid.to_string()]);
        command.stderr(File::create(sandbox.path("input")).unwrap());
        let hold = Self(command.spawn().unwrap());
        wait::until("strace to lay hold", || {
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
            let statuses: Vec<String> = tasks
                .map(|task| fs::read_to_string(task.path().join("status")).unwrap_or_default())
                .collect();
            !statuses.is_empty() && statuses.iter().all(|status| !status.contains("TracerPid:\t0\n"))
        });
        hold
    }

    /// Waits until whoever is looked at has ended, for as long as that may take once nothing is asked of it any more.
    pub fn end(mut self, patience: std::time::Duration) {
        let begin = std::time::Instant::now();
        while begin.elapsed() < patience && self.0.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
            let _ = self.0.wait();
        }
    }
}

/// Has every strace let go of whom it looks at: what the judge does is no part of the run.
pub fn let_go(sandbox: &Sandbox) {
    wait::until("strace to let go", || {
        let living = processes(sandbox);
        let straces: Vec<_> = living.iter().filter(|(_, command)| command.starts_with("strace ")).collect();
        for (pid, _) in &straces {
            let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::TERM);
        }
        straces.is_empty()
    });
}

/// What strace wrote.
pub fn log(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("strace.log")).unwrap_or_default()
}

/// Answers whether a call was made that was to fail, or to be the last.
pub fn is_reached(log: &str) -> bool {
    // Who is killed in a call gets no answer from it.
    ["(INJECTED)", "+++ killed by SIGKILL", "= ?\n"].iter().any(|word| log.contains(word))
}

/// How often a thread or process made each call at most, in a run in which nothing went wrong, for whoever counts in this role.
pub fn counted(log: &str, role: Role) -> BTreeMap<&'static str, u32> {
    let main = log.split(' ').next().unwrap_or_default();
    let mut counts: BTreeMap<(&str, &'static str), u32> = BTreeMap::new();
    for line in log.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let Some((word, _)) = rest.trim_start().split_once('(') else { continue };
        let Some(call) = calls().find(|call| *call == word) else { continue };
        if role != Role::Main || pid == main {
            *counts.entry((pid, call)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in counts {
        let known: &mut u32 = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}
