//! Worktrees with services that really run, stopped again when the value goes.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Run, Sandbox};

/// A worktree whose services are stopped with the value.
pub struct Fleet<'a> {
    pub sandbox: &'a Sandbox,
    pub folder: PathBuf,
}

impl Sandbox {
    /// Makes the worktree `feature-ID` of the usual repository with this `.wt.toml`, its commands trusted.
    #[track_caller]
    pub fn fleet(&self, id: &str, config: &str) -> Fleet<'_> {
        fs::write(self.repo().join(".wt.toml"), config).unwrap();
        self.wt(&["create", id]).ok();
        let folder = self.worktree(&format!("feature-{id}"));
        self.wt_in(&folder, &["trust", "--yes"]).ok();
        Fleet { sandbox: self, folder }
    }
}

impl Sandbox {
    /// Where the services of the worktree are kept that bears this name now.
    #[track_caller]
    pub fn services_of(&self, name: &str) -> PathBuf {
        let entry = self.living().into_iter().find(|entry| entry["name"] == name).unwrap();
        let created: jiff::Timestamp = entry["created_at"].as_str().unwrap().parse().unwrap();
        let folder = format!("{}-{}", entry["sequence"], created.as_second());
        self.state().join("services").join(entry["repository_id"].as_str().unwrap()).join(folder)
    }

    /// Every folder in which services are kept.
    pub fn kept_services(&self) -> Vec<PathBuf> {
        let folders = |folder: PathBuf| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        folders(self.state().join("services")).into_iter().flat_map(folders).collect()
    }
}

impl Fleet<'_> {
    pub fn wt(&self, arguments: &[&str]) -> Run {
        self.sandbox.wt_in(&self.folder, arguments)
    }

    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.sandbox.json_in(&self.folder, arguments)
    }

    /// The service as `wt status` shows it.
    #[track_caller]
    pub fn service(&self, name: &str) -> Value {
        let status = self.json(&["status"]);
        let services = status["services"].as_array().unwrap();
        services.iter().find(|service| service["service"] == name).cloned().unwrap_or_default()
    }

    /// The state and the reason of a service.
    #[track_caller]
    pub fn state(&self, name: &str) -> (String, String) {
        let service = self.service(name);
        let text = |key: &str| service[key].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"))
    }

    #[track_caller]
    pub fn pid(&self, name: &str) -> u32 {
        let service = self.service(name);
        service["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or_else(|| panic!("{service}"))
    }

    #[track_caller]
    pub fn port(&self, name: &str) -> u16 {
        let service = self.service(name);
        service["port"]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or_else(|| panic!("{service}"))
    }

    #[track_caller]
    pub fn supervisor(&self) -> Option<u32> {
        self.json(&["status"])["supervisor"].as_u64().and_then(|pid| u32::try_from(pid).ok())
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        if self.folder.is_dir() {
            let _ = self.sandbox.command(&self.folder, &["down", "--reset"]).output();
        }
    }
}

/// Answers whether a process runs; one that only waits for its parent does not.
pub fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Ends a process that the test started through `wt`.
pub fn kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
}

/// Signals such a process.
pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
