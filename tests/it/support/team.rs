//! Clones of one remote, each with a state folder of its own, as on machines of their own.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Run, Sandbox};

/// A remote and clones of it, each with a state folder of its own, as on machines of their own.
pub struct Team {
    pub sandbox: Sandbox,
    pub remote: PathBuf,
}

impl Team {
    pub fn new(clones: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        sandbox.configure("[team]\nclaims = \"git\"\ntimeout = \"20s\"\n");
        let remote = sandbox.path("shop.git");
        sandbox.git(&sandbox.repo(), &["clone", "-q", "--bare", ".", remote.to_str().unwrap()]);
        for clone in clones {
            sandbox
                .git(&sandbox.path(""), &["clone", "-q", remote.to_str().unwrap(), &format!("{clone}/shop")]);
        }
        Self { sandbox, remote }
    }

    pub fn command(&self, clone: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = self.sandbox.command(&self.sandbox.path(&format!("{clone}/shop")), arguments);
        command.env("XDG_STATE_HOME", self.sandbox.path(&format!("{clone}/state")));
        command
    }

    pub fn wt(&self, clone: &str, arguments: &[&str]) -> Run {
        Run::new(arguments, &self.command(clone, arguments).output().unwrap())
    }

    pub fn json(&self, clone: &str, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        self.wt(clone, &arguments).ok().json()
    }

    /// The claims on the remote, as it names them.
    pub fn refs(&self) -> Vec<String> {
        let listed = self.sandbox.git(&self.remote, &["for-each-ref", "--format=%(refname)", "refs/wt"]);
        listed.lines().map(str::to_owned).collect()
    }

    /// The claims on branches.
    pub fn claims(&self) -> Vec<String> {
        self.refs().into_iter().filter(|name| name.starts_with("refs/wt/claims/")).collect()
    }

    pub fn living(&self, clone: &str) -> usize {
        let path = self.sandbox.path(&format!("{clone}/state/wt/registry.json"));
        let Ok(bytes) = fs::read(path) else { return 0 };
        let registry: Value = serde_json::from_slice(&bytes).unwrap();
        let all = registry["worktrees"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|entry| entry["state"] != "removed").count()
    }
}
