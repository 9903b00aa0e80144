//! One test's own world: a folder, a HOME, a state folder, a clean environment, and ports nobody else uses.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::ports::PortBlock;
use super::run::Run;

/// How many ports the purposes other than `feature` get together, with the last one, which is in no range: servers of tests stand there.
const OTHERS: u16 = 10;

/// What the user of a sandbox tells git. Nothing of git's runs by itself beside a command.
const GIT_CONFIG: &str = "[user]\n\tname = A\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n\
    [protocol \"file\"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n\
    [maintenance]\n\tauto = false\n";

pub struct Sandbox {
    root: TempDir,
    pub ports: PortBlock,
    variables: Vec<(String, OsString)>,
}

impl Sandbox {
    /// A sandbox with a repository `proj` on branch `main`, and ten ports for `feature`.
    pub fn new() -> Self {
        let sandbox = Self::without_repository();
        sandbox.make_repository("proj");
        sandbox
    }

    /// A sandbox with no repository in it.
    pub fn without_repository() -> Self {
        Self::with_ports(10)
    }

    /// A sandbox with no repository, and at least `count` ports for `feature`.
    pub fn with_ports(count: u16) -> Self {
        let root = tempfile::Builder::new().prefix("wt-test-").tempdir().unwrap();
        let sandbox = Self { root, ports: PortBlock::take(count + OTHERS), variables: Vec::new() };
        for folder in ["home", "config/wt", "run"] {
            fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        fs::write(sandbox.path("home/.gitconfig"), GIT_CONFIG).unwrap();
        sandbox.configure("");
        sandbox
    }

    /// Writes the user's configuration: the sandbox's own ranges, then `more`.
    pub fn configure(&self, more: &str) {
        let mut text = String::new();
        let mut first = self.ports.first;
        let last = self.ports.last();
        let purposes = [
            ("feature", self.ports.count - OTHERS),
            ("bugfix", 2),
            ("review", 2),
            ("test", 2),
            ("hotfix", 1),
            ("refactor", 1),
            ("experiment", 1),
        ];
        for (purpose, count) in purposes {
            let table = format!("[purpose.{purpose}]\n");
            let ports = format!("ports = \"{first}-{}\"\n", first + count - 1);
            assert!(first + count - 1 <= last);
            first += count;
            // A test that says more about a purpose names the table itself.
            if !more.contains(&table) {
                text += &(table + &ports);
            }
        }
        fs::write(self.config_file(), text + more).unwrap();
    }

    pub fn config_file(&self) -> PathBuf {
        self.path("config/wt/config.toml")
    }

    /// The `index`-th port of the feature range.
    pub fn port(&self, index: u16) -> u16 {
        assert!(index < self.feature_count());
        self.ports.first + index
    }

    pub fn feature_count(&self) -> u16 {
        self.ports.count - OTHERS
    }

    /// The feature range as it is written in messages.
    pub fn feature_range(&self) -> String {
        format!("{}-{}", self.ports.first, self.ports.first + self.feature_count() - 1)
    }

    /// A path in the sandbox.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(relative)
    }

    /// The main worktree of the usual repository.
    pub fn repo(&self) -> PathBuf {
        self.path("proj")
    }

    /// Where a worktree of the usual repository goes by default.
    pub fn worktree(&self, name: &str) -> PathBuf {
        self.path("proj.worktrees").join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state/wt")
    }

    /// The registry as it stands; an empty object when there is none.
    #[track_caller]
    pub fn registry(&self) -> Value {
        match fs::read(self.state().join("registry.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
            Err(_) => Value::Object(serde_json::Map::new()),
        }
    }

    /// The registry's entries that are not removed.
    pub fn living(&self) -> Vec<Value> {
        let registry = self.registry();
        let all = registry["worktrees"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|entry| entry["state"] != "removed").collect()
    }

    /// The lines of `events.jsonl`.
    pub fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.state().join("events.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Sets a variable for every later command.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Whether git is told here what it is told in every other sandbox, and nothing else.
    pub fn is_usual(&self) -> bool {
        let told = fs::read(self.path("home/.gitconfig"));
        self.variables.is_empty() && told.is_ok_and(|text| text == GIT_CONFIG.as_bytes())
    }

    /// Any program in the sandbox's environment.
    pub fn program(&self, program: &str, folder: &Path) -> Command {
        begin_children_as_usual();
        let mut command = Command::new(program);
        command.env_clear().current_dir(folder).stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("TMPDIR", std::env::temp_dir())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for (person, day) in [("AUTHOR", "2026-01-01T00:00:00Z"), ("COMMITTER", "2026-01-01T00:00:00Z")] {
            command
                .env(format!("GIT_{person}_NAME"), "A")
                .env(format!("GIT_{person}_EMAIL"), "a@example.org")
                .env(format!("GIT_{person}_DATE"), day);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `wt` with arguments, not yet started.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_wt"), folder);
        command.args(arguments);
        command
    }

    /// Runs `wt` in the usual repository.
    pub fn wt(&self, arguments: &[&str]) -> Run {
        self.wt_in(&self.repo(), arguments)
    }

    pub fn wt_in(&self, folder: &Path, arguments: &[&str]) -> Run {
        let output = self.command(folder, arguments).output().unwrap();
        let run = Run::new(arguments, &output);
        assert!(!run.stderr.contains("panicked"), "{}", run.shown());
        run
    }

    /// Runs `wt --json` in the usual repository; asserts that it succeeds.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.json_in(&self.repo(), arguments)
    }

    #[track_caller]
    pub fn json_in(&self, folder: &Path, arguments: &[&str]) -> Value {
        let with_json: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        self.wt_in(folder, &with_json).ok().json()
    }

    /// Asserts that the usual repository's `wt` refuses with `code` and that nothing changed; answers the JSON error.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str], code: &str) -> Value {
        self.refused_in(&self.repo(), arguments, code)
    }

    /// The same in another folder. The exit code follows from `code`, and is the same with and without `--json`.
    #[track_caller]
    pub fn refused_in(&self, folder: &Path, arguments: &[&str], code: &str) -> Value {
        let status = match code {
            "usage" | "name_invalid" | "config_invalid" | "registry_corrupt" | "registry_newer" => 2,
            "interrupted" => 130,
            _ => 1,
        };
        let before = self.snapshot();
        let plain = self.wt_in(folder, arguments).exits(status);
        assert!(plain.stderr.contains("error: "), "{}", plain.shown());
        self.assert_unchanged(&before, &plain);
        let with_json: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        let run = self.wt_in(folder, &with_json).exits(status);
        self.assert_unchanged(&before, &run);
        run.error(code)
    }
}

/// Under `nohup`, or as a script's background job, the tests ignore signals that what they start must not: what is caught,
/// and does nothing, becomes the default again with the exec.
fn begin_children_as_usual() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        // HUP, INT, QUIT, USR1, USR2, TERM, CHLD
        for signal in [1, 2, 3, 10, 12, 15, 17] {
            if mask & (1 << (signal - 1)) != 0 {
                signal_hook::flag::register(signal, std::sync::Arc::default()).unwrap();
            }
        }
    });
}
