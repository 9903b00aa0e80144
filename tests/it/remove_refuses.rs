//! What a removal would lose is named and refused; `--force` gives it up, a lock only when asked twice.

use std::fs;
use std::path::PathBuf;

use crate::support::{Sandbox, git};

/// A sandbox with the worktree `feature-login`, and its folder.
fn with_worktree() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    (sandbox, folder)
}

/// Asserts that the removal is refused with `code` naming `word`, and done with `--force`.
#[track_caller]
fn assert_refused_then_forced(sandbox: &Sandbox, code: &str, word: &str) {
    let error = sandbox.refused(&["remove", "feature-login"], code);
    assert!(error.to_string().contains(word), "{word:?} is not named: {error}");
    assert!(error["hint"].as_str().unwrap().contains("--force"), "{error}");
    sandbox.wt(&["remove", "feature-login", "--force"]).ok();
    assert!(!sandbox.worktree("feature-login").exists());
}

#[test]
fn a_changed_file() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "README.md", "changed\n");
    assert_refused_then_forced(&sandbox, "dirty", "README.md");
}

#[test]
fn a_deleted_file() {
    let (sandbox, folder) = with_worktree();
    fs::remove_file(folder.join("README.md")).unwrap();
    assert_refused_then_forced(&sandbox, "dirty", "README.md");
}

#[test]
fn a_file_changed_without_changing_its_size_or_time() {
    let (sandbox, folder) = with_worktree();
    let path = folder.join("src/main.txt");
    sandbox.git(&folder, &["update-index", "--refresh"]);
    fs::write(&path, "jello\n").unwrap();
    assert_refused_then_forced(&sandbox, "dirty", "src/main.txt");
}

#[test]
fn a_staged_change() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "README.md", "staged\n");
    sandbox.git(&folder, &["add", "README.md"]);
    git::write(&folder, "README.md", "# A project\n");
    assert_refused_then_forced(&sandbox, "dirty", "README.md");
}

#[test]
fn an_untracked_file() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "deep/notes.txt", "notes\n");
    assert_refused_then_forced(&sandbox, "dirty", "deep");
}

#[test]
fn an_untracked_file_even_where_git_was_told_not_to_look() {
    let (sandbox, folder) = with_worktree();
    sandbox.git(&sandbox.repo(), &["config", "status.showUntrackedFiles", "no"]);
    git::write(&folder, "notes.txt", "notes\n");
    assert_refused_then_forced(&sandbox, "dirty", "notes.txt");
}

#[test]
fn an_ignored_file_that_is_no_cache() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, ".gitignore", "*.sqlite\n");
    sandbox.commit(&folder, "ignore");
    git::write(&folder, "local.sqlite", "data\n");
    assert_refused_then_forced(&sandbox, "dirty", "local.sqlite");
}

#[test]
fn an_ignored_cache_is_nothing_to_lose() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, ".gitignore", "node_modules/\ntarget/\n");
    sandbox.commit(&folder, "ignore");
    git::write(&folder, "node_modules/a/index.js", "1\n");
    git::write(&folder, "target/debug/a", "1\n");
    sandbox.wt(&["remove", "feature-login"]).ok();
}

#[test]
fn our_own_env_is_nothing_to_lose() {
    let (sandbox, _) = with_worktree();
    sandbox.wt(&["remove", "feature-login"]).ok();
}

#[test]
fn a_users_own_lines_in_the_env_are_something_to_lose() {
    let (sandbox, folder) = with_worktree();
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    fs::write(folder.join(".env"), format!("API_KEY=secret\n{env}")).unwrap();
    assert_refused_then_forced(&sandbox, "dirty", ".env");
}

#[test]
fn a_lock_needs_force_twice() {
    let (sandbox, folder) = with_worktree();
    sandbox.git(&sandbox.repo(), &["worktree", "lock", "--reason", "on a stick", folder.to_str().unwrap()]);
    let error = sandbox.refused(&["remove", "feature-login"], "locked");
    assert!(error["message"].as_str().unwrap().contains("on a stick"), "{error}");
    sandbox.refused(&["remove", "feature-login", "--force"], "locked");
    sandbox.wt(&["remove", "feature-login", "--force", "--force"]).ok();
    assert!(!folder.exists());
}

#[test]
fn an_unmerged_branch_stays_unless_it_is_to_go() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "work.txt", "work\n");
    sandbox.commit(&folder, "work");
    let error = sandbox.refused(&["remove", "feature-login", "--delete-branch"], "unpushed");
    assert!(error["message"].as_str().unwrap().contains("feature/login"), "{error}");
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/login"));
}

#[test]
fn an_unmerged_branch_is_given_up_with_force() {
    let (sandbox, folder) = with_worktree();
    sandbox.commit(&folder, "work");
    sandbox.wt(&["remove", "feature-login", "--delete-branch", "--force"]).ok();
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
}

#[test]
fn a_merged_branch_may_go() {
    let (sandbox, folder) = with_worktree();
    sandbox.commit(&folder, "work");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "feature/login"]);
    sandbox.wt(&["remove", "feature-login", "--delete-branch"]).ok();
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
}

#[test]
fn a_pushed_branch_may_go() {
    let (sandbox, folder) = with_worktree();
    sandbox.commit(&folder, "work");
    sandbox.add_remote(&sandbox.repo(), "origin");
    sandbox.wt(&["remove", "feature-login", "--delete-branch"]).ok();
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"));
}

#[test]
fn commits_on_a_detached_head_that_nobody_else_has() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--detach"]).ok();
    sandbox.commit(&sandbox.worktree("feature-login"), "adrift");
    assert_refused_then_forced(&sandbox, "unpushed", "commit");
}

#[test]
fn a_rebase_in_progress() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "README.md", "ours\n");
    sandbox.commit(&folder, "ours");
    git::write(&sandbox.repo(), "README.md", "theirs\n");
    sandbox.commit(&sandbox.repo(), "theirs");
    assert!(!sandbox.try_git(&folder, &["rebase", "main"]).status.success());
    sandbox.refused(&["remove", "feature-login"], "dirty");
}

#[test]
fn an_initialised_submodule_with_work_in_it() {
    let sandbox = Sandbox::new();
    let lib = sandbox.make_repository("lib");
    sandbox.git(&sandbox.repo(), &["submodule", "--quiet", "add", lib.to_str().unwrap(), "lib"]);
    sandbox.commit(&sandbox.repo(), "submodule");
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["submodule", "--quiet", "update", "--init"]);
    git::write(&folder.join("lib"), "README.md", "work\n");
    assert_refused_then_forced(&sandbox, "dirty", "lib");
}

#[test]
fn a_process_whose_folder_is_inside() {
    let (sandbox, folder) = with_worktree();
    let sleeper = sandbox.sleeper(&folder.join("src"));
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "remove", "feature-login"]).exits(1);
    let error = run.json()["error"].clone();
    assert!(error.to_string().contains(&sleeper.pid().to_string()), "{error}");
    assert!(error.to_string().contains("sleep"), "{error}");
    sandbox.assert_unchanged(&before, &run);
    sandbox.wt(&["remove", "feature-login", "--force"]).ok();
}

#[test]
fn the_shell_one_stands_in_does_not_count() {
    let (sandbox, folder) = with_worktree();
    let wt = env!("CARGO_BIN_EXE_wt");
    let script = format!("'{wt}' remove; true");
    let output = sandbox.program("sh", &folder).args(["-c", &script]).output().unwrap();
    assert!(!folder.exists(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_stash_made_there() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "README.md", "stashed\n");
    sandbox.git(&folder, &["stash"]);
    let run = sandbox.wt(&["--json", "remove", "feature-login", "--delete-branch"]).exits(1);
    assert!(run.json()["error"].to_string().contains("stash"), "{}", run.shown());
    assert!(folder.exists());
}

#[test]
fn every_loss_is_named_at_once() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "README.md", "changed\n");
    git::write(&folder, "new.txt", "new\n");
    let error = sandbox.refused(&["remove", "feature-login"], "dirty");
    assert!(error.to_string().contains("README.md") && error.to_string().contains("new.txt"), "{error}");
}

#[test]
fn yes_gives_nothing_up() {
    let (sandbox, folder) = with_worktree();
    git::write(&folder, "new.txt", "new\n");
    sandbox.wt(&["remove", "feature-login", "--yes"]).exits(1);
    assert!(folder.join("new.txt").exists());
}
