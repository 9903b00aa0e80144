//! A stranger's code in a worktree: nothing that a configuration names runs there, nothing of the user's is carried into it,
//! until somebody allows the commit that is checked out.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::git::write;
use crate::support::wait::until;

const CONFIG: &str = "[worktree]\nsetup = [\"touch ../set-up\"]\nbackground = [\"touch ../background\"]\n\
    [env.set]\nSECRET = \"s\"\n\
    [service.web]\nrun = \"sleep 600\"\nlistens = false\nhealth = { command = \"touch ../checked\" }\n";

/// A sandbox whose configuration is trusted, and a branch that follows pull request 7 of `origin` as other programs leave it.
pub fn with_pull() -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    write(&repo, ".gitignore", "/.env\n/secret\n");
    write(&repo, ".worktreeinclude", "/secret\n");
    write(&repo, ".wt.toml", CONFIG);
    sandbox.commit(&repo, "configured");
    write(&repo, "secret", "mine");
    sandbox.add_remote(&repo, "origin");
    sandbox.git(&repo, &["checkout", "-q", "--detach"]);
    write(&repo, ".husky/post-checkout", "#!/bin/sh\ntouch ../hooked\n");
    fs::set_permissions(repo.join(".husky/post-checkout"), PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.commit(&repo, "a stranger's");
    sandbox.git(&repo, &["push", "-q", "origin", "HEAD:refs/pull/7/head"]);
    sandbox.git(&repo, &["checkout", "-q", "main"]);
    sandbox.git(&repo, &["fetch", "-q", "origin", "refs/pull/7/head:theirs"]);
    sandbox.git(&repo, &["config", "branch.theirs.remote", "origin"]);
    sandbox.git(&repo, &["config", "branch.theirs.merge", "refs/pull/7/head"]);
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox
}

pub fn adopted(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.path("theirs");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", &folder.to_string_lossy(), "theirs"]);
    let report = sandbox.json(&["adopt", &folder.to_string_lossy(), "--purpose", "review", "--ports"]);
    assert_eq!(report["worktree"]["foreign"], true, "{report}");
    folder
}

#[track_caller]
pub fn listed(sandbox: &Sandbox, name: &str) -> Value {
    let list = sandbox.json(&["list"]);
    let found = list["worktrees"].as_array().unwrap().iter().find(|worktree| worktree["name"] == name);
    found.cloned().unwrap_or_else(|| panic!("{name} is not in {list}"))
}

fn has_run(sandbox: &Sandbox, what: &str) -> bool {
    sandbox.path(what).exists() || sandbox.path("proj.worktrees").join(what).exists()
}

#[test]
fn nothing_that_is_configured_runs_in_it_until_its_commit_is_allowed() {
    let sandbox = with_pull();
    let folder = adopted(&sandbox);
    let wt = |arguments: &[&str]| sandbox.wt_in(&folder, arguments);
    sandbox.wt(&["list"]).ok().answers(&["foreign"]);
    let env = || fs::read_to_string(folder.join(".env")).unwrap();
    assert!(env().contains("PORT=") && !env().contains("SECRET"), "{}", env());
    // One table of the commands that run what a configuration names, with all that they would leave.
    for arguments in [&["setup"][..], &["up"], &["up", "--foreground"], &["restart"], &["carry"]] {
        let error = sandbox.wt_in(&folder, &[&["--json"], arguments].concat()).exits(1).error("untrusted");
        assert_eq!(error["details"]["foreign"], true, "{arguments:?} {error}");
        wt(arguments).exits(1).says(&["stranger", "wt -C", "trust --here"]);
    }
    sandbox.wt(&["health", "--worktree", "theirs"]);
    for (arguments, is_there) in [
        (&["exec", "--all", "--", "touch", "ran"][..], false),
        (&["exec", "theirs", "--", "touch", "ran"], true),
    ] {
        let report = sandbox.json(arguments);
        let run = report["runs"].as_array().unwrap().iter().find(|run| run["worktree"] == "theirs").unwrap();
        assert_eq!(run["reason"], if is_there { Value::Null } else { json!("foreign") }, "{report}");
        assert_eq!(folder.join("ran").exists(), is_there);
    }
    wt(&["run", "--", "sh", "-c", "test -n \"$PORT\" && test -z \"$SECRET\" && touch ran-too"]).ok();
    assert!(folder.join("ran-too").exists(), "the user's own words run");
    sandbox.wt(&["carry", "--all"]).says(&["theirs is passed over"]);
    assert!(!folder.join("secret").exists());
    for absent in ["set-up", "background", "checked"] {
        assert!(!has_run(&sandbox, absent), "{absent}");
    }
    // Allowed is the one commit, by somebody who saw it.
    let shown = wt(&["--json", "trust", "--here", "--status"]).exits(1).json();
    let commit = sandbox.git(&folder, &["rev-parse", "HEAD"]);
    assert_eq!((&shown["commit"], &shown["foreign"]), (&json!(commit), &json!(true)), "{shown}");
    assert_eq!((&shown["author"], &shown["subject"]), (&json!("A <a@example.org>"), &json!("a stranger's")));
    wt(&["--json", "trust", "--here"]).exits(1).error("untrusted");
    wt(&["trust", "--here"]).exits(1).says(&[&commit, "A <a@example.org>", "a stranger's", "--yes"]);
    wt(&["trust", "--here", "--yes"]).ok();
    assert_eq!(listed(&sandbox, "theirs")["foreign"], false);
    assert!(env().contains("SECRET=s"), "{}", env());
    wt(&["setup"]).ok();
    // The same commands that did nothing before.
    assert!(has_run(&sandbox, "set-up"));
    until("the background", || has_run(&sandbox, "background"));
    wt(&["up"]).ok();
    sandbox.wt(&["health", "--worktree", "theirs"]);
    assert!(has_run(&sandbox, "checked"));
    sandbox.wt(&["carry", "--all"]).ok();
    assert!(folder.join("secret").exists());
    sandbox.wt(&["exec", "--all", "--", "touch", "ran-unnamed"]).ok();
    assert!(folder.join("ran-unnamed").exists());
    // What comes later was not looked at.
    sandbox.commit(&folder, "more");
    wt(&["restart"]).exits(1).says(&["stranger"]);
    wt(&["down"]).ok();
    wt(&["trust", "--here", "--status"]).exits(1).says(&["not allowed"]);
    sandbox.git(&folder, &["reset", "-q", "--hard", "HEAD~1"]);
    wt(&["trust", "--here", "--status"]).ok().says(&["is allowed"]);
    wt(&["trust", "--here", "--revoke"]).ok();
    assert_eq!(listed(&sandbox, "theirs")["foreign"], true);
    assert!(!env().contains("SECRET"), "{}", env());
    wt(&["up"]).exits(1);
}

/// Changes the recorded entry of `theirs` as a lost or damaged registry would.
pub fn edit(sandbox: &Sandbox, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    let file = sandbox.state().join("registry.json");
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        if entry["name"] == "theirs" {
            change(entry.as_object_mut().unwrap());
        }
    }
    fs::write(file, registry.to_string()).unwrap();
}

#[test]
fn the_mark_outlives_the_loss_of_either_place_and_goes_where_the_worktree_goes() {
    let sandbox = with_pull();
    let repo = sandbox.repo();
    let folder = adopted(&sandbox);
    // Without the branch's settings only the mark tells.
    sandbox.git(&repo, &["config", "--remove-section", "branch.theirs"]);
    let mark = repo.join(".git/worktrees/theirs/wt-foreign");
    let is_foreign = || listed(&sandbox, "theirs")["foreign"] == true;
    let text = fs::read(&mark).unwrap();
    assert!(is_foreign());
    fs::remove_file(&mark).unwrap();
    assert!(is_foreign(), "the record alone says it");
    fs::write(&mark, &text).unwrap();
    edit(&sandbox, |entry| drop(entry.remove("foreign")));
    assert!(is_foreign(), "git's folder alone says it");
    edit(&sandbox, |entry| drop(entry.insert("foreign".to_owned(), json!("damaged"))));
    assert!(is_foreign(), "in doubt");
    fs::remove_file(&mark).unwrap();
    assert!(is_foreign(), "in doubt");
    fs::write(&mark, "damaged").unwrap();
    edit(&sandbox, |entry| drop(entry.remove("foreign")));
    assert!(is_foreign(), "in doubt");
    fs::write(&mark, &text).unwrap();
    // Put away and brought back, moved, recorded anew.
    sandbox.wt(&["remove", "theirs"]).ok();
    sandbox.wt(&["restore", "theirs"]).ok();
    assert!(is_foreign());
    let moved = sandbox.path("moved");
    sandbox.git(&repo, &["worktree", "move", &folder.to_string_lossy(), &moved.to_string_lossy()]);
    assert!(is_foreign());
    fs::write(sandbox.state().join("registry.json"), "damaged").unwrap();
    let _ = fs::remove_file(sandbox.state().join("registry.json.bak"));
    sandbox.wt(&["validate", "--fix"]);
    assert!(is_foreign());
    sandbox.wt_in(&moved, &["setup"]).exits(1).says(&["stranger"]);
    assert!(sandbox.registry().to_string().contains("\"foreign\":{\"foreign\":true"), "recorded anew");
}

#[test]
fn a_create_of_a_strangers_branch_carries_nothing_and_runs_no_hook_from_inside() {
    let sandbox = with_pull();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["config", "core.hooksPath", ".husky"]);
    let report = sandbox.json(&["create", "--branch", "theirs", "--ports"]);
    let folder = PathBuf::from(report["worktree"]["path"].as_str().unwrap());
    assert_eq!(report["worktree"]["foreign"], true, "{report}");
    assert_eq!(report["worktree"]["setup"]["state"], "untrusted", "{report}");
    assert!(report.get("carried").is_none() && !folder.join("secret").exists(), "{report}");
    assert!(folder.join(".husky/post-checkout").exists() && !has_run(&sandbox, "hooked"));
    assert!(!has_run(&sandbox, "set-up") && !has_run(&sandbox, "background"));
    assert!(!fs::read_to_string(folder.join(".env")).unwrap().contains("SECRET"));
    // The user's own branch beside it is as ever.
    let own = sandbox.json(&["create", "own"]);
    assert!(own["worktree"].get("foreign").is_none() && own["carried"]["files"] == 1, "{own}");
    assert!(!has_run(&sandbox, "hooked"), "it has no such hook");
    // The same commit under another name is as foreign, until it is in what is one's own.
    sandbox.git(&repo, &["branch", "-q", "--no-track", "mine", "theirs"]);
    let mine = sandbox.json(&["create", "--branch", "mine"]);
    assert_eq!(mine["worktree"]["foreign"], true, "{mine}");
    sandbox.wt(&["remove", "mine"]).ok();
    sandbox.git(&repo, &["merge", "-q", "--no-ff", "-m", "merged", "theirs"]);
    let mine = sandbox.json(&["create", "--branch", "mine", "--ports"]);
    let folder = PathBuf::from(mine["worktree"]["path"].as_str().unwrap());
    assert!(mine["worktree"].get("foreign").is_none() && folder.join("secret").exists(), "{mine}");
    assert!(has_run(&sandbox, "hooked") && has_run(&sandbox, "set-up"), "{mine}");
    assert!(fs::read_to_string(folder.join(".env")).unwrap().contains("SECRET"));
    // The same of a remote that is nobody's own, and not of `origin`.
    let alice = sandbox.add_remote(&repo, "alice");
    sandbox.git(&repo, &["push", "-q", &alice.to_string_lossy(), "main:refs/heads/hers"]);
    sandbox.git(&repo, &["push", "-q", "origin", "main:refs/heads/ours"]);
    sandbox.git(&repo, &["fetch", "-q", "--all"]);
    sandbox.git(&repo, &["branch", "-q", "--set-upstream-to=origin/main", "main"]);
    assert_eq!(sandbox.json(&["create", "--branch", "alice/hers"])["worktree"]["foreign"], true);
    assert!(sandbox.json(&["create", "--branch", "origin/ours"])["worktree"].get("foreign").is_none());
}

#[test]
fn a_strangers_commit_is_foreign_by_whatever_way_a_worktree_comes_to_it() {
    let sandbox = with_pull();
    let repo = sandbox.repo();
    // As `wt create pr:8` keeps it; nothing else names it here.
    let head = sandbox.git(&repo, &["rev-parse", "theirs"]);
    sandbox.git(&repo, &["update-ref", "refs/wt/pull/origin/pr-7", &head]);
    sandbox.git(&repo, &["branch", "-q", "-D", "theirs"]);
    sandbox.git(&repo, &["config", "core.hooksPath", ".husky"]);
    let at = |path: &Path| path.to_string_lossy().into_owned();
    let require_foreign = |report: &Value| {
        assert_eq!(report["worktree"]["foreign"], true, "{report}");
        let folder = PathBuf::from(report["worktree"]["path"].as_str().unwrap());
        assert!(report.get("carried").is_none() && !folder.join("secret").exists(), "{report}");
        let env = fs::read_to_string(folder.join(".env")).unwrap_or_default();
        assert!(!env.contains("SECRET"), "{env}");
        assert!(!has_run(&sandbox, "hooked") && !has_run(&sandbox, "set-up"), "{report}");
        folder
    };
    let based = sandbox.json(&["create", "q1", "--base", &head, "--ports"]);
    let first = require_foreign(&based);
    assert!(based["warnings"].to_string().contains("stranger's commit"), "{based}");
    require_foreign(&sandbox.json_in(&first, &["create", "q2"]));
    require_foreign(&sandbox.json(&["create", "--detach", "q3", "--base", &format!("{head}^0")]));
    // What is built on it is theirs as well.
    sandbox.commit(&first, "mine on top");
    require_foreign(&sandbox.json_in(&first, &["create", "q4"]));
    let add = |name: &str| {
        let folder = sandbox.path(name);
        // Its own hook is git's to run here.
        let words =
            ["-c", "core.hooksPath=/dev/null", "worktree", "add", "-q", "-b", name, &at(&folder), &head];
        sandbox.git(&repo, &words);
        folder
    };
    require_foreign(&sandbox.json(&["adopt", &at(&add("q5"))]));
    sandbox.wt_in(&add("q6"), &["agent", "enter"]);
    assert_eq!(listed(&sandbox, "q6")["foreign"], true);
    add("q7");
    sandbox.wt(&["remove", "q7"]).ok();
    require_foreign(&sandbox.json(&["restore", "q7"]));
    // One's own is as ever: work beside it, and work into which it was merged.
    let is_own = |report: &Value| {
        assert!(report["worktree"].get("foreign").is_none() && report["carried"]["files"] == 1, "{report}");
        PathBuf::from(report["worktree"]["path"].as_str().unwrap())
    };
    let own = is_own(&sandbox.json(&["create", "own"]));
    sandbox.commit(&own, "own");
    sandbox.git(&own, &["-c", "core.hooksPath=/dev/null", "merge", "-q", "--no-ff", "-m", "merged", &head]);
    is_own(&sandbox.json_in(&own, &["create", "own-2"]));
    // Allowed is the very commit, in whatever worktree.
    sandbox.git(&first, &["reset", "-q", "--hard", &head]);
    sandbox.wt_in(&first, &["trust", "--here", "--yes"]).ok();
    let report = sandbox.json(&["create", "q8", "--base", &head]);
    assert_eq!(
        (&report["worktree"]["foreign"], &report["carried"]["files"]),
        (&json!(false), &json!(1)),
        "{report}"
    );
    sandbox.git(&repo, &["branch", "-q", "later", &head]);
    // In the default branch it is everybody's own.
    sandbox.git(&repo, &["-c", "core.hooksPath=/dev/null", "merge", "-q", "--ff-only", &head]);
    is_own(&sandbox.json(&["create", "--branch", "later"]));
}

#[test]
fn in_a_bare_repository_a_strangers_own_configuration_is_not_even_read() {
    let sandbox = with_pull();
    let bare = sandbox.path("bare.git");
    let at = |path: &Path| path.to_string_lossy().into_owned();
    sandbox.git(&sandbox.repo(), &["clone", "-q", "--bare", &at(&sandbox.repo()), &at(&bare)]);
    let folder = sandbox.path("seven");
    sandbox.git(&bare, &["worktree", "add", "-q", &at(&folder), "theirs"]);
    sandbox.json_in(&folder, &["adopt"]);
    let values = || sandbox.json_in(&folder, &["config", "show"])["values"].to_string();
    assert!(values().contains("set-up"), "one's own is read");
    sandbox.git(&bare, &["config", "branch.theirs.remote", "origin"]);
    sandbox.git(&bare, &["config", "branch.theirs.merge", "refs/pull/7/head"]);
    assert!(!values().contains("set-up"), "a stranger's is not");
}
