//! One round: create, list, remove, restore, validate.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::state::Mount;
use crate::support::{Run, Sandbox};

/// How a round ends.
pub enum Outcome {
    Works,
    /// Refused with this code, and nothing is made.
    Refused(&'static str),
}

/// A set-up.
pub struct Setup {
    /// What is mounted as long as the set-up lives; unmounted before the sandbox goes.
    #[expect(dead_code, reason = "it is unmounted with the set-up")]
    pub mount: Option<Mount>,
    pub sandbox: Sandbox,
    /// Where commands are run.
    pub folder: PathBuf,
    /// What runs them: a program and its first arguments. Empty: nothing does.
    pub through: Vec<String>,
    /// Variables that are not set.
    pub unset: &'static [&'static str],
    pub outcome: Outcome,
}

impl Setup {
    pub fn of(sandbox: Sandbox) -> Self {
        let folder = sandbox.repo();
        Self { sandbox, folder, through: Vec::new(), unset: &[], outcome: Outcome::Works, mount: None }
    }

    /// The same, run by a script that ends with running what it is given.
    pub fn by(mut self, script: &str) -> Self {
        let script = format!("{script}\nexec \"$@\"");
        self.through = ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
        self
    }

    /// The same, by such a script in a mount namespace of its own.
    pub fn mounted(self, script: &str) -> Option<Self> {
        let mut setup = self.by(&format!("{{ {script}; }} >&2 || exit 99\ncd \"$PWD\" || exit 99"));
        setup.through.splice(0..0, ["unshare", "--mount"].map(str::to_owned));
        (setup.command("true", &[]).status().ok()?.code() == Some(0)).then_some(setup)
    }

    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let words: Vec<&str> = self.through.iter().map(String::as_str).chain([program]).collect();
        let mut command = self.sandbox.program(words[0], &self.folder);
        command.args(&words[1..]).args(arguments);
        for name in self.unset {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Run {
        let run = Run::new(arguments, &self.command(program, arguments).output().unwrap());
        assert!(!run.stderr.contains("panicked"), "{}", run.shown());
        run
    }

    fn wt(&self, arguments: &[&str]) -> Run {
        self.run(env!("CARGO_BIN_EXE_wt"), arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.wt(&[arguments, &["--json"]].concat()).ok().json()
    }

    fn is_there(&self, path: &str) -> bool {
        self.run("test", &["-e", path]).status == 0
    }
}

/// All that a create could make: branches, worktrees, what is ignored, and what lies beside the repository.
fn made(setup: &Setup) -> [String; 4] {
    let refs = ["for-each-ref", "--format=%(refname) %(objectname)"];
    let ignored = "cat \"$(git rev-parse --git-common-dir)/info/exclude\"";
    [
        setup.run("git", &refs).stdout,
        setup.run("git", &["worktree", "list", "--porcelain"]).stdout,
        setup.run("sh", &["-c", ignored]).stdout,
        setup.run("ls", &["-A", ".", ".."]).stdout,
    ]
}

/// Goes through it.
pub fn round(setup: &Setup) {
    if let Outcome::Refused(code) = setup.outcome {
        let before = made(setup);
        let run = setup.wt(&["create", "one", "--json"]);
        assert_ne!(run.status, 0, "{}", run.shown());
        assert_eq!(run.json()["error"]["code"], code, "{}", run.shown());
        assert_eq!(made(setup), before, "something was made: {}", run.shown());
        return;
    }
    let answer = setup.json(&["create", "one", "--ports"]);
    let created = &answer["worktree"];
    let (path, name) = (created["path"].as_str().unwrap(), created["name"].as_str().unwrap());
    assert!(setup.is_there(path), "{answer:#}");
    let status = setup.run("git", &["-C", path, "status", "--porcelain"]).ok();
    assert_eq!(status.stdout, "", "git sees changes in a new worktree");
    let port = created["ports"][0]["port"].as_u64().unwrap();
    let env = setup.run("cat", &[&format!("{path}/.env")]).ok().stdout;
    assert!(env.contains(&port.to_string()), "{env}");
    let listed = |setup: &Setup| {
        let list = setup.json(&["list"]);
        let rows = list["worktrees"].as_array().unwrap();
        rows.iter().any(|row| row["path"] == path && row["name"] == name && row["missing"] == false)
    };
    assert!(listed(setup), "{}", setup.json(&["list"]));
    let precious = format!("{path}/precious");
    setup.run("sh", &["-c", "echo mine > \"$0\"", &precious]).ok();
    let refused = setup.wt(&["remove", name]);
    assert_eq!(refused.status, 1, "{}", refused.shown());
    assert!(setup.is_there(&precious), "{}", refused.shown());
    setup.wt(&["remove", name, "--force"]).ok();
    assert!(!setup.is_there(path) && !listed(setup));
    setup.wt(&["restore", name]).ok();
    assert_eq!(setup.run("cat", &[&precious]).ok().stdout, "mine\n");
    assert!(listed(setup));
    let judged = setup.wt(&["validate", "--json"]);
    assert_eq!(judged.status, 0, "{}", judged.shown());
    let found = judged.json();
    let is_about_it = |finding: &Value| finding["worktree"] == name && finding["fixable"] == true;
    assert!(!found["findings"].as_array().unwrap().iter().any(is_about_it), "{found:#}");
    setup.run("git", &["fsck", "--no-dangling", "--no-progress"]).ok();
    assert!(!setup.run("git", &["worktree", "list", "--porcelain"]).ok().stdout.contains("prunable"));
}
