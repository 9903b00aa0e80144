//! Many at once: every create succeeds, no port is given twice, nothing is lost.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::Sandbox;

const MANY: usize = 64;
/// How often equal creates race: four times for each of the three ways to name a branch.
const ROUNDS: usize = 12;

/// A sandbox with ports for so many, whose commands wait for the registry as long as a busy machine makes them.
fn patient(ports: u16) -> Sandbox {
    let mut sandbox = Sandbox::with_ports(ports);
    sandbox.set("WT_REGISTRY_LOCK_TIMEOUT", "120s");
    sandbox
}

fn start(sandbox: &Sandbox, repo: &Path, identifier: &str) -> Child {
    sandbox
        .command(repo, &["--json", "create", identifier, "--ports"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for all; answers the ports they were given.
fn ports_of(children: Vec<Child>) -> Vec<u64> {
    children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            let (stdout, stderr) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{stdout}\n{stderr}");
            let answer: Value = serde_json::from_str(&stdout).unwrap();
            answer["worktree"]["ports"][0]["port"].as_u64().unwrap()
        })
        .collect()
}

fn assert_all_there(sandbox: &Sandbox, ports: &[u64], folders: &[PathBuf]) {
    assert_eq!(ports.iter().collect::<HashSet<_>>().len(), MANY, "a port was given twice: {ports:?}");
    let living = sandbox.living();
    assert_eq!(living.len(), MANY);
    assert!(living.iter().all(|entry| entry["state"] == "active"));
    for folder in folders {
        let env = std::fs::read_to_string(folder.join(".env")).unwrap();
        assert!(ports.iter().any(|port| env.contains(&format!("PORT={port}\n"))), "{env}");
        assert!(folder.join("run.sh").exists());
    }
}

#[test]
fn sixty_four_creates_in_one_repository() {
    let sandbox = patient(70);
    let repo = sandbox.make_repository("proj");
    let children = (0..MANY).map(|number| start(&sandbox, &repo, &format!("n{number}"))).collect();
    let ports = ports_of(children);
    let folders: Vec<PathBuf> =
        (0..MANY).map(|number| sandbox.worktree(&format!("feature-n{number}"))).collect();
    assert_all_there(&sandbox, &ports, &folders);
    assert_eq!(sandbox.git(&repo, &["worktree", "list"]).lines().count(), MANY + 1);
    for folder in &folders {
        assert_eq!(sandbox.status(folder), "");
    }
    let exclude = std::fs::read_to_string(repo.join(".git/info/exclude")).unwrap();
    assert_eq!(exclude.lines().filter(|line| line.trim_start_matches('/') == ".env").count(), 1, "{exclude}");
    sandbox.assert_sound(&repo);
}

#[test]
fn sixty_four_creates_over_eight_repositories() {
    let sandbox = patient(70);
    let repos: Vec<PathBuf> =
        (0..8).map(|number| sandbox.make_repository(&format!("projects/p{number}"))).collect();
    let children =
        (0..MANY).map(|number| start(&sandbox, &repos[number % 8], &format!("n{number}"))).collect();
    let ports = ports_of(children);
    let folders: Vec<PathBuf> = (0..MANY)
        .map(|number| sandbox.path(&format!("projects/p{}.worktrees/feature-n{number}", number % 8)))
        .collect();
    assert_all_there(&sandbox, &ports, &folders);
}

#[test]
fn of_many_that_want_the_same_name_one_wins() {
    let sandbox = Sandbox::new();
    let children: Vec<Child> = (0..8).map(|_| start(&sandbox, &sandbox.repo(), "same")).collect();
    let done = children.into_iter().map(|child| child.wait_with_output().unwrap());
    assert_eq!(done.filter(|output| output.status.success()).count(), 1);
    assert_eq!(sandbox.living().len(), 1);
    let folder = sandbox.worktree("feature-same");
    assert_eq!(sandbox.status(&folder), "");
    assert!(folder.join("README.md").exists() && folder.join(".env").exists());
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn of_equal_creates_one_wins_and_all_others_lose_with_one_code() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    for round in 0..ROUNDS {
        let (id, topic) = (format!("same{round}"), format!("topic{round}"));
        let words = match round % 3 {
            0 => vec!["--json", "create", &id],
            1 => vec!["--json", "create", &id, "--branch", &topic],
            _ => {
                sandbox.git(&repo, &["branch", &topic]);
                vec!["--json", "create", &id, "--branch", &topic]
            }
        };
        let spawn = |_| {
            let mut command = sandbox.command(&repo, &words);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<Child> = (0..6).map(spawn).collect();
        let mut won = 0;
        for child in children {
            let output = child.wait_with_output().unwrap();
            if output.status.success() {
                won += 1;
                continue;
            }
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            let lost = (output.status.code(), answer["error"]["code"].as_str());
            assert_eq!(lost, (Some(1), Some("worktree_exists")), "round {round}: {answer}");
        }
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(sandbox.living().len(), ROUNDS);
    sandbox.assert_sound(&repo);
}

#[test]
fn many_without_an_identifier_get_numbers_of_their_own() {
    let sandbox = patient(20);
    let repo = sandbox.make_repository("proj");
    let children: Vec<Child> = (0..12)
        .map(|_| {
            let mut command = sandbox.command(&repo, &["--json", "create", "--ports"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ports: HashSet<u64> = ports_of(children).into_iter().collect();
    assert_eq!(ports.len(), 12);
    assert_eq!(sandbox.living().len(), 12);
}

#[test]
fn creates_and_removals_side_by_side_end_well() {
    let sandbox = patient(40);
    let repo = sandbox.make_repository("proj");
    for number in 0..8 {
        sandbox.wt(&["create", &format!("old{number}"), "--ports"]).ok();
    }
    let creates: Vec<Child> = (0..8).map(|number| start(&sandbox, &repo, &format!("new{number}"))).collect();
    let removals: Vec<Child> = (0..8)
        .map(|number| {
            let name = format!("feature-old{number}");
            sandbox
                .command(&repo, &["remove", &name])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in creates.into_iter().chain(removals) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let names: HashSet<String> =
        sandbox.living().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 8);
    assert!(names.iter().all(|name| name.starts_with("feature-new")), "{names:?}");
    assert_eq!(sandbox.git(&repo, &["worktree", "list"]).lines().count(), 9);
}

#[test]
fn of_two_creates_for_one_branch_only_one_checks_it_out() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["branch", "topic"]);
    for round in 0..5 {
        let create = |name: &str| sandbox.wt(&["create", name, "--branch", "topic"]);
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| create("two"));
            (create("one"), other.join().unwrap())
        });
        let won: Vec<_> = [&first, &second].into_iter().filter(|run| run.status == 0).collect();
        assert_eq!(won.len(), 1, "round {round}: {}\n{}", first.shown(), second.shown());
        sandbox.wt(&["remove", "topic", "--force"]).ok();
    }
}
