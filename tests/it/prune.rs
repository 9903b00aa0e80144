//! `wt prune`: records of what vanished go, ours and git's, and nothing that was staged or committed goes with them.

use std::fs;

use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, git, skip, wait};

fn listed(sandbox: &Sandbox) -> String {
    sandbox.git(&sandbox.repo(), &["worktree", "list", "--porcelain"])
}

/// Collects garbage as hard as git can.
fn collect_garbage(sandbox: &Sandbox) {
    sandbox.git(&sandbox.repo(), &["reflog", "expire", "--expire=now", "--all"]);
    sandbox.git(&sandbox.repo(), &["gc", "-q", "--prune=now"]);
}

#[test]
fn a_vanished_worktree_loses_both_records_and_frees_its_port() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let answer = sandbox.json(&["prune"]);
    let pruned = &answer["pruned"][0];
    assert_eq!(pruned["name"], "feature-login");
    assert_eq!(pruned["branch"], "feature/login");
    assert_eq!(pruned["kind"], "vanished");
    assert_eq!(pruned["restorable"], true);
    assert_eq!(pruned["ports"][0], sandbox.port(0));
    assert_eq!(answer["kept"].as_array().map(Vec::len), Some(0));
    assert!(sandbox.living().is_empty());
    assert!(!listed(&sandbox).contains("login"));
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/login"));
    sandbox.assert_sound(&sandbox.repo());
    let again = sandbox.json(&["create", "login", "--ports"]);
    assert_eq!(again["worktree"]["ports"][0]["port"], sandbox.port(0));
}

#[test]
fn what_was_staged_survives_gc_and_comes_back_with_restore() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "staged.txt", "only in the index\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    fs::remove_dir_all(&folder).unwrap();
    sandbox.wt(&["prune"]).ok().answers(&["Pruned feature-login", "wt restore feature-login"]);
    collect_garbage(&sandbox);
    sandbox.wt(&["restore", "login"]).ok();
    assert_eq!(fs::read_to_string(folder.join("staged.txt")).unwrap(), "only in the index\n");
    assert_eq!(sandbox.status(&folder), "A  staged.txt");
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
    sandbox.assert_sound(&sandbox.repo());
}

#[test]
fn commits_on_no_branch_survive_gc_and_come_back_with_restore() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "look", "--detach"]).ok();
    let folder = sandbox.worktree("feature-look");
    let first = sandbox.commit(&folder, "left behind by a reset");
    sandbox.git(&folder, &["reset", "-q", "--hard", "HEAD~1"]);
    let second = sandbox.commit(&folder, "only here");
    fs::remove_dir_all(&folder).unwrap();
    sandbox.wt(&["prune"]).ok();
    collect_garbage(&sandbox);
    for commit in [&first, &second] {
        sandbox.git(&sandbox.repo(), &["cat-file", "-e", commit]);
    }
    sandbox.wt(&["restore", "look"]).ok();
    assert_eq!(sandbox.git(&folder, &["rev-parse", "HEAD"]), second);
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn worktrees_that_only_git_lists_are_pruned_too_and_come_back() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("by-hand");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "by-hand", folder.to_str().unwrap()]);
    git::write(&folder, "staged.txt", "staged\n");
    sandbox.git(&folder, &["add", "-A"]);
    fs::remove_dir_all(&folder).unwrap();
    let answer = sandbox.json(&["prune"]);
    assert_eq!(answer["pruned"][0]["name"], "by-hand");
    assert!(!listed(&sandbox).contains("by-hand"));
    sandbox.wt(&["restore", "by-hand"]).ok();
    assert_eq!(fs::read_to_string(folder.join("staged.txt")).unwrap(), "staged\n");
}

#[test]
fn what_was_released_in_passing_is_pruned_from_git_too() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["list"]).ok();
    assert!(listed(&sandbox).contains("login"));
    sandbox.wt(&["prune"]).ok();
    assert!(!listed(&sandbox).contains("login"));
}

#[test]
fn a_record_without_a_worktree_of_git_is_dropped() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "prune"]);
    let answer = sandbox.json(&["prune"]);
    assert_eq!(answer["pruned"][0]["restorable"], false);
    assert!(sandbox.living().is_empty());
}

#[test]
fn locked_worktrees_stay_and_verbose_says_why() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--lock=on a stick"]).ok();
    let by_hand = sandbox.path("by-hand");
    let git_path = by_hand.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "--lock", "-b", "by-hand", git_path]);
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    fs::remove_dir_all(&by_hand).unwrap();
    sandbox
        .wt(&["prune", "-v"])
        .ok()
        .says(&["kept feature-login: it is locked", "kept by-hand: it is locked"]);
    assert_eq!(sandbox.living().len(), 1);
    assert!(listed(&sandbox).contains("by-hand"));
}

#[test]
fn worktrees_on_a_disk_that_is_not_mounted_stay_recorded_or_not() {
    let sandbox = Sandbox::new();
    let disk = sandbox.path("disk");
    fs::create_dir(&disk).unwrap();
    let mount =
        sandbox.program("mount", &disk).args(["-t", "tmpfs", "none", disk.to_str().unwrap()]).status();
    if !mount.is_ok_and(|status| status.success()) {
        return skip("only root may mount");
    }
    sandbox.wt(&["create", "login", "--path", disk.join("login").to_str().unwrap()]).ok();
    let by_hand = disk.join("by-hand");
    let git_path = by_hand.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "by-hand", git_path]);
    assert!(sandbox.program("umount", &sandbox.repo()).arg(&disk).status().unwrap().success());
    let answer = sandbox.json(&["prune"]);
    assert_eq!(answer["pruned"].as_array().map(Vec::len), Some(0), "{answer}");
    assert_eq!(answer["kept"].as_array().map(Vec::len), Some(2));
    assert!(listed(&sandbox).contains("by-hand") && listed(&sandbox).contains("login"));
}

#[test]
fn a_folder_that_merely_lost_its_git_file_stays() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_file(folder.join(".git")).unwrap();
    git::write(&folder, "work.txt", "mine\n");
    assert_eq!(sandbox.json(&["prune"])["pruned"].as_array().map(Vec::len), Some(0));
    assert!(listed(&sandbox).contains("login"));
    assert!(folder.join("work.txt").exists());
}

#[test]
fn gits_half_made_record_is_left_to_validate() {
    let sandbox = Sandbox::new();
    let half = sandbox.repo().join(".git/worktrees/half");
    fs::create_dir_all(&half).unwrap();
    for (name, text) in
        [("commondir", ""), ("gitdir", "/nowhere/half/.git\n"), ("HEAD", "ref: refs/heads/x\n")]
    {
        fs::write(half.join(name), text).unwrap();
    }
    sandbox.wt(&["prune"]).ok();
    assert!(half.exists());
}

#[test]
fn a_dry_run_shows_it_and_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["prune", "--dry-run"]).ok().answers(&["Would prune feature-login"]);
    sandbox.assert_unchanged(&before, &run);
    let plan = sandbox.json(&["prune", "--dry-run"]);
    assert_eq!(plan["plan"]["pruned"][0]["kind"], "vanished");
}

#[test]
fn with_nothing_to_do_it_says_so_and_outside_of_a_repository_it_refuses() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["prune"]).ok().says(&["nothing to prune"]);
    sandbox.refused_in(&sandbox.path("home"), &["prune"], "not_a_repository");
    sandbox.refused(&["prune", "--merged", "--min-age", "soon"], "usage");
    sandbox.refused(&["prune", "--delete-branch"], "usage");
}

#[test]
fn the_expired_trash_of_a_vanished_worktree_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.configure("[trash]\nkeep = \"0s\"\n");
    sandbox.wt(&["create", "login"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["prune"]).ok();
    // The clean-up that `prune` began goes on in the background.
    wait::until("the clean-up", || sandbox.registry()["worktrees"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(sandbox.git(&sandbox.repo(), &["for-each-ref", "refs/wt"]), "");
    let trash = sandbox.repo().join(".git/wt/trash");
    assert!(trash.read_dir().map_or(true, |mut left| left.next().is_none()));
}

#[test]
fn removing_a_vanished_worktree_by_name_keeps_what_was_staged() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "staged.txt", "only in the index\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(sandbox.json(&["remove", "login"])["removed"][0]["restorable"], true);
    collect_garbage(&sandbox);
    sandbox.wt(&["restore", "login"]).ok();
    assert_eq!(sandbox.status(&folder), "A  staged.txt");
}

#[test]
fn a_record_that_holds_clones_of_submodules_stays() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    fs::create_dir_all(sandbox.repo().join(".git/worktrees/feature-login/modules/lib")).unwrap();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    let answer = sandbox.json(&["prune"]);
    assert!(answer["kept"][0]["reason"].as_str().unwrap().contains("submodules"), "{answer}");
    assert!(listed(&sandbox).contains("login"));
}

/// Puts `feature-login` where it was, whatever a killed command left, and asserts that what was staged is still there.
#[track_caller]
fn assert_still_staged(sandbox: &Sandbox, context: &str) {
    sandbox.wt(&["list"]).ok();
    let folder = sandbox.worktree("feature-login");
    if !folder.exists() {
        sandbox.wt(&["prune"]).ok();
        collect_garbage(sandbox);
        sandbox.wt(&["restore", "feature-login"]).ok();
    }
    assert_eq!(sandbox.git(&folder, &["show", ":staged.txt"]), "only in the index", "{context}");
    let registry = sandbox.registry().to_string();
    for kept in sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)", "refs/wt"]).lines() {
        assert!(registry.contains(kept.rsplit('/').next().unwrap()), "{context}: {kept} is kept for ever");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_pruning_and_its_restore_killed_at_each_rename_lose_nothing() {
    let sandbox = Sandbox::new();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "staged.txt", "only in the index\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    fs::remove_dir_all(&folder).unwrap();
    let mut killed = 0;
    for call in ["rename", "renameat2", "mkdir"] {
        let mut number = 1;
        while killed_at(&sandbox, &["prune"], call, number) {
            assert_still_staged(&sandbox, &format!("prune killed at {call} {number}"));
            number += 1;
        }
        number = 1;
        // It is pruned now: the loop above ended with a pruning that nothing killed.
        while killed_at(&sandbox, &["restore", "feature-login"], call, number) {
            assert_still_staged(&sandbox, &format!("restore killed at {call} {number}"));
            sandbox.wt(&["prune"]).ok();
            number += 1;
            killed += 1;
        }
        fs::remove_dir_all(&folder).unwrap();
    }
    assert!(killed > 5, "only {killed} moments were tried");
    sandbox.assert_sound(&sandbox.repo());
}

/// Runs `script` where the folder `apart` is another, in a mount namespace of its own, as in a container that sees the
/// repository and not its worktrees; `None` where that cannot be.
fn in_container(sandbox: &Sandbox, script: &str) -> Option<std::process::Output> {
    let apart = sandbox.path("apart");
    let wt = env!("CARGO_BIN_EXE_wt");
    let text = format!(
        "set -e; mount -t tmpfs none '{0}'; touch '{0}/other'; export WT_STATE_DIR='{1}'; wt() {{ '{wt}' \"$@\"; }}; {script}",
        apart.display(),
        sandbox.path("state-in-container").display()
    );
    let probe = sandbox.program("unshare", &sandbox.repo()).args(["-m", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        skip("needs `unshare -m`, which only root may");
        return None;
    }
    Some(sandbox.program("unshare", &sandbox.repo()).args(["-m", "sh", "-c", &text]).output().unwrap())
}

#[test]
fn a_record_of_git_alone_stays_where_its_folder_is_out_of_sight_and_goes_by_name() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("apart/by-hand");
    fs::create_dir(sandbox.path("apart")).unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "by-hand", folder.to_str().unwrap()]);
    let Some(output) = in_container(&sandbox, "wt prune -y -v; wt validate --fix || true") else { return };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("kept by-hand") && said.contains("wt prune NAME"),
        "{said}"
    );
    assert!(listed(&sandbox).contains("by-hand"), "{said}");
    let output = in_container(&sandbox, "wt --json prune by-hand").unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!listed(&sandbox).contains("by-hand"));
    // The folder was there all the time: whoever comes gives it its record again, with another registry too.
    assert!(sandbox.wt(&["restore"]).ok().stdout.contains("by-hand"));
    sandbox.wt(&["restore", "by-hand"]).ok();
    assert_eq!(sandbox.status(&folder), "");
    assert!(listed(&sandbox).contains("by-hand"));
    sandbox.wt(&["path", "by-hand"]).ok();
}

#[test]
fn a_name_takes_what_lies_on_a_disk_that_is_not_mounted_and_nothing_that_is_there_or_locked() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "kept", "--lock"]).ok();
    let error = sandbox.refused(&["prune", "login"], "worktree_exists");
    assert!(error["hint"].as_str().unwrap().contains("wt remove feature-login"), "{error}");
    sandbox.refused(&["prune", "nosuch"], "not_found");
    fs::remove_dir_all(sandbox.worktree("feature-kept")).unwrap();
    sandbox.refused(&["prune", "kept"], "locked");
    assert_eq!(sandbox.living().len(), 2);
    let file = sandbox.state().join("registry.json");
    let text = fs::read_to_string(&file).unwrap();
    let host = sandbox.living()[0]["host"].as_str().unwrap().to_owned();
    git::write(&sandbox.state(), "registry.json", &text.replace(&format!("\"{host}\""), "\"elsewhere\""));
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["prune"]).ok();
    assert_eq!(sandbox.living().len(), 2, "it is of another machine");
    let answer = sandbox.json(&["prune", "login"]);
    assert_eq!(
        (&answer["pruned"][0]["name"], &answer["pruned"][0]["restorable"]),
        (&"feature-login".into(), &true.into())
    );
    assert_eq!(sandbox.living().len(), 1);
    sandbox.wt(&["restore", "login"]).ok();
}

#[test]
fn a_repository_that_is_made_anew_is_not_held_up_by_what_was_of_the_former_one() {
    let sandbox = Sandbox::without_repository();
    let repository = sandbox.make_repository("work/shop");
    let port =
        sandbox.json_in(&repository, &["create", "login", "--ports"])["worktree"]["ports"][0]["port"].clone();
    fs::remove_dir_all(sandbox.path("work")).unwrap();
    let repository = sandbox.make_repository("work/shop");
    let again = sandbox.json_in(&repository, &["create", "login", "--ports"]);
    assert_eq!(again["worktree"]["ports"][0]["port"], port, "nobody else has it");
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_record_whose_repository_is_gone_is_named_by_doctor_and_goes_by_name_from_anywhere() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("work/shop");
    sandbox.wt_in(&other, &["create", "login", "--ports"]).ok();
    let folder = sandbox.path("work/shop.worktrees/feature-login");
    let port = sandbox.living()[0]["allocations"][0]["port"].to_string();
    fs::remove_dir_all(sandbox.path("work")).unwrap();
    let doctor = sandbox.json(&["doctor"]);
    let checks = doctor["checks"].as_array().unwrap();
    let lost = checks.iter().find(|check| check["name"] == "lost-records").unwrap();
    assert_eq!(lost["hint"], format!("wt prune {}", folder.display()));
    let error = sandbox.refused(&["ports", "release", &port], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("wt prune"), "{error}");
    sandbox.wt_in(&sandbox.path(""), &["prune", folder.to_str().unwrap()]).ok();
    assert!(sandbox.living().is_empty());
    let doctor = sandbox.json(&["doctor"]);
    assert!(doctor["checks"].as_array().unwrap().iter().all(|check| check["name"] != "lost-records"));
}

#[test]
fn a_worktree_of_another_repository_is_taken_away_by_the_command_that_is_advised() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other one");
    let folder = sandbox.json_in(&other, &["create", "x"])["worktree"]["path"].as_str().unwrap().to_owned();
    for words in [&["prune", "feature-x"][..], &["create", "y", "--path", &folder]] {
        let error = sandbox.refused(words, "worktree_exists");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains(&format!("`wt -C '{}' remove feature-x`", other.display())), "{hint}");
    }
    sandbox.wt(&["-C", other.to_str().unwrap(), "remove", "feature-x"]).ok();
}
