//! Worktrees that go away behind our back: released by the next command, and only when they are really gone.

use std::fs;

use crate::support::{Sandbox, git, skip};

fn mount(sandbox: &Sandbox, point: &std::path::Path) -> bool {
    let status = sandbox
        .program("mount", &sandbox.path(""))
        .args(["-t", "tmpfs", "tmpfs", point.to_str().unwrap()])
        .status();
    status.is_ok_and(|status| status.success())
}

fn unmount(sandbox: &Sandbox, point: &std::path::Path) {
    assert!(sandbox.program("umount", &sandbox.path("")).arg(point).status().unwrap().success());
}

#[test]
fn a_deleted_folder_is_released_by_the_next_list_and_its_port_is_free_again() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let port = sandbox.port(0).to_string();
    sandbox.wt(&["list"]).ok().says(&["`feature-login` was released", &port, "free again"]);
    assert!(sandbox.living().is_empty());
    assert!(
        sandbox
            .events()
            .iter()
            .any(|event| event["event"] == "released" && event["worktree"] == "feature-login")
    );
    assert!(sandbox.wt(&["list"]).ok().stderr.is_empty(), "said once");
}

#[test]
fn a_worktree_that_is_created_again_gets_its_former_port() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-two")).unwrap();
    sandbox.wt(&["list"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-one")).unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "prune"]);
    let again = sandbox.json(&["create", "two", "--ports"]);
    assert_eq!(again["worktree"]["ports"][0]["port"], sandbox.port(1));
}

#[test]
fn git_keeps_its_own_record_of_a_vanished_worktree_with_what_was_staged() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "staged.txt", "only in the index\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    fs::remove_dir_all(&folder).unwrap();
    sandbox.wt(&["create", "other"]).ok();
    assert!(sandbox.repo().join(".git/worktrees/feature-login/index").exists());
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_locked_worktree_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports", "--lock=on a stick"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["list"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_worktree_on_a_disk_that_is_not_mounted_is_kept_and_there_again_afterwards() {
    let sandbox = Sandbox::new();
    let disk = sandbox.path("disk");
    fs::create_dir(&disk).unwrap();
    if !mount(&sandbox, &disk) {
        return skip("nothing can be mounted here");
    }
    let path = disk.join("login");
    sandbox.wt(&["create", "login", "--ports", "--path", path.to_str().unwrap()]).ok();
    unmount(&sandbox, &disk);
    sandbox.wt(&["list"]).ok();
    sandbox.wt(&["create", "other"]).ok();
    assert_eq!(sandbox.living().len(), 2, "the record is kept");
}

#[test]
fn a_record_of_another_machine_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let file = sandbox.state().join("registry.json");
    let text = fs::read_to_string(&file).unwrap();
    let host = sandbox.living()[0]["host"].as_str().unwrap().to_owned();
    git::write(&sandbox.state(), "registry.json", &text.replace(&format!("\"{host}\""), "\"elsewhere\""));
    sandbox.wt(&["list"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_worktree_that_git_moved_is_not_taken_for_gone() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let elsewhere = sandbox.path("elsewhere");
    let from = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "move", from.to_str().unwrap(), elsewhere.to_str().unwrap()]);
    sandbox.wt(&["list"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn worktrees_that_moved_together_with_their_repository_are_not_taken_for_gone() {
    let sandbox = Sandbox::without_repository();
    let repository = sandbox.make_repository("work/shop");
    sandbox.wt_in(&repository, &["create", "login", "--ports"]).ok();
    fs::rename(sandbox.path("work"), sandbox.path("play")).unwrap();
    let moved = sandbox.path("play/shop");
    sandbox.wt_in(&moved, &["list"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_dry_run_releases_nothing() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["create", "other", "--dry-run"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}
