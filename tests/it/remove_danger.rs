//! Admin files that lie: nothing is renamed or deleted unless folder and admin entry name each other.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Sandbox, git, skip};

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
        &["list", "--status"],
    ] {
        let run = sandbox.wt(arguments);
        assert!(target.exists(), "{}", run.shown());
        assert_eq!(files(target), before, "{}", run.shown());
    }
}

#[test]
fn a_worktree_whose_index_nobody_can_read_goes_by_force_alone_and_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["checkout", "-q", "--detach"]);
    sandbox.git(&folder, &["commit", "-q", "--allow-empty", "-m", "alone"]);
    let alone = sandbox.git(&folder, &["rev-parse", "HEAD"]);
    fs::write(folder.join("work"), "work").unwrap();
    fs::write(sandbox.repo().join(".git/worktrees/feature-login/index"), "no index").unwrap();
    let refused = sandbox.refused(&["remove", "feature-login"], "git_failed");
    assert!(refused["hint"].as_str().unwrap().contains("`wt remove --force feature-login`"), "{refused}");
    let run = sandbox.wt(&["remove", "--force", "feature-login"]).ok();
    assert!(run.stderr.contains("git cannot read the index"), "{}", run.shown());
    assert!(!folder.exists());
    sandbox.git(&sandbox.repo(), &["gc", "-q", "--prune=now"]);
    sandbox.wt(&["restore", "feature-login"]).ok();
    assert_eq!(fs::read_to_string(folder.join("work")).unwrap(), "work");
    assert_eq!(sandbox.git(&folder, &["rev-parse", "HEAD"]), alone);
    sandbox.git(&folder, &["cat-file", "-e", &alone]);
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

#[test]
fn a_record_of_git_that_lies_is_not_adopted() {
    let sandbox = Sandbox::new();
    let victim = sandbox.make_repository("victim");
    let linked = sandbox.path("linked");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "t", linked.to_str().unwrap()]);
    let gitdir = sandbox.repo().join(".git/worktrees/linked/gitdir");
    fs::write(&gitdir, format!("{}\n", victim.join(".git").display())).unwrap();
    let before = files(&victim);
    sandbox.wt(&["adopt", victim.to_str().unwrap(), "--purpose", "feature", "--ports"]).exits(1);
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(files(&victim), before);
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn nothing_is_moved_through_a_link_in_the_trashs_place() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let elsewhere = sandbox.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, sandbox.worktree(".wt-trash")).unwrap();
    sandbox.wt(&["remove", "login", "--force"]).exits(1).says(&["symbolic link"]);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(sandbox.living()[0]["state"], "active");
    assert_eq!(sandbox.status(&sandbox.worktree("feature-login")), "");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn commits_that_a_vanished_worktree_alone_names_need_force() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "look", "--detach"]).ok();
    let folder = sandbox.worktree("feature-look");
    sandbox.commit(&folder, "only here");
    fs::remove_dir_all(&folder).unwrap();
    sandbox.refused(&["remove", "look"], "unpushed");
    sandbox.wt(&["remove", "look", "--force"]).ok();
}

#[test]
fn a_mount_point_is_refused_and_with_force_emptied_in_place() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("mounted");
    fs::create_dir(&folder).unwrap();
    let mounted = sandbox.program("mount", &folder).args(["-t", "tmpfs", "none", "."]).output().unwrap();
    if !mounted.status.success() {
        skip("only root may mount");
        return;
    }
    let made = sandbox.wt(&["create", "login", "--path", folder.to_str().unwrap()]);
    let refused = sandbox.wt(&["remove", "login"]);
    let kept = folder.join("README.md").exists();
    let forced = sandbox.wt(&["--json", "remove", "login", "--force"]);
    let left = fs::read_dir(&folder).unwrap().count();
    assert!(sandbox.program("umount", &sandbox.repo()).arg(&folder).status().unwrap().success());
    made.ok();
    refused.exits(1).says(&["--force"]);
    assert!(kept);
    assert_eq!(forced.ok().json()["removed"][0]["restorable"], false);
    assert_eq!(left, 0);
    assert_eq!(sandbox.living().len(), 0);
    assert_eq!(sandbox.git(&sandbox.repo(), &["for-each-ref", "refs/wt"]), "");
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn no_env_is_written_where_a_lying_record_leads() {
    let sandbox = Sandbox::new();
    let victim = sandbox.make_repository("victim");
    sandbox.wt(&["create", "login"]).ok();
    let gitdir = sandbox.repo().join(".git/worktrees/feature-login/gitdir");
    for target in [&victim, &sandbox.repo()] {
        fs::write(&gitdir, format!("{}\n", target.join(".git").display())).unwrap();
        sandbox.wt(&["env", "feature-login"]).exits(1);
        assert!(!target.join(".env").exists());
    }
}

#[test]
fn a_link_of_gits_that_cannot_be_read_or_is_empty_costs_neither_the_record_nor_what_is_staged() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "staged.txt", "staged\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    let gitdir = sandbox.repo().join(".git/worktrees/feature-login/gitdir");
    let text = fs::read(&gitdir).unwrap();
    let damages: [&dyn Fn(); 3] = [
        &|| fs::write(&gitdir, "").unwrap(),
        &|| (),
        // Whoever may read everything cannot read that either.
        &|| std::os::unix::fs::symlink("gitdir", &gitdir).unwrap(),
    ];
    for damage in damages {
        damage();
        for flags in [&["remove", "feature-login"][..], &["remove", "feature-login", "--force"]] {
            sandbox.wt(flags).exits(1);
        }
        let _ = fs::remove_file(&gitdir);
    }
    fs::write(&gitdir, text).unwrap();
    let entry = &sandbox.living()[0];
    assert_eq!((&entry["state"], entry["allocations"].as_array().unwrap().len()), (&"active".into(), 1));
    assert_eq!(sandbox.status(&folder), "A  staged.txt");
    sandbox.wt(&["remove", "feature-login", "--force"]).ok();
}

#[test]
fn a_repositorys_id_that_cannot_be_read_for_a_moment_costs_no_worktree_its_record() {
    let sandbox = Sandbox::new();
    if !crate::support::strace::has_strace(&sandbox.path("")) {
        return crate::support::skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let log = sandbox.path("log");
    let remove = |more: &[&str]| {
        let mut command = sandbox.program("strace", &sandbox.repo());
        command.args(["-qq", "-o", log.to_str().unwrap(), "-e", "trace=openat"]).args(more);
        command.arg(env!("CARGO_BIN_EXE_wt")).args(["remove", "login", "--force"]).output().unwrap()
    };
    remove(&[]);
    sandbox.wt(&["restore", "feature-login"]).ok();
    let text = fs::read_to_string(&log).unwrap();
    let is_of_id = |(_, line): &(usize, &str)| line.contains("/wt/id\"");
    let numbers: Vec<usize> = text.lines().enumerate().filter(is_of_id).map(|(at, _)| at + 1).collect();
    assert!(numbers.len() > 3, "{text}");
    for number in numbers {
        let ended = remove(&["-e", &format!("inject=openat:error=EMFILE:when={number}")]);
        sandbox.wt(&["list"]).ok();
        if !sandbox.living().iter().any(|entry| entry["name"] == "feature-login") {
            sandbox.wt(&["restore", "feature-login"]).ok();
        }
        let living = sandbox.living();
        let entry = living.iter().find(|entry| entry["name"] == "feature-login").unwrap();
        let ports = entry["allocations"].as_array().unwrap().len();
        assert_eq!((entry["created_by"].as_str(), ports), (Some("wt"), 1), "{number}: {ended:?}");
    }
}
