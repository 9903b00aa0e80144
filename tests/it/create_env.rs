//! What a create does to `.env`, to git's exclude file, and what it refuses to touch.

use std::fs;

use crate::support::{Sandbox, git};

#[test]
fn a_tracked_env_is_refused_where_there_is_no_other_place_and_nothing_is_made() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".env", "SECRET=1\n");
    git::write(&sandbox.repo(), ".env.local", "SECRET=2\n");
    sandbox.commit(&sandbox.repo(), "env");
    let error = sandbox.refused(&["create", "login", "--ports"], "env_tracked");
    assert!(error["hint"].as_str().unwrap().contains("--no-env"), "{error}");
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn with_no_env_a_tracked_env_stays_as_it_is() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".env", "SECRET=1\n");
    sandbox.commit(&sandbox.repo(), "env");
    sandbox.wt(&["create", "login", "--ports", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(fs::read_to_string(folder.join(".env")).unwrap(), "SECRET=1\n");
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn with_no_env_there_is_no_env() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports", "--no-env"]).ok();
    assert!(!sandbox.worktree("feature-login").join(".env").exists());
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
}

#[test]
fn env_is_excluded_once_for_all_worktrees() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    let exclude = fs::read_to_string(sandbox.repo().join(".git/info/exclude")).unwrap();
    let lines = exclude.lines().filter(|line| line.trim_start_matches('/') == ".env").count();
    assert_eq!(lines, 1, "{exclude}");
}

#[test]
fn an_exclude_file_without_a_last_newline_keeps_its_last_line() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".git/info/exclude"), "*.swp").unwrap();
    sandbox.wt(&["create", "one"]).ok();
    let exclude = fs::read_to_string(sandbox.repo().join(".git/info/exclude")).unwrap();
    assert!(exclude.lines().any(|line| line == "*.swp"), "{exclude}");
    assert!(exclude.lines().any(|line| line.trim_start_matches('/') == ".env"), "{exclude}");
}

#[test]
fn a_missing_info_folder_is_no_obstacle() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.repo().join(".git/info")).unwrap();
    sandbox.wt(&["create", "one"]).ok();
    assert_eq!(sandbox.status(&sandbox.worktree("feature-one")), "");
}

#[test]
fn an_env_already_ignored_by_the_repository_works() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".gitignore", ".env\n");
    sandbox.commit(&sandbox.repo(), "ignore");
    sandbox.wt(&["create", "one"]).ok();
    assert_eq!(sandbox.status(&sandbox.worktree("feature-one")), "");
}

#[test]
fn a_branch_with_quotes_and_dollars_reads_the_same_in_a_shell() {
    let sandbox = Sandbox::new();
    let branch = "odd/$HOME`x`\"q";
    sandbox.wt(&["create", "odd", "--branch", branch]).ok();
    let folder = sandbox.worktree("feature-odd");
    let output =
        sandbox.program("sh", &folder).args(["-c", ". ./.env; printf %s \"$WT_BRANCH\""]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), branch);
    let values: Vec<(String, String)> =
        dotenvy::from_path_iter(folder.join(".env")).unwrap().map(Result::unwrap).collect();
    assert!(values.contains(&("WT_BRANCH".to_owned(), branch.to_owned())), "{values:?}");
}

#[test]
fn the_repositorys_own_template_is_used() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "env.in", "MY_NAME={{ name }}\n");
    git::write(&sandbox.repo(), ".wt.toml", "[env]\ntemplate = \"env.in\"\n");
    sandbox.commit(&sandbox.repo(), "template");
    sandbox.wt(&["create", "login"]).ok();
    let env = fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(env.contains("MY_NAME=feature-login"), "{env}");
    assert!(!env.contains("WT_PURPOSE"), "{env}");
}

#[test]
fn a_template_is_never_a_file_of_gits() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink(".git/config", sandbox.repo().join("linked.in")).unwrap();
    for file in [".git/config", "linked.in", ".git/../.git/HEAD"] {
        git::write(&sandbox.repo(), ".wt.toml", &format!("[env]\ntemplate = \"{file}\"\n"));
        let error = sandbox.refused(&["create", "login", "--ports"], "config_invalid");
        assert!(error["message"].as_str().unwrap().contains("not a file of the repository"), "{error}");
        assert_eq!(sandbox.living().len(), 0, "{file}");
    }
}
