//! The remote that has the claims: with two addresses, left for another one, or with refs that nobody can read.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;

use crate::support::Run;
use crate::support::team::Team;

/// The claims on branches that a remote has.
fn claims(team: &Team, remote: &Path) -> Vec<String> {
    let listed = team.sandbox.git(remote, &["for-each-ref", "--format=%(refname)", "refs/wt/claims"]);
    listed.lines().map(|name| name.trim_start_matches("refs/wt/claims/branch/").to_owned()).collect()
}

fn another_remote(team: &Team) -> PathBuf {
    let path = team.sandbox.path("other.git");
    team.sandbox.git(&team.sandbox.repo(), &["clone", "-q", "--bare", ".", path.to_str().unwrap()]);
    path
}

#[test]
fn a_remote_that_is_not_there_keeps_no_claims_and_who_asks_for_them_here_is_told() {
    let team = Team::new(&["ana"]);
    let warning = |run: &Run| run.stderr.contains("nobody keeps claims here: there is no remote `orgin`");
    let misspelt = team.command("ana", &["create", "login"]).env("WT_TEAM_REMOTE", "orgin").output().unwrap();
    let misspelt = Run::new(&["create", "login"], &misspelt).ok();
    assert!(warning(&misspelt) && claims(&team, &team.remote).is_empty(), "{}", misspelt.shown());
    // Who asks for claims in all his repositories has some without a team.
    team.sandbox.git(&team.sandbox.path("ana/shop"), &["remote", "remove", "origin"]);
    let quiet = team.command("ana", &["create", "search"]).env("WT_TEAM_TIMEOUT", "5s").output().unwrap();
    let run = Run::new(&["create", "search"], &quiet).ok();
    assert!(!run.stderr.contains("nobody keeps"), "{}", run.shown());
}

#[test]
fn claims_are_asked_for_where_they_are_pushed_or_refused() {
    let team = Team::new(&["ana", "ben"]);
    let shop = team.sandbox.path("ana/shop");
    let other = another_remote(&team);
    let git = |words: &[&str]| team.sandbox.git(&shop, words);
    // Pushed elsewhere nobody would see them.
    git(&["remote", "set-url", "--push", "origin", other.to_str().unwrap()]);
    let mut offline = team.command("ana", &["--json", "create", "login"]);
    let run =
        Run::new(&["--json", "create", "login"], &offline.env("WT_TEAM_OFFLINE", "allow").output().unwrap());
    let error = run.exits(1).error("claims_unreachable");
    assert_eq!(error["details"]["reason"], "two_addresses");
    assert!(error["message"].as_str().unwrap().contains("other.git"), "{error}");
    assert_eq!(
        (claims(&team, &team.remote).len(), claims(&team, &other).len(), team.living("ana")),
        (0, 0, 0)
    );
    // What is shown of an address has no password.
    let secret = "https://ana:SECRET@example.org/other.git";
    git(&["remote", "set-url", "--push", "origin", secret]);
    let run = team.wt("ana", &["--json", "create", "login"]);
    let error = run.exits(1).error("claims_unreachable").to_string();
    assert!(error.contains("example.org/other.git") && !error.contains("SECRET"), "{error}");
    git(&["config", "--unset", "remote.origin.pushurl"]);
    // Two addresses of one repository are one place: a URL to push to, and a rule for pushes.
    let folder = team.sandbox.path("");
    let rule = format!("url.file://{}.pushInsteadOf", folder.display());
    for (key, value) in [
        ("remote.origin.pushurl", format!("file://{}", team.remote.display())),
        (rule.as_str(), folder.display().to_string()),
    ] {
        git(&["config", key, &value]);
        team.wt("ana", &["create", "login"]).ok();
        assert_eq!(claims(&team, &team.remote), ["feature%2Flogin"], "{key}");
        assert_eq!(team.json("ana", &["team"])["branches"][0]["own"], true);
        team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
        team.wt("ana", &["remove", "feature-login", "--delete-branch"]).ok();
        assert!(claims(&team, &team.remote).is_empty(), "{key}");
        git(&["config", "--unset", key]);
    }
}

#[test]
fn a_remote_that_the_team_leaves_gets_its_claims_back() {
    let team = Team::new(&["ana"]);
    let shop = team.sandbox.path("ana/shop");
    let other = another_remote(&team);
    team.wt("ana", &["create", "login"]).ok();
    team.wt("ana", &["create", "search"]).ok();
    team.sandbox.git(&shop, &["remote", "add", "team", other.to_str().unwrap()]);
    team.sandbox.configure("[team]\nclaims = \"git\"\ntimeout = \"20s\"\nremote = \"team\"\n");
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(claims(&team, &team.remote), ["feature%2Fsearch"], "given back where it was pushed");
    team.wt("ana", &["create", "third"]).ok();
    assert!(claims(&team, &team.remote).is_empty(), "what stays is claimed at the new one");
    assert_eq!(claims(&team, &other), ["feature%2Fsearch", "feature%2Fthird"]);
    // A remote that is gone holds up nobody.
    team.sandbox.git(&shop, &["remote", "set-url", "team", team.remote.to_str().unwrap()]);
    std::fs::rename(&other, team.sandbox.path("away.git")).unwrap();
    team.wt("ana", &["remove", "feature-third"]).ok();
    team.wt("ana", &["create", "fourth"]).ok();
    assert_eq!(claims(&team, &team.remote), ["feature%2Ffourth", "feature%2Fsearch"]);
}

#[test]
fn claims_are_read_in_a_partial_clone_and_where_objects_are_checked() {
    let team = Team::new(&["ana"]);
    team.sandbox.git(&team.remote, &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", team.remote.display());
    team.sandbox.git(&team.sandbox.path(""), &["clone", "-q", "--filter=blob:none", &url, "ben/shop"]);
    team.sandbox.git(&team.sandbox.path("ben/shop"), &["config", "transfer.fsckObjects", "true"]);
    team.wt("ana", &["create", "login"]).ok();
    let seen = team.json("ben", &["team"]);
    assert_eq!(
        (&seen["branches"][0]["branch"], &seen["unread"]),
        (&json!("feature/login"), &json!(null)),
        "{seen}"
    );
    let error = team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
    assert_eq!(error["details"]["worktree"], "feature-login");
}

#[test]
fn a_claim_that_cannot_be_read_stops_nobody_and_is_released_by_its_ref() {
    let team = Team::new(&["ana", "ben"]);
    team.wt("ana", &["create", "login"]).ok();
    // One leads to a whole history, one to a commit that is not whole: no fetch of it goes through.
    let tip = team.sandbox.git(&team.remote, &["rev-parse", "HEAD"]);
    team.sandbox.git(&team.remote, &["update-ref", "refs/wt/claims/branch/huge", tip.trim()]);
    let tree = "1".repeat(40);
    let text = format!("tree {tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nx\n");
    let mut hash = team.sandbox.program("git", &team.remote);
    hash.args(["hash-object", "-t", "commit", "-w", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = hash.spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
    let broken = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    std::fs::write(team.remote.join("refs/wt/claims/branch/broken"), &broken).unwrap();

    for clone in ["ben", "ana", "ben"] {
        let seen = team.json(clone, &["team"]);
        assert_eq!(seen["branches"].as_array().unwrap().len(), 1, "{seen}");
        assert_eq!(seen["branches"][0]["user"], json!(seen["hosts"][0]["user"]));
        let mut unread: Vec<_> =
            seen["unread"].as_array().unwrap().iter().map(|row| row["branch"].clone()).collect();
        unread.sort_by_key(ToString::to_string);
        assert_eq!(unread, [json!("broken"), json!("huge")]);
    }
    team.wt("ben", &["team"]).ok().answers(&["broken", "?"]);
    team.wt("ben", &["--json", "create", "--branch", "broken", "--identifier", "b"])
        .exits(1)
        .error("claimed");
    team.wt("ben", &["--json", "team", "release", "broken"]).exits(1).error("not_yours");
    for branch in ["broken", "huge"] {
        team.wt("ben", &["team", "release", "--take-over", branch]).ok();
    }
    assert_eq!(claims(&team, &team.remote), ["feature%2Flogin"]);
    // Nothing of claims ever comes into the user's objects and refs.
    let shop = team.sandbox.path("ben/shop");
    let claim = team.sandbox.git(&team.remote, &["rev-parse", "refs/wt/claims/branch/feature%2Flogin"]);
    let mut look = team.sandbox.program("git", &shop);
    look.args(["cat-file", "-e", claim.trim()]).stderr(Stdio::null());
    assert!(!look.status().unwrap().success());
    assert!(!shop.join(".git/shallow").exists());
    assert!(team.sandbox.git(&shop, &["for-each-ref", "refs/wt/claims"]).is_empty());
}
