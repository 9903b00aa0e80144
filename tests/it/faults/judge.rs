//! The judge: looks at everything after a run, and believes nothing that the command said.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::fingerprint::fingerprint;
use super::processes::processes;
use super::run::Outcome;
use super::scenario::Scenario;
use super::world::World;
use crate::support::Sandbox;

/// How long what goes on behind a command may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the runtime says where it cannot.
const WAKING: &str = "failed to wake I/O driver";

/// What a restore says of an env file.
const UNWRITTEN: &str = "is not written: ";

/// How worlds looked that were found good, each with the exit code: nobody judges the same twice.
pub type Known = HashSet<(Option<i32>, u64)>;

/// Fails where a run left anything behind that the next plain command does not heal.
pub fn judge(world: &World, scenario: &Scenario, outcome: &Outcome, known: &mut Known) {
    let sandbox = &world.sandbox;
    assert!(!outcome.is_hung, "it hung\n{}", outcome.shown());
    // The runtime of `wt serve` wakes itself through an eventfd, whose writing fails in no system.
    let panicked = outcome.said.contains("panicked") && !outcome.said.contains(WAKING);
    assert!(!panicked, "{}", outcome.shown());
    assert_ne!(outcome.code, Some(101), "{}", outcome.shown());
    assert!(matches!(outcome.signal, None | Some(9)), "{}", outcome.shown());
    (scenario.after)(sandbox, outcome);
    if outcome.is_gits || outcome.is_undeleted {
        unlock(&sandbox.repo().join(".git"));
        unlock(&sandbox.path("remotes"));
    }
    if scenario.has_services {
        services(sandbox, outcome);
    }
    ends(sandbox, &outcome.shown());
    let listed = sandbox.wt(scenario.next);
    assert_eq!(listed.status, 0, "the next command fails\n{}\n{}", outcome.shown(), listed.shown());
    let context = format!("{}\n{}", outcome.shown(), listed.stderr);
    registry(sandbox, &context);
    let key = (outcome.code, fingerprint(sandbox));
    if known.contains(&key) {
        return;
    }
    worktrees(world, outcome, &context);
    let is_back = files(world, scenario, &context);
    strays(world, &context);
    (scenario.ends)(sandbox, outcome);
    let valid = sandbox.wt(&["validate", "--json"]);
    let findings = valid.json()["findings"].as_array().cloned().unwrap();
    let wrong: Vec<&Value> = findings.iter().filter(|finding| finding["severity"] != "info").collect();
    assert!(wrong.is_empty(), "back: {is_back}, {wrong:#?}\n{context}");
    sandbox.assert_sound(&sandbox.repo());
    ends(sandbox, &context);
    known.insert(key);
}

/// Waits until nobody lives in the sandbox any more.
fn ends(sandbox: &Sandbox, context: &str) {
    let begin = Instant::now();
    while !processes(sandbox).is_empty() {
        assert!(begin.elapsed() < PATIENCE, "they do not end: {:?}\n{context}", processes(sandbox));
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Whatever became of a supervisor, one can look at its worktree, start its services and stop them, in this order or the other one.
fn services(sandbox: &Sandbox, outcome: &Outcome) {
    let living = sandbox.living();
    // What is half removed is gone with the next command.
    let is_it = |entry: &&Value| entry["name"] == "feature-login" && entry["state"] == "active";
    let Some(entry) = living.iter().find(is_it) else { return };
    let name = entry["name"].as_str().unwrap();
    let ask = |words: &[&str]| {
        let run = sandbox.wt(&[words, &["-w", name]].concat());
        assert_eq!(run.status, 0, "{}\n{}", run.shown(), outcome.shown());
        run
    };
    let start = || {
        ask(&["up"]);
        let status = ask(&["status", "--json"]).json();
        let all = status["services"].as_array().unwrap();
        assert!(all.iter().all(|service| service["state"] == "ready"), "{status:#}\n{}", outcome.shown());
        let known: Vec<&Value> = all.iter().map(|service| &service["pid"]).collect();
        let living = processes(sandbox);
        let services = living.iter().filter(|(_, command)| command.starts_with("sleep"));
        let unknown: Vec<_> = services.filter(|(pid, _)| !known.iter().any(|known| *known == pid)).collect();
        assert!(unknown.is_empty(), "nobody knows {unknown:?}\n{status:#}\n{}", outcome.shown());
    };
    let stop = || {
        ask(&["down"]);
        ends(sandbox, &outcome.shown());
    };
    ask(&["status"]);
    if outcome.number.is_multiple_of(2) {
        start();
    }
    stop();
    if !outcome.number.is_multiple_of(2) {
        start();
        stop();
    }
}

/// A git that is killed, or cannot delete them, leaves its locks, and tells whoever comes next to take them away.
fn unlock(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            unlock(&path);
        } else if path.extension().is_some_and(|ending| ending == "lock") {
            fs::remove_file(path).unwrap();
        }
    }
}

/// The registry and the one before it can be read, nothing is half done in it, and no port is given twice.
fn registry(sandbox: &Sandbox, context: &str) {
    let before = fs::read(sandbox.state().join("registry.json.bak"));
    assert!(before.is_ok_and(|bytes| serde_json::from_slice::<Value>(&bytes).is_ok()), "{context}");
    let registry = sandbox.registry();
    let mut ports = Vec::new();
    for entry in registry["worktrees"].as_array().into_iter().flatten() {
        let state = entry["state"].as_str().unwrap();
        assert!(matches!(state, "active" | "removed"), "{entry:#}\n{context}");
        assert!(entry["renaming"].is_null(), "{entry:#}\n{context}");
        let allocations = entry["allocations"].as_array().into_iter().flatten();
        ports.extend(allocations.map(|allocation| allocation["port"].as_u64().unwrap()));
    }
    let given = ports.len();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), given, "a port is given twice: {registry:#}\n{context}");
    let events = fs::read_to_string(sandbox.state().join("events.jsonl")).unwrap_or_default();
    let damaged = events.lines().filter(|line| serde_json::from_str::<Value>(line).is_err()).count();
    // Whoever dies while it writes leaves one line unfinished at most.
    assert!(damaged <= 1, "{events}\n{context}");
}

/// Registry, git, folders and env files say the same of every worktree.
fn worktrees(world: &World, outcome: &Outcome, context: &str) {
    let sandbox = &world.sandbox;
    let listed = sandbox.git(&sandbox.repo(), &["worktree", "list", "--porcelain"]);
    assert!(!listed.contains("prunable"), "{listed}\n{context}");
    for entry in sandbox.living() {
        let folder = PathBuf::from(entry["path"].as_str().unwrap());
        if folder == sandbox.repo() {
            continue;
        }
        assert!(folder.is_dir(), "{} is on record and not there\n{context}", folder.display());
        let is_listed = listed.lines().any(|line| line == format!("worktree {}", folder.display()));
        assert!(is_listed, "git does not know {}\n{listed}\n{context}", folder.display());
        let branch = format!("refs/heads/{}", entry["branch"].as_str().unwrap());
        assert_eq!(sandbox.git(&folder, &["symbolic-ref", "HEAD"]), branch, "{context}");
        let env = fs::read_to_string(folder.join(".env")).unwrap_or_default();
        // A restore that could not write it says so, and how that is mended.
        let allocations = entry["allocations"].as_array().filter(|_| !outcome.said.contains(UNWRITTEN));
        for allocation in allocations.into_iter().flatten() {
            let port = allocation["port"].as_u64().unwrap();
            assert!(env.contains(&format!("={port}\n")), "{port} is not in {env}\n{context}");
        }
    }
    let folders = fs::read_dir(sandbox.path("proj.worktrees")).into_iter().flatten().flatten();
    for folder in folders.map(|entry| entry.path()).filter(|path| !path.ends_with(".wt-trash")) {
        let is_listed = listed.contains(&format!("worktree {}\n", folder.display()));
        let is_known = is_listed || world.was_there(&folder) || !folder.is_dir();
        assert!(is_known, "{} is nobody's\n{listed}\n{context}", folder.display());
    }
    let trash = [sandbox.path("proj.worktrees/.wt-trash"), sandbox.repo().join(".git/wt/trash")];
    let registry = sandbox.registry().to_string();
    for entry in trash.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let token = name.trim_end_matches(".json").rsplit('-').next().unwrap_or_default().to_owned();
        // A description that stays of what is not there any more says nothing to anybody, and so does an empty folder.
        let is_probe = outcome.is_undeleted && name.starts_with("probe-");
        let is_known = is_probe
            || name == ".gitignore"
            || Path::new(&name).extension().is_some_and(|end| end == "json")
            || registry.contains(&token);
        assert!(is_known, "{} is nobody's trash\n{registry}\n{context}", entry.path().display());
    }
}

/// Where the worktree is now that was `feature-login` at first; brings it back where it was removed.
fn login(sandbox: &Sandbox, context: &str) -> (PathBuf, bool) {
    let find = || {
        let living = sandbox.living();
        let entry =
            living.iter().find(|entry| entry["name"] == "feature-login" || entry["name"] == "feature-signup");
        entry.map(|entry| PathBuf::from(entry["path"].as_str().unwrap()))
    };
    if let Some(folder) = find() {
        return (folder, false);
    }
    let unrecorded = sandbox.worktree("feature-login");
    if unrecorded.is_dir() {
        return (unrecorded, false);
    }
    let restored = sandbox.wt(&["restore", "feature-login"]);
    assert_eq!(restored.status, 0, "it cannot be restored\n{}\n{context}", restored.shown());
    (find().unwrap(), true)
}

/// Every file of the user's is there with its bytes, where its worktree is now, and git sees the same changes. Answers whether
/// the worktree had to be brought back for that.
fn files(world: &World, scenario: &Scenario, context: &str) -> bool {
    let sandbox = &world.sandbox;
    let bystander = sandbox.worktree("feature-bystander");
    let mut folders = vec![(sandbox.repo(), sandbox.repo()), (bystander.clone(), bystander)];
    let mut is_back = false;
    if let Some(first) = world.login().filter(|_| scenario.keeps_login) {
        let (folder, restored) = login(sandbox, context);
        folders.push((first, folder));
        is_back = restored;
    }
    for (first, now) in folders {
        for (path, bytes) in world.users_files(&first) {
            let found = fs::read(now.join(path));
            assert!(
                found.is_ok_and(|found| found == bytes),
                "{} is not as it was\n{context}",
                path.display()
            );
        }
        if let Some(status) = world.status(&first) {
            assert_eq!(&sandbox.status(&now), status, "{}\n{context}", now.display());
        }
        // Takes the index's lock, which nobody may have left behind.
        sandbox.git(&now, &["update-index", "-q", "--refresh", "--unmerged", "--really-refresh"]);
        if world.had_own_line(&first.join(".env")) {
            let env = fs::read_to_string(now.join(".env")).unwrap_or_default();
            assert!(env.contains("MINE=1\n"), "{env}\n{context}");
        }
    }
    is_back
}

/// No lock, no temporary file, no word of env files that are behind and no half-made folder is left.
fn strays(world: &World, context: &str) {
    let sandbox = &world.sandbox;
    let mut waiting =
        vec![sandbox.repo(), sandbox.path("proj.worktrees"), sandbox.state(), sandbox.path("home")];
    waiting.push(sandbox.path("config"));
    let mut strays = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if is_stray(&path) && !world.was_there(&path) {
                strays.push(path.clone());
            }
            if entry.file_type().unwrap().is_dir() {
                waiting.push(path);
            }
        }
    }
    // What was taken for a create or a removal that was never recorded goes once it is old.
    strays.extend(
        fs::read_dir(sandbox.state().join("following"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|mark| mark.path()),
    );
    assert!(strays.is_empty(), "left behind: {strays:?}\n{context}");
}

fn is_stray(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    let is_in_git = path.components().any(|part| part.as_os_str() == ".git");
    let is_lock = is_in_git && name.ends_with(".lock");
    is_lock
        || name.starts_with("making-")
        || name.ends_with(".tmp")
        || name.starts_with(".tmp")
        || name.contains(".wt-") && name != ".wt-trash" && !name.ends_with(".wt-chained")
}
