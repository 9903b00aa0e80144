//! `--with-changes`: what is not committed is taken along as it is, and stays where it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Sandbox;

/// A repository whose main worktree has changes of every kind.
fn changed() -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    for name in ["staged", "both", "unstaged", "gone", "renamed"] {
        fs::write(repo.join(name), "1\n").unwrap();
    }
    fs::write(repo.join(".gitignore"), "ignored\n").unwrap();
    sandbox.git(&repo, &["add", "-A"]);
    sandbox.git(&repo, &["commit", "-qm", "files"]);
    fs::write(repo.join("staged"), "2\n").unwrap();
    fs::write(repo.join("both"), "2\n").unwrap();
    fs::write(repo.join("new"), "staged\n").unwrap();
    sandbox.git(&repo, &["add", "staged", "both", "new"]);
    sandbox.git(&repo, &["mv", "renamed", "called otherwise"]);
    fs::write(repo.join("both"), "3\n").unwrap();
    fs::write(repo.join("unstaged"), "2\n").unwrap();
    fs::remove_file(repo.join("gone")).unwrap();
    fs::create_dir(repo.join("deep")).unwrap();
    fs::write(repo.join("deep/untracked"), "mine\n").unwrap();
    fs::set_permissions(repo.join("deep/untracked"), PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(repo.join("ignored"), "secret\n").unwrap();
    sandbox
}

/// The state as git shows it: status, what is staged, what is not.
fn state(sandbox: &Sandbox, folder: &Path) -> String {
    let git = |words: &[&str]| sandbox.git(folder, words);
    git(&["status", "--porcelain", "-uall"]) + &git(&["diff", "--cached"]) + &git(&["diff"])
}

#[test]
fn staged_unstaged_and_untracked_changes_are_there_as_they_were_and_stay() {
    let sandbox = changed();
    let repo = sandbox.repo();
    let before = state(&sandbox, &repo);
    let refs = sandbox.git(&repo, &["for-each-ref", "--format=%(refname)"]);
    let answer = sandbox.json(&["create", "one", "--with-changes", "--ports"]);
    let folder = sandbox.worktree("feature-one");
    assert_eq!(state(&sandbox, &folder), before);
    assert_eq!(state(&sandbox, &repo), before, "the source is as it was");
    assert!(!folder.join("ignored").exists() && folder.join(".env").exists());
    assert_eq!(fs::metadata(folder.join("deep/untracked")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(answer["with_changes"]["files"], 8, "{answer}");
    // Only the branch is new: no ref, and no stash, names them.
    let now = sandbox.git(&repo, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(
        now.lines().filter(|name| !refs.contains(name)).collect::<Vec<_>>(),
        ["refs/heads/feature/one"]
    );
    // From a linked worktree, and where there is nothing.
    let run = sandbox.wt_in(&folder, &["create", "two", "--with-changes"]).ok();
    assert!(run.stderr.contains("took 8 changed files along"), "{}", run.shown());
    assert_eq!(state(&sandbox, &sandbox.worktree("feature-two")), before);
    sandbox.wt(&["create", "clean"]).ok();
    let run = sandbox.wt_in(&sandbox.worktree("feature-clean"), &["create", "three", "--with-changes"]).ok();
    assert!(run.stderr.contains("no changes to take along"), "{}", run.shown());
}

#[test]
fn a_private_file_stays_private() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    fs::create_dir(repo.join("priv")).unwrap();
    fs::write(repo.join("priv/key"), "s\n").unwrap();
    fs::set_permissions(repo.join("priv"), PermissionsExt::from_mode(0o700)).unwrap();
    fs::set_permissions(repo.join("priv/key"), PermissionsExt::from_mode(0o600)).unwrap();
    sandbox.wt(&["create", "one", "--with-changes"]).ok();
    let folder = sandbox.worktree("feature-one");
    for (path, mode) in [("priv", 0o700), ("priv/key", 0o600)] {
        assert_eq!(fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777, mode, "{path}");
    }
    assert_eq!(sandbox.status(&folder), "?? priv/key");
    let run = sandbox.wt(&["create", "one", "--reuse", "--with-changes"]).ok();
    assert!(run.stderr.contains("`--with-changes` has no effect"), "{}", run.shown());
}

/// git looks into such a file again, as long as the index is not younger than the file.
#[test]
fn a_change_in_the_second_of_the_last_add_is_taken_too() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.git(&repo, &["config", "core.trustctime", "false"]);
    let then = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let date = |path: &Path| {
        fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    };
    fs::write(repo.join("file"), "1\n").unwrap();
    sandbox.commit(&repo, "file");
    date(&repo.join("file"));
    sandbox.git(&repo, &["update-index", "--refresh"]);
    date(&repo.join(".git/index"));
    fs::write(repo.join("file"), "2\n").unwrap();
    date(&repo.join("file"));
    sandbox.wt(&["create", "one", "--with-changes"]).ok();
    assert_eq!(fs::read_to_string(sandbox.worktree("feature-one").join("file")).unwrap(), "2\n");
}

#[test]
fn onto_another_commit_they_apply_cleanly_or_nothing_is_made() {
    let sandbox = changed();
    let repo = sandbox.repo();
    let tree = sandbox.git(&repo, &["commit-tree", "-p", "HEAD", "-m", "more", "HEAD~1^{tree}"]);
    sandbox.git(&repo, &["branch", "empty", tree.trim()]);
    let error =
        sandbox.wt(&["--json", "create", "one", "--base", "empty", "--with-changes"]).exits(1).error("dirty");
    assert!(error["message"].as_str().unwrap().contains("do not apply"), "{error}");
    assert!(!sandbox.worktree("feature-one").exists() && sandbox.living().is_empty());
    assert!(!sandbox.has_branch(&repo, "feature/one"));
    // One that differs in other files.
    sandbox.git(&repo, &["branch", "other"]);
    sandbox.git(&repo, &["worktree", "add", "-q", "../other", "other"]);
    fs::write(sandbox.path("other/theirs"), "theirs\n").unwrap();
    sandbox.commit(&sandbox.path("other"), "theirs");
    sandbox.wt(&["create", "one", "--base", "other", "--with-changes"]).ok();
    assert_eq!(state(&sandbox, &sandbox.worktree("feature-one")), state(&sandbox, &repo));
    assert!(sandbox.worktree("feature-one").join("theirs").exists());
}

#[test]
fn in_the_middle_of_something_they_are_refused_and_a_failure_takes_them_back_with_the_rest() {
    let sandbox = changed();
    let repo = sandbox.repo();
    let git = repo.join(".git");
    for (sign, word) in [
        ("MERGE_HEAD", "merge"),
        ("rebase-merge", "rebase"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("BISECT_START", "bisect"),
    ] {
        fs::write(git.join(sign), "").unwrap();
        for more in [&[][..], &["--dry-run"]] {
            let words = [&["create", "one", "--with-changes"], more].concat();
            let error = sandbox.refused(&words, "dirty");
            assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        }
        fs::remove_file(git.join(sign)).unwrap();
    }
    // The lines of ours in it lost their end: the env block cannot be written, after all was laid out.
    fs::write(repo.join(".env"), "# >>> wt >>> written by wt: edits between these lines are overwritten\n")
        .unwrap();
    let before = state(&sandbox, &repo);
    sandbox.wt(&["create", "one", "--with-changes", "--ports"]).exits(2);
    assert!(sandbox.living().is_empty() && !sandbox.has_branch(&repo, "feature/one"));
    assert_eq!(state(&sandbox, &repo), before);
}
