//! A git or a docker that hangs is ended with the command that waits for it, at whichever question it hangs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Run, Sandbox, git, wait};

/// A program that hangs when its words contain `at`, and is the real `name` otherwise.
struct Hanging {
    sandbox: Sandbox,
    started: PathBuf,
}

impl Hanging {
    fn install(mut sandbox: Sandbox, name: &str, at: &str) -> Self {
        let (folder, started) = (sandbox.path("hanging"), sandbox.path("run/started"));
        fs::create_dir_all(&folder).unwrap();
        let usual = std::env::var("PATH").unwrap();
        let real =
            usual.split(':').map(|folder| format!("{folder}/{name}")).find(|file| fs::exists(file).unwrap());
        // Both processes are seen by what they hold open.
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in\n*' {at} '*) echo $$ > '{0}.new'; mv '{0}.new' '{0}'; sleep 600 & wait;;\nesac\n\
             exec '{1}' \"$@\"\n",
            started.display(),
            real.unwrap_or_else(|| "true".to_owned()),
        );
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), PermissionsExt::from_mode(0o755)).unwrap();
        sandbox.set("PATH", format!("{}:{usual}", folder.display()));
        Self { sandbox, started }
    }

    /// Stops the command with `signal` once the program hangs, and holds it to its end: soon, with 130, and nothing changed.
    #[track_caller]
    fn is_left_by(&self, words: &[&str], signal: Signal) {
        let snapshot = || {
            let text = self.sandbox.snapshot();
            text.lines().filter(|line| !line.starts_with("run/")).collect::<Vec<_>>().join("\n")
        };
        let before = snapshot();
        let mut command = self.sandbox.command(&self.sandbox.repo(), words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait::until("it to hang", || {
            assert!(child.try_wait().unwrap().is_none(), "{words:?} ended without the question");
            self.started.exists()
        });
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = wait::end_of(&mut child);
        let run = Run::new(words, &child.wait_with_output().unwrap());
        assert_eq!(status.code(), Some(130), "{}", run.shown());
        let stranger = fs::read_to_string(&self.started).unwrap().trim().to_owned();
        assert!(!fs::exists(format!("/proc/{stranger}")).unwrap(), "{words:?} left what hangs behind");
        fs::remove_file(&self.started).unwrap();
        assert_eq!(snapshot(), before, "{}", run.shown());
    }
}

/// A repository that only git can read.
fn foreign_format() -> Sandbox {
    let sandbox = Sandbox::without_repository();
    let format = ["init", "-q", "-b", "main", "--object-format=sha256"];
    let repo = sandbox.make_repository_with("proj", &format);
    git::write(&repo, "a", "a\n");
    sandbox.commit(&repo, "a");
    sandbox
}

#[test]
fn a_git_that_hangs_ends_with_the_command_that_asked_it() {
    for (words, at, signal) in [
        (&["hooks", "status"][..], "--version", Signal::INT),
        (&["doctor"][..], "list", Signal::TERM),
        (&["remove", "feature-old"][..], "ls-files", Signal::HUP),
        (&["rename", "feature-old", "new"][..], "move", Signal::INT),
    ] {
        let sandbox = Sandbox::new();
        sandbox.wt(&["create", "old"]).ok();
        let folder = sandbox.worktree("feature-old");
        if words[0] == "remove" {
            // An index that only git reads.
            sandbox.git(&folder, &["update-index", "--split-index"]);
            sandbox.git(&folder, &["update-index", "--skip-worktree", "README.md"]);
        }
        Hanging::install(sandbox, "git", at).is_left_by(words, signal);
    }
}

#[test]
fn so_does_one_that_alone_can_read_the_repository() {
    for (words, at, signal) in [
        (&["create", "new"][..], "rev-parse", Signal::TERM),
        (&["create", "new"][..], "update-ref", Signal::INT),
        (&["create", "new"][..], "--no-checkout", Signal::HUP),
        (&["list", "--status"][..], "status", Signal::INT),
    ] {
        Hanging::install(foreign_format(), "git", at).is_left_by(words, signal);
    }
}

#[test]
fn a_docker_that_hangs_ends_with_the_command_that_asked_it() {
    for (words, at, signal) in [
        (&["compose-service", "db", "--check"][..], "ps", Signal::TERM),
        (&["compose-service", "db", "--check"][..], "ps", Signal::INT),
    ] {
        Hanging::install(Sandbox::new(), "docker", at).is_left_by(words, signal);
    }
}

#[test]
fn a_worktree_whose_folder_is_made_again_is_whole_though_the_command_is_stopped() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let (started, gate) = (sandbox.path("run/started"), sandbox.path("run/gate"));
    let smudge = format!(
        "sh -c 'touch {}; while [ ! -e {} ]; do sleep 0.01; done; cat'",
        started.display(),
        gate.display()
    );
    sandbox.git(&repo, &["config", "filter.slow.smudge", &smudge]);
    git::write(&repo, ".gitattributes", "*.slow filter=slow\n");
    for name in ["a.slow", "b.slow", "c"] {
        git::write(&repo, name, "text\n");
    }
    sandbox.commit(&repo, "slow files");
    fs::write(&gate, "").unwrap();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    sandbox.wt(&["prune", "--yes"]).ok();
    fs::remove_file(&gate).unwrap();
    fs::remove_file(&started).unwrap();
    let mut child = sandbox.command(&repo, &["restore", "login"]).spawn().unwrap();
    wait::until("a file to be laid out", || started.exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    fs::write(&gate, "").unwrap();
    wait::end_of(&mut child);
    assert_eq!(sandbox.git(&folder, &["status", "--porcelain"]), "");
    assert!(folder.join("b.slow").exists() && sandbox.living()[0]["name"] == "feature-login");
}
