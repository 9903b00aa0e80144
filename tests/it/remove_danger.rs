//! Admin files that lie: nothing is renamed or deleted unless folder and admin entry name each other.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Sandbox, git};

/// Every file below `folder` but git's own, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
            }
        }
    }
    found.sort();
    found
}

/// Points the admin entry of `feature-login` at `target` and asserts that no removal touches `target`.
#[track_caller]
fn assert_untouched(sandbox: &Sandbox, target: &Path) {
    let before = files(target);
    for arguments in [
        &["remove", "feature-login"][..],
        &["remove", "feature-login", "--force"],
        &["remove", "feature-login", "--force", "--force"],
        &["remove", target.to_str().unwrap(), "--force", "--force"],
        &["list"],
    ] {
        let run = sandbox.wt(arguments);
        assert!(target.exists(), "{}", run.shown());
        assert_eq!(files(target), before, "{}", run.shown());
    }
}

#[test]
fn a_gitdir_that_names_another_repository_leaves_it_untouched() {
    let sandbox = Sandbox::new();
    let victim = sandbox.make_repository("victim");
    sandbox.wt(&["create", "login"]).ok();
    let gitdir = sandbox.repo().join(".git/worktrees/feature-login/gitdir");
    fs::write(&gitdir, format!("{}\n", victim.join(".git").display())).unwrap();
    assert_untouched(&sandbox, &victim);
}

#[test]
fn a_gitdir_that_names_another_repositorys_worktree_leaves_it_untouched() {
    let sandbox = Sandbox::new();
    let victim = sandbox.make_repository("victim");
    let linked = sandbox.path("victims-tree");
    sandbox.git(&victim, &["worktree", "add", "-q", "-b", "t", linked.to_str().unwrap()]);
    sandbox.wt(&["create", "login"]).ok();
    let gitdir = sandbox.repo().join(".git/worktrees/feature-login/gitdir");
    fs::write(&gitdir, format!("{}\n", linked.join(".git").display())).unwrap();
    assert_untouched(&sandbox, &linked);
}

#[test]
fn a_gitdir_that_names_the_main_worktree_leaves_it_untouched() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let gitdir = sandbox.repo().join(".git/worktrees/feature-login/gitdir");
    fs::write(&gitdir, format!("{}\n", sandbox.repo().join(".git").display())).unwrap();
    assert_untouched(&sandbox, &sandbox.repo().join("src"));
    assert!(sandbox.repo().join("README.md").exists());
}

#[test]
fn a_gitdir_that_names_home_leaves_it_untouched() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let home = sandbox.path("home");
    git::write(&home, "letter.txt", "dear\n");
    let admin = sandbox.repo().join(".git/worktrees/feature-login");
    git::write(&home, ".git", &format!("gitdir: {}\n", admin.display()));
    fs::write(admin.join("gitdir"), format!("{}\n", home.join(".git").display())).unwrap();
    assert_untouched(&sandbox, &home);
}

#[test]
fn a_folder_that_was_replaced_by_something_else_is_untouched() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    git::write(&folder, "thesis.txt", "years of work\n");
    assert_untouched(&sandbox, &folder);
}

#[test]
fn a_folder_that_was_replaced_by_a_clone_is_untouched() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    sandbox.make_repository("proj.worktrees/feature-login");
    assert_untouched(&sandbox, &folder);
}

#[test]
fn a_link_in_the_folders_place_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    let elsewhere = sandbox.path("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    let before = files(&elsewhere);
    let run = sandbox.wt(&["remove", "feature-login"]);
    assert!(elsewhere.exists() && files(&elsewhere) == before, "{}", run.shown());
}

#[test]
fn links_inside_the_worktree_are_not_followed_when_it_is_deleted() {
    let sandbox = Sandbox::new();
    sandbox.configure("[trash]\nkeep = \"0s\"\n");
    let precious = sandbox.path("precious");
    git::write(&precious, "a.txt", "a\n");
    sandbox.wt(&["create", "login"]).ok();
    symlink(&precious, sandbox.worktree("feature-login").join("out")).unwrap();
    sandbox.wt(&["remove", "feature-login", "--force"]).ok();
    sandbox.wt(&["list"]).ok();
    assert!(precious.join("a.txt").exists());
}

#[test]
fn an_empty_commondir_left_by_a_killed_git_stops_nobody() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let admin = sandbox.repo().join(".git/worktrees/broken");
    fs::create_dir(&admin).unwrap();
    for name in ["commondir", "gitdir", "HEAD"] {
        fs::write(admin.join(name), "").unwrap();
    }
    sandbox.wt(&["list"]).ok().answers(&["feature-login"]);
    sandbox.wt(&["create", "two"]).ok();
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert!(admin.exists(), "somebody else's half-made entry was deleted");
}
