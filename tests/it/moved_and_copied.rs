//! A moved repository keeps its worktrees; a copied one has none of the original's to free, remove or restore.

use std::fs;

use crate::support::Sandbox;

fn copied() -> (Sandbox, std::path::PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let copy = sandbox.path("copy");
    let to = copy.to_str().unwrap();
    assert!(sandbox.program("cp", &sandbox.repo()).args(["-a", ".", to]).status().unwrap().success());
    (sandbox, copy)
}

#[test]
fn a_copy_gets_an_id_of_its_own_and_the_original_keeps_its() {
    let (sandbox, copy) = copied();
    let id = fs::read_to_string(sandbox.repo().join(".git/wt/id")).unwrap();
    sandbox.wt_in(&copy, &["list"]).ok().says(&["is a copy of"]);
    assert_ne!(fs::read_to_string(copy.join(".git/wt/id")).unwrap(), id);
    assert_eq!(fs::read_to_string(sandbox.repo().join(".git/wt/id")).unwrap(), id);
    let said = sandbox.wt_in(&copy, &["list"]).ok().stderr;
    assert!(!said.contains("is a copy of"), "{said}");
    sandbox.wt(&["path", "login"]).ok();
}

#[test]
fn a_copy_neither_removes_nor_frees_what_is_the_originals() {
    let (sandbox, copy) = copied();
    let before = sandbox.living();
    sandbox.wt_in(&copy, &["remove", "feature-login", "--force", "--force"]).exits(1);
    sandbox.wt_in(&copy, &["create", "other", "--ports"]).ok();
    assert_eq!(sandbox.living()[0], before[0]);
    assert!(sandbox.worktree("feature-login").join(".git").exists());
    sandbox.wt(&["remove", "feature-login"]).ok();
    sandbox.wt_in(&copy, &["restore", "feature-login"]).exits(1);
    sandbox.wt(&["restore", "feature-login"]).ok();
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn a_moved_repository_restores_what_was_removed_before() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["remove", "login"]).ok();
    let id = fs::read_to_string(sandbox.repo().join(".git/wt/id")).unwrap();
    let moved = sandbox.path("moved");
    fs::rename(sandbox.repo(), &moved).unwrap();
    sandbox.wt_in(&moved, &["restore", "feature-login"]).ok();
    assert_eq!(fs::read_to_string(moved.join(".git/wt/id")).unwrap(), id);
    assert_eq!(sandbox.status(&sandbox.worktree("feature-login")), "");
    sandbox.assert_sound(&moved);
}
