//! `wt` killed at a system call of one's choice (strace), and a count of such deaths: an experiment in which nobody died says
//! nothing.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use super::{Sandbox, wait};

/// The calls by which names are made and taken away, folders are made, and bytes are written.
pub const LINKS: &[&str] = &["link", "linkat"];
pub const UNLINKS: &[&str] = &["unlink", "unlinkat"];
pub const RENAMES: &[&str] = &["rename", "renameat", "renameat2"];
pub const FOLDERS: &[&str] = &["mkdir", "mkdirat"];
pub const WRITES: &[&str] = &["write"];

/// How many deaths each class of calls led to. Which call of a class a program makes is its library's affair.
pub struct Deaths {
    classes: Vec<(&'static [&'static str], usize)>,
}

impl Deaths {
    /// Nobody died yet; somebody is to in each of `classes`.
    pub fn of(classes: &[&'static [&'static str]]) -> Self {
        Self { classes: classes.iter().map(|class| (*class, 0)).collect() }
    }

    /// Returns every call.
    pub fn calls(&self) -> Vec<&'static str> {
        self.classes.iter().flat_map(|(class, _)| class.iter().copied()).collect()
    }

    /// Somebody died at that call.
    pub fn note(&mut self, call: &str) {
        self.classes.iter_mut().find(|(class, _)| class.contains(&call)).unwrap().1 += 1;
    }

    /// Fails where a class had no death.
    #[track_caller]
    pub fn assert_each_had_some(&self) {
        assert!(self.classes.iter().all(|(_, deaths)| *deaths > 0), "{:?}: it says nothing", self.classes);
    }
}

/// Runs `wt` so that the `number`-th system call named `call`, of itself or of a child, kills it; answers whether it came to that.
pub fn killed_at(sandbox: &Sandbox, arguments: &[&str], call: &str, number: u32) -> bool {
    traced(sandbox, arguments, &["-f", "-o", "/dev/null"], call, "KILL", number).signal() == Some(9)
}

/// The same where only calls of its own count: no child of it is killed.
pub fn killed_alone_at(sandbox: &Sandbox, arguments: &[&str], call: &str, number: u32) -> bool {
    traced(sandbox, arguments, &["-o", "/dev/null"], call, "KILL", number).signal() == Some(9)
}

/// Runs `wt` under strace with these `flags`, which sends it a signal at the `number`-th call; returns how it ended.
pub fn traced(
    sandbox: &Sandbox,
    arguments: &[&str],
    flags: &[&str],
    call: &str,
    signal: &str,
    number: u32,
) -> ExitStatus {
    let inject = format!("inject={call}:signal={signal}:when={number}");
    let mut child = sandbox
        .program("strace", &sandbox.repo())
        .args(flags)
        .args(["-qq", "-e", &format!("trace={call}"), "-e", &inject])
        .arg(env!("CARGO_BIN_EXE_wt"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait::end_of(&mut child)
}

pub fn has_strace(folder: &Path) -> bool {
    let probe = std::process::Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "true"])
        .current_dir(folder)
        .output();
    probe.is_ok_and(|output| output.status.success())
}
