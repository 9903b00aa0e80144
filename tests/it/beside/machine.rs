//! The machine: the real program, git and people's hands, and what is compared with the model after each step.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::reference::{Place, Tree, World};
use super::step::{Act, Fate, Step};
use crate::faults::processes::{end_all, processes};
use crate::support::{Run, Sandbox, clock, git, skip, wait};

/// A service that only lives.
const SERVICES: &str = "[service.job]\nrun = \"sleep 1000\"\nlistens = false\n";

pub struct Machine {
    sandbox: Sandbox,
    /// What was committed.
    commits: Vec<String>,
    /// What was staged, by the file's number.
    staged: BTreeMap<u32, String>,
    /// Where a worktree was last, and what its record calls it, by its number.
    folders: BTreeMap<u32, PathBuf>,
    names: BTreeMap<u32, String>,
    strangers: Vec<TcpListener>,
    /// The variable that has programs see another time.
    ahead: Option<PathBuf>,
    is_ahead: bool,
    said: Vec<String>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        end_all(&self.sandbox);
    }
}

impl Machine {
    pub fn new() -> Self {
        let sandbox = Sandbox::with_ports(100);
        sandbox.make_repository("proj");
        let repo = sandbox.repo();
        git::write(&repo, ".wt.toml", SERVICES);
        sandbox.wt_in(&repo, &["trust", "--yes"]).ok();
        let ahead = clock::library(&sandbox);
        if ahead.is_none() {
            skip("no C compiler: the clock stays");
        }
        Self {
            sandbox,
            commits: Vec::new(),
            staged: BTreeMap::new(),
            folders: BTreeMap::new(),
            names: BTreeMap::new(),
            strangers: Vec::new(),
            ahead,
            is_ahead: false,
            said: Vec::new(),
        }
    }

    /// Where the worktree is, or was last.
    fn folder(&self, tree: &Tree) -> PathBuf {
        match &tree.folder {
            Some(folder) => self.sandbox.path(folder),
            None => self.sandbox.worktree(&name(tree.called)),
        }
    }

    fn command(&self, words: &[String]) -> Command {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.sandbox.command(&self.sandbox.repo(), &words);
        if let Some(library) = self.ahead.as_ref().filter(|_| self.is_ahead) {
            command.env("LD_PRELOAD", library);
        }
        command
    }

    fn run(&mut self, words: &[String]) -> Run {
        let output = self.command(words).output().unwrap();
        let shown: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = Run::new(&shown, &output);
        self.said.push(run.shown());
        run
    }

    /// The words of an act; its worktree is named by its folder, which says whose it is wherever it is.
    fn words(&self, act: &Act) -> Vec<String> {
        let folder = |id: u32| self.folders[&id].to_str().unwrap().to_owned();
        match *act {
            Act::Create { id, ports } => {
                let mut words = vec![
                    "create".to_owned(),
                    format!("w{id}"),
                    "--on-conflict".to_owned(),
                    "retry".to_owned(),
                ];
                words.extend(ports.then(|| "--ports".to_owned()));
                words
            }
            Act::Remove { id, force } => {
                let mut words = vec!["remove".to_owned(), folder(id)];
                words.extend(force.then(|| "--force".to_owned()));
                words
            }
            // What was put away has no folder to be named by.
            Act::Restore(id) => vec!["restore".to_owned(), self.names[&id].clone()],
            Act::Rename { id, to } => vec!["rename".to_owned(), folder(id), format!("w{to}")],
            Act::Up(id) => vec!["up".to_owned(), "--worktree".to_owned(), folder(id)],
            Act::Down(id) => vec!["down".to_owned(), "--worktree".to_owned(), folder(id)],
        }
    }

    /// Asserts that the act ended as the model says.
    #[track_caller]
    fn require(&self, act: &Act, run: &Run, world: &World) {
        let refused = matches!(act, Act::Remove { id, .. } if world.tree(*id).unwrap().place == Place::Here);
        assert_eq!(run.status == 0, !refused, "{act:?}: {}", run.shown());
    }

    /// Does one step; `world` is what it leads to.
    pub fn take(&mut self, step: &Step, world: &World) {
        self.said.push(format!("{step:?}"));
        match step {
            Step::Run(act, Fate::Lives) => {
                let run = self.run(&self.words(act));
                self.require(act, &run, world);
            }
            Step::Run(act, Fate::Killed(after)) => {
                let mut command = self.command(&self.words(act));
                command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
                let mut child = command.spawn().unwrap();
                end_after(&mut child, Duration::from_millis(*after));
            }
            Step::Both(one, other) => {
                let mut commands = [one, other].map(|act| self.command(&self.words(act)));
                let [first, second] = &mut commands;
                let outputs = std::thread::scope(|scope| {
                    let first = scope.spawn(|| first.output().unwrap());
                    let second = second.output().unwrap();
                    [first.join().unwrap(), second]
                });
                for (act, output) in [one, other].into_iter().zip(outputs) {
                    let run = Run::new(&["at once"], &output);
                    self.said.push(run.shown());
                    self.require(act, &run, world);
                }
            }
            Step::Look(look) => {
                let words: Vec<String> = look.words().iter().map(ToString::to_string).collect();
                let run = self.run(&words);
                assert!(run.status <= 1, "{}", run.shown());
            }
            Step::Clock(is_ahead) => self.is_ahead = *is_ahead && self.ahead.is_some(),
            Step::Unlisten => self.strangers.clear(),
            Step::Listen(id) => self.listen(world.tree(*id).unwrap()),
            Step::AddByGit(id) | Step::MoveByGit(id) | Step::RenameBranch(id) | Step::SwitchBranch(id) => {
                self.by_git(step, world.tree(*id).unwrap());
            }
            Step::DeleteFolder(id) => fs::remove_dir_all(&self.folders[id]).unwrap(),
            Step::MoveByHand(id) => {
                fs::rename(&self.folders[id], self.folder(world.tree(*id).unwrap())).unwrap();
            }
            Step::Edit(id) | Step::Stage(id) => self.edit(step, world.tree(*id).unwrap()),
            Step::Commit(id) => {
                let (folder, file) = (self.folders[id].clone(), format!("committed-{}", world.next));
                git::write(&folder, &file, "committed\n");
                self.sandbox.git(&folder, &["add", &file]);
                self.sandbox.git(&folder, &["commit", "-qm", &file, "--", &file]);
                self.commits.push(self.sandbox.git(&folder, &["rev-parse", "HEAD"]));
            }
            Step::BreakEnv(id) => drop(fs::remove_file(self.folders[id].join(".env"))),
            Step::KillSupervisor(id) => self.kill_supervisor(&self.folders[id].clone()),
        }
        let all = self.sandbox.registry();
        for tree in &world.trees {
            let folder = self.folder(tree);
            let recorded = all["worktrees"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|entry| entry["path"] == folder.to_str().unwrap());
            if let Some(name) = recorded.filter_map(|entry| entry["name"].as_str()).next_back() {
                self.names.insert(tree.id, name.to_owned());
            }
            self.folders.insert(tree.id, folder);
        }
    }

    fn by_git(&self, step: &Step, tree: &Tree) {
        let (repo, to) = (self.sandbox.repo(), self.folder(tree));
        let (to, branch) = (to.to_str().unwrap(), tree.branch.as_deref().unwrap_or_default());
        match step {
            Step::AddByGit(_) => drop(self.sandbox.git(&repo, &["worktree", "add", "-q", "-b", branch, to])),
            Step::MoveByGit(id) => {
                let from = &self.folders[id];
                self.sandbox.git(&repo, &["worktree", "move", from.to_str().unwrap(), to]);
            }
            Step::RenameBranch(id) => drop(self.sandbox.git(&self.folders[id], &["branch", "-m", branch])),
            _ => drop(self.sandbox.git(&self.folders[&tree.id], &["switch", "-q", "-c", branch])),
        }
    }

    fn edit(&mut self, step: &Step, tree: &Tree) {
        let number = tree.edits.last().unwrap();
        let (folder, file) = (&self.folders[&tree.id], format!("edit-{number}"));
        git::write(folder, &file, &format!("edit {number}\n"));
        if matches!(step, Step::Stage(_)) {
            self.sandbox.git(folder, &["add", &file]);
            let object = self.sandbox.git(folder, &["rev-parse", &format!(":{file}")]);
            self.staged.insert(*number, object);
        }
    }

    fn listen(&mut self, tree: &Tree) {
        let folder = self.folders[&tree.id].clone();
        let entry = self.sandbox.living().into_iter().find(|entry| entry["path"] == folder.to_str().unwrap());
        let port = entry.and_then(|entry| entry["allocations"][0]["port"].as_u64());
        let port = port.and_then(|port| u16::try_from(port).ok());
        self.strangers.extend(port.and_then(|port| TcpListener::bind(("127.0.0.1", port)).ok()));
    }

    fn kill_supervisor(&self, folder: &Path) {
        let inside =
            |pid: i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        let sleeper = processes(&self.sandbox)
            .into_iter()
            .find(|(pid, line)| line.starts_with("sleep 1000") && inside(*pid));
        let Some((pid, _)) = sleeper else { panic!("nothing runs in {}", folder.display()) };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent =
            stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)).and_then(|pid| pid.parse().ok());
        let is_supervisor = |(pid, line): &(i32, String)| Some(*pid) == parent && line.contains("supervise");
        let supervisor = processes(&self.sandbox).into_iter().find(is_supervisor);
        crate::support::services::kill(u32::try_from(supervisor.unwrap().0).unwrap());
    }

    /// How many of the service's processes run in a folder.
    fn running_in(&self, folder: &Path) -> usize {
        let inside = |pid: i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder);
        processes(&self.sandbox)
            .iter()
            .filter(|(pid, line)| line.starts_with("sleep 1000") && inside(*pid))
            .count()
    }

    /// Compares the machine with the model.
    pub fn compare(&self, world: &World) {
        let shown = || self.said[self.said.len().saturating_sub(12)..].join("\n");
        let mut list = self.command(&["list".to_owned(), "--json".to_owned()]);
        let list = Run::new(&["list", "--json"], &list.output().unwrap()).ok().json();
        let rows = list["worktrees"].as_array().unwrap();
        let living = self.sandbox.living();
        let mut ports: Vec<&Value> = Vec::new();
        for allocation in living.iter().flat_map(|entry| entry["allocations"].as_array().unwrap()) {
            assert!(!ports.contains(&&allocation["port"]), "a port is given twice: {living:#?}\n{}", shown());
            ports.push(&allocation["port"]);
        }
        for tree in &world.trees {
            let folder = self.folder(tree);
            let path = folder.to_str().unwrap();
            let row = rows.iter().find(|row| row["path"] == path && row["missing"] == false);
            if matches!(tree.place, Place::Here | Place::Elsewhere) {
                self.require_edits(tree, &folder);
            }
            match tree.place {
                Place::Here => {
                    let row = row.unwrap_or_else(|| panic!("{path} is not listed: {list:#}\n{}", shown()));
                    let branch = tree.branch.clone().unwrap_or_else(|| format!("feature/w{}", tree.called));
                    assert_eq!(row["branch"], branch.as_str(), "{row:#}\n{}", shown());
                    assert!(row["registered"] == true || !tree.by_wt, "{row:#}\n{}", shown());
                    let entry = living.iter().find(|entry| entry["path"] == path);
                    if tree.by_wt && tree.folder.is_none() {
                        let entry = entry
                            .unwrap_or_else(|| panic!("{path} is on no record: {living:#?}\n{}", shown()));
                        assert_eq!(entry["name"], name(tree.called).as_str(), "{}", shown());
                        self.compare_env(tree, entry, &folder);
                    }
                    let wanted = usize::from(tree.is_up);
                    wait::until(&format!("{wanted} service(s) in {path}, after\n{}", shown()), || {
                        self.running_in(&folder) == wanted
                    });
                }
                Place::Removed => {
                    assert!(row.is_none(), "{path} was removed: {list:#}\n{}", shown());
                    assert!(!folder.exists(), "{path} was removed\n{}", shown());
                    assert!(!living.iter().any(|entry| entry["path"] == path), "{living:#?}\n{}", shown());
                }
                Place::Deleted => assert!(!folder.exists(), "{path} was deleted\n{}", shown()),
                Place::Elsewhere | Place::Unsure => {}
            }
        }
        self.assert_nothing_lost();
    }

    fn compare_env(&self, tree: &Tree, entry: &Value, folder: &Path) {
        if !tree.has_block {
            return;
        }
        let text = fs::read_to_string(folder.join(".env")).unwrap_or_default();
        for allocation in entry["allocations"].as_array().unwrap() {
            let port = allocation["port"].as_u64().unwrap().to_string();
            let says = text.lines().filter_map(|line| line.split_once('=')).any(|(_, value)| value == port);
            assert!(says, "{port} is not in {}: {text}\n{}", folder.display(), self.said.join("\n"));
        }
        assert_eq!(entry["allocations"].as_array().unwrap().is_empty(), !tree.has_ports, "{entry:#}");
    }

    fn assert_nothing_lost(&self) {
        if self.commits.is_empty() {
            return;
        }
        let reachable = self.sandbox.git(&self.sandbox.repo(), &["rev-list", "--all", "--reflog"]);
        let lost = self.commits.iter().find(|commit| !reachable.contains(commit.as_str()));
        assert_eq!(lost, None, "a commit is gone\n{}", self.said.join("\n"));
    }

    /// Asserts that every edit is there as it was written, and staged where it was.
    #[track_caller]
    fn require_edits(&self, tree: &Tree, folder: &Path) {
        for number in &tree.edits {
            let file = format!("edit-{number}");
            let text = fs::read_to_string(folder.join(&file)).ok();
            let where_ = || format!("{}\n{}", folder.join(&file).display(), self.said.join("\n"));
            assert_eq!(text, Some(format!("edit {number}\n")), "an edit is gone: {}", where_());
            if let Some(object) = self.staged.get(number) {
                let staged = self.sandbox.git(folder, &["rev-parse", &format!(":{file}")]);
                assert_eq!(&staged, object, "it is staged no more: {}", where_());
            }
        }
    }

    /// Afterwards everything is mended, and what was removed, or left unsure by a killed command, is here or comes back.
    pub fn end(&mut self, world: &World) {
        self.strangers.clear();
        self.is_ahead = false;
        let fix: Vec<String> = ["validate", "--verify-ports", "--fix"].map(str::to_owned).to_vec();
        let run = self.run(&fix);
        assert_eq!(run.status, 0, "{}\n{}", run.shown(), self.said.join("\n"));
        let may_be_away = |tree: &&Tree| matches!(tree.place, Place::Unsure | Place::Removed);
        for tree in world.trees.iter().filter(may_be_away).filter(|tree| !tree.edits.is_empty()) {
            let calls = [tree.called, tree.id].map(name);
            let mut folders: Vec<PathBuf> = calls.iter().map(|name| self.sandbox.worktree(name)).collect();
            folders.push(self.folder(tree));
            let is_here = |folders: &[PathBuf]| folders.iter().any(|folder| folder.exists());
            if !is_here(&folders) {
                let words = ["restore".to_owned(), self.names[&tree.id].clone()];
                let run = self.run(&words);
                assert_eq!(run.status, 0, "{tree:?}: {}\n{}", run.shown(), self.said.join("\n"));
            }
            let folder = folders.iter().find(|folder| folder.exists()).unwrap();
            self.require_edits(tree, folder);
        }
        // What came back has ports on which nothing listens.
        self.run(&fix);
        let again = self.run(&[&fix[..], &["--json".to_owned()]].concat()).ok().json();
        assert_eq!(again["summary"]["fixable"], 0, "{again:#}\n{}", self.said.join("\n"));
        self.assert_nothing_lost();
        self.sandbox.assert_sound(&self.sandbox.repo());
    }
}

fn name(number: u32) -> String {
    format!("feature-w{number}")
}

/// Kills it after a while, where it has not ended.
fn end_after(child: &mut Child, after: Duration) {
    let begin = std::time::Instant::now();
    while begin.elapsed() < after {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
}
