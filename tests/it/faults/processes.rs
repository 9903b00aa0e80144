//! The processes of a sandbox.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Sandbox, wait};

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

/// Ends whatever lives in this sandbox, and waits until it has.
pub fn end_all(sandbox: &Sandbox) {
    wait::until("all to end", || {
        let living = processes(sandbox);
        for (pid, _) in &living {
            let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
        }
        living.is_empty()
    });
}
