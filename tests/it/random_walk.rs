//! Two hundred steps of what people and programs do to worktrees, in any order: afterwards `validate --fix` reaches a
//! valid state, and nothing that was committed, staged or edited is gone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::dice::Dice;
use crate::support::holder::Holder;
use crate::support::{Sandbox, git};

const STEPS: u64 = 200;

/// The walk: a repository, what was put into its worktrees, and the servers that run.
struct Walk {
    sandbox: Sandbox,
    dice: Dice,
    number: u64,
    /// What was written into a worktree and not committed, by file; files of deleted folders are taken out.
    edited: BTreeMap<PathBuf, String>,
    /// Commits by the branch they were made on.
    commits: Vec<String>,
    /// Blobs that were staged.
    staged: Vec<String>,
    servers: Vec<Holder>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let sandbox = Sandbox::with_ports(60);
        sandbox.make_repository("proj");
        Self {
            sandbox,
            dice: Dice(seed),
            number: 0,
            edited: BTreeMap::new(),
            commits: Vec::new(),
            staged: Vec::new(),
            servers: Vec::new(),
        }
    }

    /// The linked worktrees whose folders are there, as git knows them.
    fn folders(&self) -> Vec<PathBuf> {
        let listed = self.sandbox.try_git(&self.sandbox.repo(), &["worktree", "list", "--porcelain"]);
        let text = String::from_utf8(listed.stdout).unwrap();
        let paths = text.lines().filter_map(|line| line.strip_prefix("worktree ")).map(PathBuf::from);
        paths.skip(1).filter(|path| path.join(".git").exists()).collect()
    }

    fn any_folder(&mut self) -> Option<PathBuf> {
        let mut folders = self.folders();
        let count = u64::try_from(folders.len()).unwrap();
        let chosen = usize::try_from(self.dice.roll(count.max(1))).unwrap();
        (chosen < folders.len()).then(|| folders.swap_remove(chosen))
    }

    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn step(&mut self) {
        match self.dice.roll(14) {
            0..=2 => self.create(false),
            3 => self.create(true),
            4 => self.create_by_git(),
            5 => self.remove(),
            6 => self.delete_folder(),
            7 => self.move_by_git(),
            8 => self.break_env(),
            9 => self.edit(),
            10 => self.stage(),
            11 => self.commit(),
            12 => self.switch_branch(),
            _ => self.server(),
        }
    }

    fn create(&mut self, killed: bool) {
        let name = format!("w{}", self.next());
        let arguments = ["create", &name, "--ports", "--on-conflict", "retry"];
        if !killed {
            self.sandbox.wt(&arguments);
            return;
        }
        let mut child =
            self.sandbox.command(&self.sandbox.repo(), &arguments).process_group(0).spawn().unwrap();
        // Somewhere in its life, wherever the machine is by then.
        for _ in 0..self.dice.roll(60) * 2000 {
            std::hint::spin_loop();
        }
        let _ = child.kill();
        child.wait().unwrap();
    }

    fn create_by_git(&mut self) {
        let number = self.next();
        let path = self.sandbox.path(&format!("by-git-{number}"));
        let branch = format!("fix/g{number}");
        self.sandbox
            .git(&self.sandbox.repo(), &["worktree", "add", "-q", "-b", &branch, path.to_str().unwrap()]);
    }

    fn remove(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let run = self.sandbox.wt(&["remove", folder.to_str().unwrap()]);
        if run.status == 0 {
            assert!(
                !self.edited.keys().any(|file| file.starts_with(&folder)),
                "removed with edits: {}",
                run.shown()
            );
        }
    }

    /// What somebody deletes themselves is theirs to lose.
    fn delete_folder(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        fs::remove_dir_all(&folder).unwrap();
        self.edited.retain(|file, _| !file.starts_with(&folder));
    }

    fn move_by_git(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let name = format!("moved-{}", self.next());
        let to = self.sandbox.path(&name);
        let moved = self.sandbox.try_git(
            &self.sandbox.repo(),
            &["worktree", "move", folder.to_str().unwrap(), to.to_str().unwrap()],
        );
        if moved.status.success() {
            let inside: Vec<PathBuf> =
                self.edited.keys().filter(|file| file.starts_with(&folder)).cloned().collect();
            for file in inside {
                let text = self.edited.remove(&file).unwrap();
                self.edited.insert(to.join(file.strip_prefix(&folder).unwrap()), text);
            }
        }
    }

    fn break_env(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let file = folder.join(".env");
        match self.dice.roll(3) {
            0 => drop(fs::remove_file(file)),
            1 => {
                if let Ok(text) = fs::read_to_string(&file) {
                    git::write(&folder, ".env", &text.replace("WT_NAME=", "WT_NAME=x"));
                }
            }
            _ => {
                let text = fs::read_to_string(&file).unwrap_or_default();
                git::write(&folder, ".env", &format!("MINE_{}=1\n{text}", self.number));
            }
        }
    }

    fn edit(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let (name, text) = (format!("edited-{}.txt", self.next()), format!("edit {}\n", self.number));
        git::write(&folder, &name, &text);
        self.edited.insert(folder.join(name), text);
    }

    fn stage(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let name = format!("staged-{}.txt", self.next());
        git::write(&folder, &name, &format!("staged {}\n", self.number));
        self.sandbox.git(&folder, &["add", &name]);
        self.staged.push(self.sandbox.git(&folder, &["rev-parse", &format!(":{name}")]));
        self.edited.insert(folder.join(&name), format!("staged {}\n", self.number));
    }

    fn commit(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let name = format!("committed-{}.txt", self.next());
        git::write(&folder, &name, "committed\n");
        self.sandbox.git(&folder, &["add", &name]);
        self.sandbox.git(&folder, &["commit", "-qm", &name, "--", &name]);
        self.commits.push(self.sandbox.git(&folder, &["rev-parse", "HEAD"]));
    }

    fn switch_branch(&mut self) {
        let Some(folder) = self.any_folder() else { return };
        let branch = format!("feature/s{}", self.next());
        self.sandbox.git(&folder, &["switch", "-q", "-c", &branch]);
    }

    fn server(&mut self) {
        let is_stranger = self.dice.roll(3) == 0;
        if self.dice.roll(2) == 0 && !self.servers.is_empty() {
            self.servers.remove(0);
            return;
        }
        let living = self.sandbox.living();
        let with_port = |entry: &&Value| entry["allocations"][0]["port"].is_u64();
        let Some(entry) = living.iter().find(with_port) else { return };
        let port = u16::try_from(entry["allocations"][0]["port"].as_u64().unwrap()).unwrap();
        // In the worktree itself, or as a stranger on its port.
        let own = PathBuf::from(entry["path"].as_str().unwrap());
        let folder = if is_stranger || !own.exists() { self.sandbox.path("") } else { own };
        let is_free = std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free {
            self.servers.extend(self.sandbox.python_server(&folder, "127.0.0.1", &[port]));
        }
    }

    fn has_object(&self, object: &str) -> bool {
        self.sandbox.try_git(&self.sandbox.repo(), &["cat-file", "-e", object]).status.success()
    }

    fn assert_nothing_lost(&self) {
        for (file, text) in &self.edited {
            assert_eq!(fs::read_to_string(file).ok().as_ref(), Some(text), "{} is gone", file.display());
        }
        let lost = self.commits.iter().chain(&self.staged).find(|object| !self.has_object(object));
        assert_eq!(lost, None, "an object is gone");
        let everything = self.sandbox.git(&self.sandbox.repo(), &["rev-list", "--all", "--reflog"]);
        let unreachable = self.commits.iter().find(|commit| !everything.contains(commit.as_str()));
        assert_eq!(unreachable, None, "a commit is on no branch any more");
    }
}

fn walk(seed: u64) {
    let mut walk = Walk::new(seed);
    for step in 1..=STEPS {
        walk.step();
        if step % 50 == 0 {
            walk.assert_nothing_lost();
        }
    }
    walk.servers.clear();
    let run = walk.sandbox.wt(&["validate", "--verify-ports", "--fix"]);
    assert_eq!(run.status, 0, "seed {seed}: {}", run.shown());
    let again = walk.sandbox.wt(&["validate", "--verify-ports", "--fix", "--json"]).ok().json();
    let fixed = again["summary"]["fixable"].as_u64();
    assert_eq!(fixed, Some(0), "seed {seed}: a second run finds nothing to mend: {again:#}");
    walk.assert_nothing_lost();
    walk.sandbox.assert_sound(&walk.sandbox.repo());
    is_listed(&walk.sandbox, &walk.sandbox.repo());
}

/// git itself is content.
fn is_listed(sandbox: &Sandbox, repository: &Path) {
    sandbox.git(repository, &["worktree", "list"]);
}

#[test]
fn two_hundred_steps_end_in_a_valid_state_with_nothing_lost() {
    for seed in [1, 2] {
        walk(seed);
    }
}
