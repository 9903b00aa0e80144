//! Branches are claimed as refs of the remote: one of many wins, and what is claimed is given back.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::child::Child;
use crate::support::team::Team;
use crate::support::{Run, skip, wait};

fn login() -> Vec<String> {
    vec!["refs/wt/claims/branch/feature%2Flogin".to_owned()]
}

fn hook(folder: &Path, name: &str, text: &str) {
    crate::support::hooks::write_program(&folder.join("hooks").join(name), text);
}

#[test]
fn a_claimed_branch_is_refused_with_its_holder_until_it_is_given_back_or_taken_over() {
    let team = Team::new(&["ana", "ben"]);
    // Nobody's hooks run for it, and pre-push least of all.
    hook(&team.sandbox.path("ana/shop/.git"), "pre-push", "#!/bin/sh\nexit 1\n");
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(team.claims(), login());
    let error = team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
    let details = &error["details"];
    assert_eq!(
        (&details["branch"], &details["worktree"]),
        (&json!("feature/login"), &json!("feature-login"))
    );
    assert!(
        details["host"].is_string() && details["user"].is_string() && details["since"].is_string(),
        "{error}"
    );
    assert_eq!(team.living("ben"), 0, "nothing is left of it");
    assert!(!team.sandbox.has_branch(&team.sandbox.path("ben/shop"), "feature/login"));
    // One key for the branch, whatever the name of the work.
    team.wt("ben", &["--json", "create", "--branch", "feature/login", "--identifier", "other"])
        .exits(1)
        .error("claimed");

    let rows = team.json("ben", &["team"]);
    assert_eq!(
        (&rows["branches"][0]["branch"], &rows["branches"][0]["own"]),
        (&json!("feature/login"), &json!(false))
    );
    team.wt("ben", &["--json", "team", "release", "feature/login"]).exits(1).error("not_yours");

    // Given back, it is anybody's; restored, it is claimed again.
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert!(team.claims().is_empty());
    team.wt("ben", &["create", "login"]).ok();
    let error = team.wt("ana", &["--json", "restore", "feature-login"]).exits(1).error("claimed");
    assert!(error["message"].as_str().unwrap().contains("feature/login"), "{error}");
    team.wt("ana", &["create", "login", "--take-over"]).ok();
    // A branch that is renamed is claimed by its new name, and the former one is free.
    team.wt("ana", &["create", "draft"]).ok();
    team.wt("ana", &["--json", "rename", "feature-draft", "login"]).exits(1);
    team.wt("ben", &["--json", "team", "claim", "feature/final"]).ok();
    team.wt("ana", &["--json", "rename", "feature-draft", "final"]).exits(1).error("claimed");
    team.wt("ana", &["rename", "feature-draft", "whole"]).ok();
    assert!(team.claims().contains(&"refs/wt/claims/branch/feature%2Fwhole".to_owned()));
    assert!(!team.claims().contains(&"refs/wt/claims/branch/feature%2Fdraft".to_owned()));
    team.wt("ana", &["remove", "feature-whole"]).ok();
    team.wt("ben", &["team", "release", "feature/final"]).ok();
    // What was taken over is no longer the other's to give back.
    team.wt("ben", &["remove", "feature-login"]).ok();
    assert_eq!(team.claims(), login());
    assert_eq!(team.json("ana", &["team"])["branches"][0]["own"], true);
}

#[test]
fn numbers_count_on_over_clones_and_branches_are_claimed_by_hand() {
    let team = Team::new(&["ana", "ben"]);
    assert_eq!(team.json("ana", &["create"])["worktree"]["name"], "feature-1");
    assert_eq!(team.json("ben", &["create"])["worktree"]["name"], "feature-2");
    team.wt("ana", &["team", "claim", "feature/3"]).ok();
    assert_eq!(team.json("ben", &["create"])["worktree"]["name"], "feature-4");
    team.wt("ben", &["--json", "team", "claim", "feature/3"]).exits(1).error("claimed");
    team.wt("ana", &["team", "release", "feature/3"]).ok();
    team.wt("ana", &["--json", "team", "release", "feature/3"]).exits(1).error("not_found");
    team.wt("ben", &["team", "claim", "feature/3"]).ok();
    team.wt("ana", &["--json", "team", "claim", "a..b"]).exits(2).error("name_invalid");
}

#[test]
fn offline_a_create_refuses_or_goes_on_and_a_removal_is_queued() {
    let team = Team::new(&["ana", "ben"]);
    team.wt("ana", &["create", "login"]).ok();
    let aside = team.sandbox.path("away.git");
    fs::rename(&team.remote, &aside).unwrap();
    // Twice: what is to be given back is one branch, by two commits.
    for _ in 0..2 {
        let error = team.wt("ben", &["--json", "create", "search"]).exits(1).error("claims_unreachable");
        assert_eq!(error["details"]["remote"], "origin");
        assert_eq!(team.living("ben"), 0);
    }
    team.wt("ana", &["remove", "feature-login"]).ok();
    let mut allowed = team.command("ben", &["create", "search"]);
    let run =
        Run::new(&["create", "search"], &allowed.env("WT_TEAM_OFFLINE", "allow").output().unwrap()).ok();
    assert!(run.stderr.contains("not claimed yet"), "{}", run.shown());
    // Of a branch without a worktree nothing here would know later that it is to be claimed.
    let words = ["--json", "team", "claim", "fourth"];
    let mut by_hand = team.command("ben", &words);
    let run = Run::new(&words, &by_hand.env("WT_TEAM_OFFLINE", "allow").output().unwrap());
    let error = run.exits(1).error("claims_unreachable");
    assert!(!error["hint"].as_str().unwrap().contains("OFFLINE"), "it would not help: {error}");
    let words = ["team", "claim", "feature/search"];
    let mut by_hand = team.command("ben", &words);
    let run = Run::new(&words, &by_hand.env("WT_TEAM_OFFLINE", "allow").output().unwrap()).ok();
    assert!(run.stderr.contains("not claimed yet"), "{}", run.shown());
    // Hooks, lists and paths ask nobody.
    team.wt("ana", &["list"]).ok();
    fs::rename(&aside, &team.remote).unwrap();
    assert_eq!(team.claims(), login());
    team.wt("ana", &["create", "other"]).ok();
    team.wt("ben", &["create", "third"]).ok();
    let claimed: Vec<String> =
        ["other", "search", "third"].map(|name| format!("refs/wt/claims/branch/feature%2F{name}")).into();
    assert_eq!(team.claims(), claimed, "the give-back was made up for, and so was the claim");
}

#[test]
fn a_remote_that_refuses_such_refs_or_never_answers_is_named_in_time() {
    let team = Team::new(&["ana"]);
    hook(
        &team.remote,
        "update",
        "#!/bin/sh\ncase $1 in refs/wt/*) echo no such refs here >&2; exit 1;; esac\n",
    );
    let error = team.wt("ana", &["--json", "create", "login"]).exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "refused");
    assert_eq!(team.living("ana"), 0);
    fs::remove_file(team.remote.join("hooks/update")).unwrap();
    // It took the claim, and its answer never came.
    hook(&team.remote, "post-receive", "#!/bin/sh\nkill -9 $PPID\n");
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(team.claims(), login(), "asked about by its commit, it is ours");
    fs::remove_file(team.remote.join("hooks/post-receive")).unwrap();
    // Silence: a listener that never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("git://{}/shop.git", silent.local_addr().unwrap());
    team.sandbox.git(&team.sandbox.path("ana/shop"), &["remote", "set-url", "origin", &url]);
    let started = std::time::Instant::now();
    let mut command = team.command("ana", &["--json", "create", "search"]);
    let run =
        Run::new(&["--json", "create", "search"], &command.env("WT_TEAM_TIMEOUT", "300ms").output().unwrap());
    let error = run.exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "timeout");
    assert!(started.elapsed() < std::time::Duration::from_secs(15));
}

#[test]
fn a_push_that_comes_to_stand_after_it_was_given_up_is_given_back() {
    let team = Team::new(&["ana"]);
    let Some(_daemon) = daemon(&team, &["ana"]) else { return skip("git daemon is needed") };
    let [begun, go] = ["begun", "go"].map(|name| team.sandbox.path(name));
    let (begun_at, until) = (begun.display(), go.display());
    let waiting = format!("#!/bin/sh\n: >'{begun_at}'\nwhile [ ! -e '{until}' ]; do sleep 0.05; done\n");
    hook(&team.remote, "pre-receive", &waiting);
    // On a machine that is busy a push needs a while to come so far.
    for within in ["1s", "5s", "25s"] {
        let mut command = team.command("ana", &["--json", "create", "login"]);
        let output = command.env("WT_TEAM_TIMEOUT", within).output().unwrap();
        let error = Run::new(&["--json", "create", "login"], &output).exits(1).error("claims_unreachable");
        assert_eq!((&error["details"]["reason"], team.living("ana")), (&json!("timeout"), 0));
        if begun.exists() {
            break;
        }
    }
    fs::remove_file(team.remote.join("hooks/pre-receive")).unwrap();
    team.wt("ana", &["team"]).ok();
    assert!(team.claims().is_empty(), "nothing stands there yet");
    fs::write(&go, "").unwrap();
    wait::until("the push comes to stand", || !team.claims().is_empty());
    // Ten minutes later it is looked for once more.
    let journal = team.sandbox.path("ana/shop/.git/wt/claims");
    for file in fs::read_dir(&journal).unwrap().flatten() {
        let mut pushed: Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        pushed["tried"] = json!("2026-01-01T00:00:00Z");
        fs::write(file.path(), pushed.to_string()).unwrap();
    }
    team.wt("ana", &["team"]).ok();
    assert!(team.claims().is_empty() && fs::read_dir(&journal).unwrap().next().is_none());
}

#[test]
fn a_repositorys_file_pushes_nothing_before_it_was_trusted() {
    let team = Team::new(&["ana"]);
    team.sandbox.configure("");
    fs::write(team.sandbox.path("ana/shop/.wt.toml"), "[team]\nclaims = \"git\"\n").unwrap();
    team.wt("ana", &["create", "login"]).ok();
    assert!(team.claims().is_empty());
    let shown = team.wt("ana", &["trust"]);
    assert!(shown.stderr.contains("pushes refs to origin"), "{}", shown.shown());
    team.wt("ana", &["trust", "--yes"]).ok();
    team.wt("ana", &["create", "search"]).ok();
    assert_eq!(team.claims(), ["refs/wt/claims/branch/feature%2Fsearch"]);
}

fn one_of(team: &Team, clones: &[String]) {
    let children: Vec<_> = clones
        .iter()
        .map(|clone| {
            let mut command = team.command(clone, &["--json", "create", "login"]);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .env("WT_TEAM_TIMEOUT", "120s");
            command.spawn().unwrap()
        })
        .collect();
    let mut won = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        if output.status.success() {
            won += 1;
        } else {
            assert_eq!(answer["error"]["code"], "claimed", "{answer}");
        }
    }
    assert_eq!(won, 1);
    assert_eq!(team.claims(), login());
}

#[test]
fn of_clones_that_create_one_name_at_once_one_wins() {
    let clones: Vec<String> = (0..3).map(|number| format!("c{number}")).collect();
    let team = Team::new(&clones.iter().map(String::as_str).collect::<Vec<_>>());
    one_of(&team, &clones);
}

#[test]
#[ignore = "heavy: 32 clones"]
fn of_thirty_two_clones_that_create_one_name_at_once_one_wins() {
    let clones: Vec<String> = (0..32).map(|number| format!("c{number}")).collect();
    let team = Team::new(&clones.iter().map(String::as_str).collect::<Vec<_>>());
    one_of(&team, &clones);
}

/// Has the clones reach their remote by git's own protocol; `None` where there is no daemon for it.
fn daemon(team: &Team, clones: &[&str]) -> Option<Child> {
    let port = team.sandbox.port(9);
    // The daemon itself: `git daemon` would leave it behind when it is ended.
    let program = Path::new(&team.sandbox.git(&team.sandbox.path(""), &["--exec-path"])).join("git-daemon");
    let mut daemon = team.sandbox.program(program.to_str().unwrap(), &team.sandbox.path(""));
    let base = format!("--base-path={}", team.sandbox.path("").display());
    daemon.args(["--export-all", "--enable=receive-pack", "--reuseaddr", "--listen=127.0.0.1", &base]);
    daemon.arg(format!("--port={port}")).stderr(std::process::Stdio::null());
    let child = Child(daemon.spawn().ok()?);
    wait::until("the daemon listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let url = format!("git://127.0.0.1:{port}/shop.git");
    for clone in clones {
        let shop = team.sandbox.path(&format!("{clone}/shop"));
        team.sandbox.git(&shop, &["remote", "set-url", "origin", &url]);
    }
    Some(child)
}

#[test]
fn claims_go_over_gits_own_protocol_too() {
    let team = Team::new(&["ana", "ben"]);
    let Some(_daemon) = daemon(&team, &["ana", "ben"]) else { return skip("git daemon is needed") };
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(team.claims(), login());
    team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert!(team.claims().is_empty());
}
