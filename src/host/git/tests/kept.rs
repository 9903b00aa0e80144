//! One ref keeps from gc all that a removed worktree alone referred to, wherever git wrote that down.

use std::path::PathBuf;

use super::sandbox::{Sandbox, write};
use crate::host::git::IndexStamp;
use crate::host::git::Repository;

/// A linked worktree on the branch `linked`: its folder, and git's.
fn linked(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let path = sandbox.path("linked");
    sandbox.git(&["worktree", "add", "-q", "-b", "linked", path.to_str().unwrap()]);
    (path, sandbox.path("main/.git/worktrees/linked"))
}

/// A conflict in `file` there.
fn conflict(sandbox: &Sandbox, path: &std::path::Path) {
    sandbox.commit("file", "ours\n");
    write(&path.join("file"), "theirs\n");
    sandbox.git_in(path, &["commit", "-qam", "theirs"]);
    assert!(!sandbox.try_git(path, &["merge", "-q", "main"]).1);
}

/// Whether the object is there once git has collected everything that nothing refers to, git's folder of the worktree gone.
fn survives(sandbox: &Sandbox, repository: &Repository, objects: &[String]) {
    let kept = sandbox.path("main/.git/wt");
    std::fs::create_dir_all(&kept).unwrap();
    if sandbox.path("main/.git/worktrees/linked").exists() {
        repository.take_admin("linked", &kept.join("admin")).unwrap();
    }
    sandbox.git(&["gc", "-q", "--prune=now"]);
    for object in objects {
        assert!(sandbox.try_git(&sandbox.path("main"), &["cat-file", "-e", object]).1, "{object} is lost");
    }
}

#[test]
fn files_of_a_conflict_that_was_settled_and_gc_of_the_repository_goes_on() {
    let sandbox = Sandbox::new();
    let (path, admin) = linked(&sandbox);
    sandbox.commit("file", "picked\n");
    write(&path.join("file"), "own\n");
    sandbox.git_in(&path, &["commit", "-qam", "own"]);
    assert!(!sandbox.try_git(&path, &["cherry-pick", "-n", "main"]).1);
    // What was picked is on no branch any more: only the index knows its side.
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    sandbox.git(&["update-ref", "-d", "ORIG_HEAD"]);
    sandbox.git(&["reflog", "expire", "--expire=now", "--all"]);
    let sides = sandbox.git_in(&path, &["ls-files", "--unmerged"]);
    write(&path.join("file"), "settled\n");
    sandbox.git_in(&path, &["add", "file"]);
    let repository = sandbox.repository();
    repository.keep("t", &admin).unwrap().unwrap();
    let sides: Vec<String> =
        sides.lines().filter_map(|line| Some(line.split(' ').nth(1)?.to_owned())).collect();
    assert_eq!(sides.len(), 3);
    survives(&sandbox, &repository, &sides);
}

#[test]
fn a_file_that_is_called_as_the_sides_of_a_conflict_are_kept() {
    let sandbox = Sandbox::new();
    let (path, admin) = linked(&sandbox);
    conflict(&sandbox, &path);
    write(&path.join("wt-conflict-stage-2"), "named so\n");
    sandbox.git_in(&path, &["add", "wt-conflict-stage-2"]);
    let object = sandbox.git_in(&path, &["rev-parse", ":wt-conflict-stage-2"]);
    let repository = sandbox.repository();
    repository.keep("t", &admin).unwrap().unwrap();
    survives(&sandbox, &repository, &[object]);
}

#[test]
fn what_is_staged_between_the_keeping_and_the_move() {
    let sandbox = Sandbox::new();
    let (path, admin) = linked(&sandbox);
    let repository = sandbox.repository();
    let before = IndexStamp::of(&admin);
    repository.keep("t", &admin).unwrap().unwrap();
    write(&path.join("late"), "late\n");
    sandbox.git_in(&path, &["add", "late"]);
    let object = sandbox.git_in(&path, &["rev-parse", ":late"]);
    let moved = sandbox.path("main/.git/wt/moved");
    std::fs::create_dir_all(moved.parent().unwrap()).unwrap();
    repository.take_admin("linked", &moved).unwrap();
    assert!(repository.keep_what_came_since("t", &moved, before));
    assert!(repository.keep_what_came_since("t", &moved, IndexStamp::of(&moved)));
    survives(&sandbox, &repository, &[object, sandbox.git(&["rev-parse", "linked"])]);
}

#[test]
fn the_edits_that_a_rebase_of_either_kind_put_aside() {
    for folder in ["rebase-merge", "rebase-apply"] {
        let sandbox = Sandbox::new();
        let (path, admin) = linked(&sandbox);
        write(&path.join("file"), "edits\n");
        let aside = sandbox.git_in(&path, &["stash", "create"]);
        write(&admin.join(folder).join("autostash"), &format!("{aside}\n"));
        let repository = sandbox.repository();
        repository.keep("t", &admin).unwrap().unwrap();
        survives(&sandbox, &repository, &[aside]);
    }
}

#[test]
fn commits_that_the_worktrees_own_log_and_refs_name_in_reftables_too() {
    for format in ["--ref-format=files", "--ref-format=reftable"] {
        let sandbox = Sandbox::with(&[format]);
        let (path, admin) = linked(&sandbox);
        sandbox.git_in(&path, &["checkout", "-q", "--detach"]);
        sandbox.git_in(&path, &["commit", "-q", "--allow-empty", "-m", "logged"]);
        let logged = sandbox.git_in(&path, &["rev-parse", "HEAD"]);
        let bisected = sandbox.git_in(&path, &["commit-tree", "-m", "bisected", "main^{tree}"]);
        sandbox.git_in(&path, &["update-ref", "refs/bisect/good-x", &bisected]);
        sandbox.git_in(&path, &["checkout", "-q", "linked"]);
        let repository = sandbox.repository();
        repository.keep("t", &admin).unwrap().unwrap();
        survives(&sandbox, &repository, &[logged, bisected]);
    }
}

#[test]
fn a_split_index_keeps_its_shared_part_whatever_looks_at_a_copy_of_it() {
    let sandbox = Sandbox::new();
    let (path, admin) = linked(&sandbox);
    sandbox.git(&["config", "core.splitIndex", "true"]);
    sandbox.git(&["config", "splitIndex.sharedIndexExpire", "now"]);
    write(&path.join("staged"), "staged\n");
    sandbox.git_in(&path, &["add", "staged"]);
    let repository = sandbox.repository();
    let status = || sandbox.git_in(&path, &["status", "--porcelain"]);
    assert_eq!(status(), "A  staged");
    repository.keep("t", &admin).unwrap().unwrap();
    assert_eq!(status(), "A  staged");
    for number in 0..5 {
        write(&path.join(format!("untracked-{number}")), "new\n");
    }
    let head = sandbox.git(&["rev-parse", "main"]);
    assert!(repository.take_changes(&path, Some("linked"), &head, &|| false).unwrap().is_some());
    assert!(status().starts_with("A  staged\n??"), "{}", status());
}

#[test]
fn a_branch_is_held_by_a_worktree_whose_name_in_git_is_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new();
    let (_, admin) = linked(&sandbox);
    let nameless = admin.with_file_name(std::ffi::OsStr::from_bytes(b"b\xff"));
    std::fs::rename(&admin, &nameless).unwrap();
    let repository = sandbox.repository();
    assert_eq!(repository.branch_in_use("linked").unwrap().unwrap().path, sandbox.path("linked"));
    assert!(repository.new_branch_in_use("other").unwrap().is_none());
}
