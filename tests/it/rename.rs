//! A rename changes name, folder, branch and env block together or not at all, wherever it is stopped.

use std::fs;

use serde_json::Value;

use crate::support::strace::{has_strace, killed_alone_at};
use crate::support::{Sandbox, git, skip, wait};

fn env(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.worktree(name).join(".env")).unwrap()
}

/// The line of the env block that gives a variable its value.
fn variable(sandbox: &Sandbox, name: &str, variable: &str) -> String {
    let env = env(sandbox, name);
    let line = env.lines().find_map(|line| line.strip_prefix(&format!("{variable}=")));
    line.unwrap_or_else(|| panic!("{variable} is not in {env}")).to_owned()
}

/// Asserts that the worktree is called `id` in every respect, and nothing is called `other`.
#[track_caller]
pub fn assert_called(sandbox: &Sandbox, id: &str, other: &str, context: &str) {
    let (name, repo) = (format!("feature-{id}"), sandbox.repo());
    let living = sandbox.living();
    assert_eq!(living.len(), 1, "{context}: {living:?}");
    let (entry, folder) = (&living[0], sandbox.worktree(&name));
    let branch = format!("feature/{id}");
    let expected = [name.as_str(), id, branch.as_str(), folder.to_str().unwrap()];
    let recorded =
        ["name", "identifier", "branch", "path"].map(|key| entry[key].as_str().unwrap().to_owned());
    assert_eq!(recorded, expected, "{context}");
    assert!(entry["renaming"].is_null(), "{context}: {entry}");
    let worktrees = sandbox.git(&repo, &["worktree", "list", "--porcelain"]);
    assert!(worktrees.contains(&format!("worktree {}\n", folder.display())), "{context}: {worktrees}");
    assert!(worktrees.contains(&format!("branch refs/heads/{branch}")), "{context}: {worktrees}");
    assert!(!worktrees.contains("prunable"), "{context}: {worktrees}");
    assert!(!sandbox.worktree(&format!("feature-{other}")).exists(), "{context}");
    assert!(!sandbox.has_branch(&repo, &format!("feature/{other}")), "{context}");
    assert_eq!(
        sandbox.git(&folder, &["symbolic-ref", "HEAD"]).trim(),
        format!("refs/heads/{branch}"),
        "{context}"
    );
    for (key, value) in [("WT_NAME", &name), ("WT_BRANCH", &branch)] {
        assert_eq!(variable(sandbox, &name, key), *value, "{context}");
    }
    assert_eq!(fs::read_to_string(folder.join("new.txt")).unwrap(), "new\n", "{context}");
}

pub fn with_login() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "committed.txt", "1\n");
    sandbox.commit(&folder, "work");
    git::write(&folder, "new.txt", "new\n");
    sandbox
}

#[test]
fn everything_is_renamed_together_and_ports_work_and_the_compose_project_stay() {
    let mut sandbox = with_login();
    let old = sandbox.worktree("feature-login");
    sandbox.add_remote(&sandbox.repo(), "origin");
    sandbox.git(&old, &["push", "--quiet", "--set-upstream", "origin", "feature/login"]);
    let before = sandbox.living();
    let project = variable(&sandbox, "feature-login", "COMPOSE_PROJECT_NAME");
    let directive = sandbox.path("run/directive");
    fs::write(&directive, "").unwrap();
    sandbox.set("WT_DIRECTIVE_FILE", directive.clone());
    fs::create_dir(old.join("inner")).unwrap();
    let renamed = sandbox.json_in(&old.join("inner"), &["rename", "login", "signup"]);
    assert_called(&sandbox, "signup", "login", "renamed");
    let new = sandbox.worktree("feature-signup");
    let facts = &renamed["renamed"];
    assert_eq!((&facts["from"], &facts["to"]), (&"feature-login".into(), &"feature-signup".into()));
    assert_eq!((&facts["branch_renamed"], &facts["folder_moved"]), (&true.into(), &true.into()));
    assert_eq!(renamed["worktree"]["path"], new.display().to_string());
    assert!(renamed["warnings"][0].as_str().unwrap().contains("origin/feature/login"), "{renamed}");
    assert_eq!(fs::read_to_string(&directive).unwrap(), new.join("inner").display().to_string());
    assert_eq!(sandbox.living()[0]["allocations"], before[0]["allocations"]);
    assert_eq!(variable(&sandbox, "feature-signup", "COMPOSE_PROJECT_NAME"), project);
    assert!(
        sandbox.git(&new, &["reflog", "feature/signup"]).contains("work"),
        "the log of the branch came along"
    );
    assert_eq!(
        sandbox.git(&new, &["rev-parse", "--abbrev-ref", "@{upstream}"]).trim(),
        "origin/feature/login"
    );
    assert_eq!(sandbox.status(&new).lines().count(), 1);
    sandbox.wt(&["rename", "signup", "login", "--new-project"]).ok().answers(&["Renamed feature-signup to"]);
    assert_called(&sandbox, "login", "signup", "and back");
    let other = sandbox.json(&["rename", "feature/login", "other", "--new-project"]);
    assert_eq!(other["renamed"]["to"], "feature-other");
    assert_ne!(variable(&sandbox, "feature-other", "COMPOSE_PROJECT_NAME"), project);
    // It can be removed and restored under its new name, with the same ports.
    sandbox.wt(&["remove", "other", "--force"]).ok();
    sandbox.wt(&["restore", "other"]).ok();
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], before[0]["allocations"][0]["port"]);
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn what_stands_in_the_way_is_refused_and_nothing_is_changed() {
    let sandbox = with_login();
    sandbox.wt(&["create", "taken"]).ok();
    let (repo, login) = (sandbox.repo(), sandbox.worktree("feature-login"));
    let path = login.display().to_string();
    sandbox.git(&repo, &["branch", "feature/branch"]);
    sandbox.git(&repo, &["branch", "feature/deep/er"]);
    git::write(&sandbox.path("proj.worktrees"), "feature-file", "");
    let before = sandbox.living();
    for (old, new, code) in [
        ("nobody", "x", "not_found"),
        ("feature-log", "x", "not_found"),
        ("main", "x", "usage"),
        ("login", "login", "usage"),
        ("login", "a b", "name_invalid"),
        ("login", "taken", "worktree_exists"),
        ("login", "branch", "branch_exists"),
        ("login", "deep", "branch_exists"),
        ("login", "file", "path_not_empty"),
    ] {
        sandbox.refused(&["rename", old, new], code);
    }
    sandbox.git(&repo, &["worktree", "lock", "--reason", "mine", &path]);
    let error = sandbox.refused(&["rename", "login", "x"], "locked");
    assert!(error["message"].as_str().unwrap().contains("mine"), "{error}");
    sandbox.git(&repo, &["worktree", "unlock", &path]);
    let inside = sandbox.sleeper(&login);
    let error = sandbox.refused(&["rename", "login", "x"], "dirty");
    assert!(error["message"].as_str().unwrap().contains(&inside.pid().to_string()), "{error}");
    drop(inside);
    let git_dir = sandbox.git(&login, &["rev-parse", "--absolute-git-dir"]);
    git::write(git_dir.trim().as_ref(), "MERGE_HEAD", "");
    sandbox.refused(&["rename", "login", "x"], "dirty");
    fs::remove_file(format!("{}/MERGE_HEAD", git_dir.trim())).unwrap();
    // What git refuses, and what cannot be written, is taken back.
    let modules = format!("{}/modules", git_dir.trim());
    fs::create_dir(&modules).unwrap();
    let error = sandbox.refused(&["rename", "login", "x"], "git_failed");
    assert!(error["message"].as_str().unwrap().contains("submodules"), "{error}");
    fs::remove_dir(&modules).unwrap();
    fs::rename(login.join(".env"), sandbox.path("kept.env")).unwrap();
    fs::create_dir_all(login.join(".env/full")).unwrap();
    sandbox.wt(&["rename", "login", "x"]).exits(1).says(&[".env"]);
    fs::remove_dir_all(login.join(".env")).unwrap();
    fs::rename(sandbox.path("kept.env"), login.join(".env")).unwrap();
    let named =
        |entries: Vec<Value>| entries.into_iter().map(|entry| entry["name"].clone()).collect::<Vec<_>>();
    assert_eq!(named(sandbox.living()), named(before));
    sandbox.wt(&["remove", "taken"]).ok();
    sandbox.git(&repo, &["branch", "-D", "--quiet", "feature/taken", "feature/branch", "feature/deep/er"]);
    assert_called(&sandbox, "login", "x", "after all refusals");
    sandbox.wt(&["rename", "login", "taken"]).ok();
}

#[test]
fn what_the_templates_did_not_make_stays_and_that_is_said() {
    let sandbox = Sandbox::new();
    let place = sandbox.path("elsewhere");
    let words = ["create", "one", "--branch", "topic", "--path", place.to_str().unwrap()];
    sandbox.wt(&words).ok();
    let run = sandbox.wt(&["rename", "one", "two"]).ok();
    let run = run.says(&["branch `topic` stays", "elsewhere stays"]);
    assert!(run.stdout.contains("feature-two"), "{}", run.shown());
    assert!(place.is_dir() && sandbox.has_branch(&sandbox.repo(), "topic"));
    assert_eq!(sandbox.living()[0]["name"], "feature-two");
    // One that nobody named a purpose for is called by its identifier alone, and so is its folder.
    let folder = sandbox.path("proj.worktrees/plain");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "--quiet", "-b", "free", folder.to_str().unwrap()]);
    sandbox.wt(&["adopt", folder.to_str().unwrap()]).ok();
    let name = sandbox.living().into_iter().find(|entry| entry["branch"] == "free").unwrap();
    assert_eq!((&name["purpose"], &name["name"]), (&Value::Null, &"plain".into()));
    sandbox.wt(&["rename", "plain", "fancy"]).ok().says(&["branch `free` stays"]);
    let renamed = sandbox.living().into_iter().find(|entry| entry["branch"] == "free").unwrap();
    assert_eq!((&renamed["name"], &renamed["purpose"]), (&"fancy".into(), &Value::Null));
    // What the env block says by the name changes with consent alone.
    let sandbox = Sandbox::new();
    sandbox.configure("[env.set]\nDATABASE = \"app_{{ name | db }}\"\nFIXED = \"1\"\n");
    sandbox.wt(&["create", "login"]).ok();
    let refused = sandbox.wt(&["--json", "rename", "login", "signup"]).exits(1);
    let error = refused.error("usage");
    assert_eq!(error["details"]["needs"], "--yes");
    let changed = refused.json()["changed"].clone();
    assert_eq!(changed[0]["variable"], "DATABASE");
    assert_eq!((&changed[0]["before"], changed.as_array().unwrap().len()), (&"app_feature_login".into(), 1));
    let renamed = sandbox.json(&["rename", "login", "signup", "--yes"]);
    assert_eq!(renamed["changed"], changed);
    assert_eq!(variable(&sandbox, "feature-signup", "DATABASE"), "app_feature_signup");
}

#[test]
fn killed_at_any_step_it_is_all_old_or_all_new_after_the_next_command() {
    let sandbox = with_login();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    let (mut back, mut forth) = (0, 0);
    for call in ["rename", "clone3", "vfork", "poll"] {
        let mut number = 1;
        while number < 16 && killed_alone_at(&sandbox, &["rename", "login", "signup"], call, number) {
            let context = format!("killed at {call} {number}");
            // A git that was started goes on, and nobody takes anything back meanwhile.
            wait::until("the rename to be ended", || {
                sandbox.wt(&["list"]).ok();
                sandbox.living()[0]["renaming"].is_null()
            });
            if sandbox.worktree("feature-login").exists() {
                back += 1;
                assert_called(&sandbox, "login", "signup", &context);
            } else {
                forth += 1;
                assert_called(&sandbox, "signup", "login", &context);
                sandbox.wt(&["rename", "signup", "login"]).ok();
            }
            number += 1;
        }
        if !sandbox.worktree("feature-login").exists() {
            sandbox.wt(&["rename", "signup", "login"]).ok();
        }
    }
    assert!(back > 3 && forth > 0, "{back} taken back, {forth} finished: it says nothing");
    assert_called(&sandbox, "login", "signup", "at the end");
    sandbox.assert_sound(&sandbox.repo());
}
