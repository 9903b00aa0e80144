//! Claims and records are of one mind, and where they are not it is told: by hand, lost, left over, of a host that is gone, or of
//! two machines that share one identity.

use std::fs;
use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::support::team::Team;
use crate::support::{Run, skip};

/// The findings about claims: code, subject, whether it can be mended.
fn claims(answer: &Value) -> Vec<(String, String, bool)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = answer["findings"].as_array().unwrap().iter();
    let row = |found: &Value| {
        (text(&found["code"]), text(&found["subject"]), found["fixable"] == true && found["fixed"] != true)
    };
    all.map(row).filter(|(code, ..)| code.starts_with("claim-")).collect()
}

fn validate(team: &Team, clone: &str, more: &[&str]) -> Vec<(String, String, bool)> {
    let arguments: Vec<&str> = ["--json", "validate"].iter().chain(more).copied().collect();
    claims(&team.wt(clone, &arguments).json())
}

fn row(code: &str, subject: &str, fixable: bool) -> Vec<(String, String, bool)> {
    vec![(code.to_owned(), subject.to_owned(), fixable)]
}

#[test]
fn a_claim_made_by_hand_becomes_the_worktrees_and_one_given_back_by_hand_stays_so() {
    let team = Team::new(&["ana", "ben"]);
    let said = team.wt("ana", &["team"]).ok();
    assert!(said.stderr.contains("nobody has claimed anything"), "{}", said.shown());
    team.wt("ana", &["team", "claim", "feature/login"]).ok();
    assert!(validate(&team, "ana", &[]).is_empty(), "there is to be no worktree of it yet");
    team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
    team.wt("ana", &["create", "login"]).ok();
    let rows = team.json("ben", &["team"]);
    assert_eq!(rows["branches"][0]["worktree"], "feature-login");
    assert_eq!((&rows["hosts"][0]["own"], &rows["hosts"][0]["branches"]), (&json!(false), &json!(1)));
    assert!(rows["hosts"][0]["seen"].is_string() && rows["hosts"][0]["stale"] == false, "{rows}");

    // Given back by hand, the next command does not take it again; only a mend does.
    team.wt("ana", &["team", "release", "feature/login"]).ok();
    team.wt("ana", &["create", "--detach", "look"]).ok();
    assert!(team.claims().is_empty());
    assert_eq!(validate(&team, "ana", &[]), row("claim-missing", "feature-login", true));
    let doctor = team.wt("ana", &["--json", "doctor"]).json();
    let told = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "claims").unwrap();
    assert_eq!(told["status"], "ok");
    assert!(validate(&team, "ana", &["--fix"]).iter().all(|(.., left)| !left));
    assert_eq!(team.claims().len(), 1);
    assert!(validate(&team, "ana", &[]).is_empty());

    // Taken over it is lost, which nothing but people settles; by hand it is the worktree's again.
    team.wt("ben", &["team", "claim", "feature/login", "--take-over"]).ok();
    assert_eq!(validate(&team, "ana", &["--fix"]), row("claim-lost", "feature-login", false));
    let doctor = team.wt("ana", &["--json", "doctor"]).json();
    let told = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "claims").unwrap();
    assert_eq!((&told["status"], &told["hint"]), (&json!("warning"), &json!("wt validate")), "{told}");
    assert!(told["message"].as_str().unwrap().contains("by others"), "{told}");
    team.wt("ana", &["--json", "team", "claim", "feature/login"]).exits(1).error("claimed");
    let lost = team.wt("ana", &["--json", "validate"]).json();
    let hint = lost["findings"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("`wt team claim --take-over feature/login`"), "{hint}");
    team.wt("ana", &["team", "claim", "--take-over", "feature/login"]).ok();
    assert!(validate(&team, "ana", &[]).is_empty());
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert!(team.claims().is_empty());
}

#[test]
fn restore_adopt_and_rename_take_a_claim_over() {
    let team = Team::new(&["ana", "ben"]);
    let shop = team.sandbox.path("ana/shop");
    team.wt("ana", &["create", "login"]).ok();
    team.wt("ana", &["remove", "feature-login"]).ok();
    for name in ["login", "draft", "final"] {
        team.wt("ben", &["team", "claim", &format!("feature/{name}")]).ok();
    }
    let refused = team.wt("ana", &["--json", "restore", "feature-login"]).exits(1).error("claimed");
    assert!(refused["hint"].as_str().unwrap().contains("--take-over"), "{refused}");
    team.wt("ana", &["restore", "feature-login", "--take-over"]).ok();
    let folder = team.sandbox.path("ana/draft");
    team.sandbox.git(&shop, &["worktree", "add", "-q", "-b", "feature/draft", folder.to_str().unwrap()]);
    team.wt("ana", &["--json", "adopt", folder.to_str().unwrap()]).exits(1).error("claimed");
    team.wt("ana", &["adopt", folder.to_str().unwrap(), "--take-over"]).ok();
    team.wt("ana", &["--json", "rename", "feature-login", "final"]).exits(1).error("claimed");
    team.wt("ana", &["rename", "feature-login", "final", "--take-over"]).ok();
    let own: Vec<Value> = team.json("ana", &["team"])["branches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["branch"], row["worktree"], row["own"]]))
        .collect();
    assert_eq!(
        own,
        [json!(["feature/draft", "draft", true]), json!(["feature/final", "feature-final", true])]
    );
    // Everybody has the main worktree: its branch is nobody's.
    team.wt("ana", &["adopt", "--main", "--purpose", "feature", "--ports"]).ok();
    team.wt("ben", &["adopt", "--main", "--purpose", "feature", "--ports"]).ok();
    assert_eq!(team.claims().len(), 2);
}

#[test]
fn a_worktree_recorded_in_passing_is_claimed_later_or_told_to_be_lost() {
    let team = Team::new(&["ana", "ben"]);
    let shop = team.sandbox.path("ana/shop");
    team.wt("ana", &["hooks", "install"]).ok();
    let add = |branch: &str| {
        let folder = team.sandbox.path(&format!("ana/{branch}"));
        let mut command = team.sandbox.program("git", &shop);
        command.args(["worktree", "add", "-q", "-b", &format!("feature/{branch}")]).arg(folder);
        assert!(command.env("XDG_STATE_HOME", team.sandbox.path("ana/state")).status().unwrap().success());
    };
    add("free");
    add("taken");
    if team.living("ana") < 2 {
        for branch in ["free", "taken"] {
            let folder = team.sandbox.path(&format!("ana/{branch}"));
            let mut command = team.command("ana", &["agent", "enter", "--json"]);
            command.current_dir(folder).output().unwrap();
        }
    }
    assert_eq!(team.living("ana"), 2);
    assert!(team.claims().is_empty(), "nobody waited for a network");
    team.wt("ben", &["create", "taken"]).ok();
    let said = team.wt("ana", &["create", "other"]).ok();
    assert!(said.stderr.contains("feature/taken"), "{}", said.shown());
    assert_eq!(team.living("ana"), 3, "the worktree stays");
    assert_eq!(team.claims().len(), 3);
    assert_eq!(validate(&team, "ana", &[]), row("claim-lost", "taken", false));
    let again = team.wt("ana", &["create", "further"]).ok();
    assert!(!again.stderr.contains("feature/taken"), "it is asked for once: {}", again.shown());
}

#[test]
fn claims_without_a_worktree_are_given_back_when_ours_and_told_of_when_their_host_is_gone() {
    let team = Team::new(&["ana", "ben"]);
    team.wt("ana", &["create", "kept"]).ok();
    let registry = team.sandbox.path("ana/state/wt/registry.json");
    let before = fs::read(&registry).unwrap();
    team.wt("ana", &["create", "gone"]).ok();
    fs::write(&registry, before).unwrap();
    let folder = team.sandbox.path("ana/shop.worktrees/feature-gone");
    team.sandbox.git(&team.sandbox.path("ana/shop"), &["worktree", "remove", folder.to_str().unwrap()]);
    assert_eq!(validate(&team, "ana", &[]), row("claim-orphaned", "feature/gone", true));
    assert!(validate(&team, "ben", &[]).is_empty(), "not ours to give back");
    assert_eq!(team.claims().len(), 2, "a look changes nothing");
    validate(&team, "ana", &["--fix"]);
    assert_eq!(team.claims().len(), 1);
    assert!(validate(&team, "ana", &[]).is_empty());

    // A host that was not seen for long is told of, and keeps what it has.
    let mut stale = team.command("ben", &["--json", "validate", "--fix"]);
    let answer =
        Run::new(&["--json", "validate"], &stale.env("WT_TEAM_STALE_AFTER", "0s").output().unwrap()).json();
    assert_eq!(claims(&answer), row("claim-host-stale", "feature/kept", false));
    assert_eq!(team.claims().len(), 1);
    let told =
        answer["findings"].as_array().unwrap().iter().find(|found| found["code"] == "claim-host-stale");
    let hint = told.unwrap()["hint"].as_str().unwrap();
    let named = hint.split('`').nth(1).unwrap().strip_prefix("wt ").unwrap();
    team.wt("ben", &named.split(' ').collect::<Vec<_>>()).ok();
    assert!(team.claims().is_empty(), "what the hint names settles it");
    // Out of reach, the rest is looked at all the same; hooks and monitors ask nobody.
    fs::rename(&team.remote, team.sandbox.path("away.git")).unwrap();
    let said = team.wt("ana", &["validate"]).ok();
    assert!(said.stderr.contains("claims were not looked at"), "{}", said.shown());
}

#[test]
fn callers_of_one_host_come_one_by_one_and_name_who_sits_there() {
    let team = Team::new(&["ana"]);
    team.wt("ana", &["create", "login"]).ok();
    let book =
        fs::read_dir(team.sandbox.path("ana/state/wt/claims")).unwrap().next().unwrap().unwrap().path();
    let mut lock = fs::File::create(book.join("claims.lock")).unwrap();
    lock.write_all(b"wt, pid 4242").unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = team.command("ana", arguments);
        command.env("WT_TEAM_TIMEOUT", "100ms").env("WT_REGISTRY_LOCK_TIMEOUT", "100ms");
        Run::new(arguments, &command.output().unwrap())
    };
    let error = run(&["--json", "create", "search"]).exits(1).error("claims_unreachable");
    assert_eq!(
        (&error["details"]["reason"], &error["details"]["holder"]),
        (&json!("locked"), &json!("wt, pid 4242"))
    );
    // A removal does not wait for it: what it could not give back is made up for.
    run(&["remove", "feature-login"]).ok();
    assert_eq!(team.claims().len(), 1);
    drop(lock);
    team.wt("ana", &["create", "search"]).ok();
    assert_eq!(team.claims(), ["refs/wt/claims/branch/feature%2Fsearch"]);
}

#[test]
fn two_machines_with_one_identity_are_told_apart_before_a_claim_changes() {
    if !rustix::process::geteuid().is_root() {
        return skip("root is needed for another start of the machine");
    }
    let team = Team::new(&["ana"]);
    team.wt("ana", &["create", "login"]).ok();
    let (ana, twin) = (team.sandbox.path("ana"), team.sandbox.path("twin"));
    assert!(std::process::Command::new("cp").arg("-a").args([&ana, &twin]).status().unwrap().success());
    let boot = team.sandbox.path("boot");
    fs::write(&boot, "11111111-2222-3333-4444-555555555555\n").unwrap();
    let of_twin = |arguments: &[&str]| {
        let mount = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
        let mut command = team.sandbox.program("unshare", &twin.join("shop"));
        command.args(["-m", "sh", "-c", mount]).arg(&boot).arg(env!("CARGO_BIN_EXE_wt")).args(arguments);
        command.env("XDG_STATE_HOME", twin.join("state"));
        Run::new(arguments, &command.output().unwrap())
    };
    if !of_twin(&["--json", "team", "claim", "feature/copy"]).stdout.contains("feature/copy") {
        return skip("unshare and mount are needed");
    }
    let error = team.wt("ana", &["--json", "create", "search"]).exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "host_duplicated");
    assert!(error["hint"].as_str().unwrap().contains("wt team hosts renew"), "{error}");
    team.wt("ana", &["remove", "feature-login"]).ok();
    let all = ["copy", "login"].map(|name| format!("refs/wt/claims/branch/feature%2F{name}"));
    assert_eq!(team.claims(), all, "neither taken nor given back");
    let renewed = team.json("ana", &["team", "hosts", "renew"]);
    assert_ne!(renewed["id"], renewed["former"]);
    team.wt("ana", &["create", "search"]).ok();
    team.wt("ana", &["--json", "create", "login"]).exits(1).error("claimed");
    assert_eq!(team.claims().len(), 3);
    assert_eq!(team.json("ana", &["team"])["hosts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_login_page_and_a_remote_that_is_only_read_are_named_in_what_they_answered() {
    let team = Team::new(&["ana"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}/shop.git", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let body = "<html>please log in</html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let shop = team.sandbox.path("ana/shop");
    let origin = team.sandbox.git(&shop, &["remote", "get-url", "origin"]);
    team.sandbox.git(&shop, &["remote", "set-url", "origin", &page]);
    let error = team.wt("ana", &["--json", "create", "login"]).exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "failed");
    assert_eq!(team.living("ana"), 0);
    // What can be read and not be pushed to.
    team.sandbox.git(&shop, &["remote", "set-url", "origin", origin.trim()]);
    team.sandbox.git(&shop, &["remote", "set-url", "--push", "origin", &page]);
    let error = team.wt("ana", &["--json", "create", "login"]).exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "two_addresses");
    let hook = team.remote.join("hooks/pre-receive");
    crate::support::hooks::write_program(&hook, "#!/bin/sh\necho read only >&2; exit 1\n");
    team.sandbox.git(&shop, &["config", "--unset", "remote.origin.pushurl"]);
    let error = team.wt("ana", &["--json", "create", "login"]).exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "refused");
    fs::remove_file(hook).unwrap();
    // A remote that was written anew has lost the claim: it is told of, and taken again.
    team.wt("ana", &["create", "login"]).ok();
    team.sandbox.git(&team.remote, &["update-ref", "-d", "refs/wt/claims/branch/feature%2Flogin"]);
    team.sandbox.git(&team.remote, &["gc", "-q", "--prune=now"]);
    validate(&team, "ana", &["--fix"]);
    assert_eq!(team.claims(), ["refs/wt/claims/branch/feature%2Flogin"]);
}
