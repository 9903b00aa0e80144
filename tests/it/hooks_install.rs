//! `wt hooks install` and `uninstall`: where the hooks go, what they leave alone, and that they fire.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::state::{Mount, is_root};
use crate::support::hooks::{PASSES, SHIMS, find_new_git, write_program};
use crate::support::{Sandbox, skip};

/// A sandbox with a stand-in for `wt` on the PATH, and a remote `origin`.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let remote = sandbox.add_remote(&repo, "origin");
    sandbox.git(&repo, &["remote", "set-url", "origin", &format!("file://{}", remote.display())]);
    sandbox.put_stand_in_on_path(PASSES);
    sandbox
}

/// A checkout and a push, with what the hooks called.
fn fire(sandbox: &Sandbox, branch: &str) -> (String, String) {
    let repo = sandbox.repo();
    sandbox.calls();
    let folder = sandbox.path(branch);
    sandbox.git(&repo, &["worktree", "add", "-q", "-b", branch, folder.to_str().unwrap()]);
    let checkout = sandbox.calls();
    sandbox.git(&folder, &["push", "-q", "--dry-run", "origin", branch]);
    (checkout, sandbox.calls())
}

#[track_caller]
fn assert_fires_once(sandbox: &Sandbox, branch: &str) {
    let head = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    let zeros = "0".repeat(40);
    let (checkout, push) = fire(sandbox, branch);
    assert_eq!(checkout, format!("hook post-checkout {zeros} {head} 1\n"));
    let url = sandbox.git(&sandbox.repo(), &["remote", "get-url", "origin"]);
    let refs = format!("refs/heads/{branch} {head} refs/heads/{branch} {zeros}\n");
    assert_eq!(push, format!("hook pre-push --stop-with 87 origin {url}\n{refs}"));
}

/// A line of a file in the repository's hooks folder, for comparing folders.
fn listing(folder: &Path) -> Vec<String> {
    let mut lines: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else {
                format!("{:o} {:?}", metadata.permissions().mode(), fs::read(&path).unwrap())
            };
            format!("{} {content}", path.display())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn both_hooks_are_files_of_ours_that_fire_in_linked_worktrees_too() {
    let sandbox = sandbox();
    sandbox.hooks("install").ok().answers(&["Installed", ".git/hooks"]);
    for (name, shim) in SHIMS {
        assert_eq!(fs::read_to_string(sandbox.hook(name)).unwrap(), shim);
        assert_eq!(sandbox.hook(name).metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }
    assert_fires_once(&sandbox, "a");
    sandbox.git(&sandbox.path("a"), &["switch", "-q", "-c", "b"]);
    assert!(sandbox.calls().ends_with(" 1\n"));
}

#[test]
fn install_twice_is_install_once_and_uninstall_leaves_nothing() {
    let sandbox = sandbox();
    let folder = sandbox.repo().join(".git/hooks");
    write_program(&folder.join("pre-push"), "#!/bin/sh\nexit 0\n");
    let before = listing(&folder);
    sandbox.hooks("install").ok();
    let once = listing(&folder);
    assert_ne!(before, once);
    let again = sandbox.json(&["hooks", "install"]);
    assert_eq!((&again["changed"], &again["how"]), (&false.into(), &"file".into()));
    assert_eq!(again["hooks"][1]["chained"], folder.join("pre-push.wt-chained").to_str().unwrap());
    assert_eq!(listing(&folder), once);
    assert_eq!(sandbox.json(&["hooks", "uninstall"])["changed"], true);
    assert_eq!(listing(&folder), before);
    assert_eq!(sandbox.json(&["hooks", "uninstall"])["changed"], false);
    assert_eq!(listing(&folder), before);
}

#[test]
fn the_registry_remembers_the_wish() {
    let sandbox = sandbox();
    let wish = |sandbox: &Sandbox| sandbox.registry()["repositories"][0]["hooks_wanted"].clone();
    sandbox.hooks("install").ok();
    assert_eq!(wish(&sandbox), true);
    sandbox.wt(&["create", "one", "--no-hooks"]).ok();
    assert_eq!(wish(&sandbox), true);
    sandbox.hooks("uninstall").ok();
    assert_eq!(wish(&sandbox), false);
}

#[test]
fn a_hooks_folder_that_is_missing_is_made() {
    let sandbox = sandbox();
    fs::remove_dir_all(sandbox.repo().join(".git/hooks")).unwrap();
    sandbox.hooks("install").ok();
    assert_fires_once(&sandbox, "a");
}

#[test]
fn a_hooks_folder_inside_the_git_folder_counts_and_old_files_elsewhere_go() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    sandbox.hooks("install").ok();
    let other = repo.join(".git/other");
    sandbox.git(&repo, &["config", "core.hooksPath", other.to_str().unwrap()]);
    sandbox.hooks("install").ok();
    assert!(other.join("pre-push").exists() && !sandbox.hook("pre-push").exists());
    assert_fires_once(&sandbox, "a");
    sandbox.hooks("uninstall").ok();
    assert_eq!(listing(&other), Vec::<String>::new());
}

#[test]
fn a_bare_repository_has_its_hooks_too() {
    let sandbox = sandbox();
    let bare = sandbox.path("bare.git");
    sandbox.git(&sandbox.repo(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    sandbox.wt_in(&bare, &["hooks", "install"]).ok();
    let tree = sandbox.path("tree");
    sandbox.git(&bare, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    assert!(sandbox.calls().starts_with("hook post-checkout "));
}

#[test]
fn a_folder_of_the_project_is_not_written_and_the_lines_are_printed() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    let folder = repo.join(".husky/_");
    write_program(&folder.join("pre-push"), "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n");
    sandbox.git(&repo, &["config", "core.hooksPath", ".husky/_"]);
    let before = listing(&folder);
    let own = listing(&repo.join(".git/hooks"));
    let error = sandbox.refused(&["hooks", "install"], "hook_foreign");
    assert!(error["message"].as_str().unwrap().contains("husky"), "{error}");
    assert_eq!(error["details"]["manager"], "husky");
    let added = error["details"]["add"].as_array().unwrap();
    for (hook, lines) in ["post-checkout", "pre-push"].iter().zip(added) {
        assert_eq!(lines["file"], format!(".husky/{hook}"));
        assert!(error["hint"].as_str().unwrap().contains(lines["lines"].as_str().unwrap()), "{error}");
    }
    assert_eq!((listing(&folder), listing(&repo.join(".git/hooks"))), (before, own));
    assert_ne!(sandbox.registry()["repositories"][0]["hooks_wanted"], true);
}

#[test]
fn the_printed_lines_work() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    let folder = sandbox.path("everybodys");
    sandbox.git(&repo, &["config", "--global", "core.hooksPath", folder.to_str().unwrap()]);
    let error = sandbox.refused(&["hooks", "install"], "hook_foreign");
    assert_eq!(error["details"]["manager"], "unknown");
    for lines in error["details"]["add"].as_array().unwrap() {
        let file = lines["file"].as_str().unwrap().split(' ').next().unwrap();
        write_program(Path::new(file), &format!("#!/bin/sh -e\n{}\n", lines["lines"].as_str().unwrap()));
    }
    assert_fires_once(&sandbox, "a");
}

#[test]
fn a_folder_that_others_may_write_to_is_not_written() {
    let sandbox = sandbox();
    let folder = sandbox.repo().join(".git/hooks");
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    let error = sandbox.refused(&["hooks", "install"], "hook_foreign");
    assert!(error["message"].as_str().unwrap().contains("others"), "{error}");
}

#[test]
fn a_folder_reached_by_a_link_is_judged_by_where_it_leads() {
    let sandbox = sandbox();
    let repo = sandbox.repo();
    fs::remove_dir_all(repo.join(".git/hooks")).unwrap();
    fs::create_dir(repo.join("githooks")).unwrap();
    std::os::unix::fs::symlink("../githooks", repo.join(".git/hooks")).unwrap();
    sandbox.refused(&["hooks", "install"], "hook_foreign");
    assert!(listing(&repo.join("githooks")).is_empty());
}

#[test]
fn a_hooks_path_that_is_included_on_a_condition_counts() {
    let sandbox = sandbox();
    let condition = format!("includeIf.gitdir:{}/.path", sandbox.path("proj").display());
    sandbox.git(&sandbox.repo(), &["config", "--global", &condition, "~/work.config"]);
    fs::write(sandbox.path("home/work.config"), "[core]\n\thooksPath = ~/company\n").unwrap();
    let error = sandbox.refused(&["hooks", "install"], "hook_foreign");
    assert_eq!(error["details"]["folder"], sandbox.path("home/company").to_str().unwrap());
}

#[test]
fn a_hooks_path_that_names_the_usual_folder_is_the_usual_folder() {
    let sandbox = sandbox();
    let own = sandbox.repo().join(".git/hooks");
    sandbox.git(&sandbox.repo(), &["config", "core.hooksPath", own.to_str().unwrap()]);
    sandbox.hooks("install").ok();
    assert_fires_once(&sandbox, "a");
}

#[test]
fn lefthook_and_pre_commit_are_known_by_their_files() {
    for (file, manager) in [("lefthook.yml", "lefthook"), (".pre-commit-config.yaml", "pre-commit")] {
        let sandbox = sandbox();
        let repo = sandbox.repo();
        fs::write(repo.join(file), "").unwrap();
        sandbox.git(&repo, &["config", "core.hooksPath", "tools/hooks"]);
        let error = sandbox.refused(&["hooks", "install"], "hook_foreign");
        assert_eq!(error["details"]["manager"], manager);
        let lines = error["details"]["add"][0]["lines"].as_str().unwrap();
        assert!(lines.contains(" hook post-checkout ") && lines.contains(" hook pre-push "), "{lines}");
    }
}

#[test]
fn a_read_only_folder_is_a_permission_error_and_changes_nothing() {
    let sandbox = sandbox();
    let folder = sandbox.repo().join(".git/hooks");
    if is_root() {
        let Some(mount) = Mount::tmpfs(folder.clone(), "size=1m,mode=755") else {
            return skip("no mounts here");
        };
        write_program(&folder.join("pre-push"), "#!/bin/sh\n");
        let done =
            sandbox.program("mount", &sandbox.repo()).args(["-o", "remount,ro"]).arg(&mount.0).status();
        assert!(done.unwrap().success());
        sandbox.refused(&["hooks", "install"], "permission");
        return;
    }
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).unwrap();
    sandbox.refused(&["hooks", "install"], "permission");
}

#[test]
fn a_changed_hook_of_ours_is_refused_and_kept() {
    let sandbox = sandbox();
    sandbox.hooks("install").ok();
    let changed = SHIMS[0].1.replace("status=0", "status=0; echo me too");
    fs::write(sandbox.hook("post-checkout"), &changed).unwrap();
    for word in ["install", "uninstall"] {
        let error = sandbox.refused(&["hooks", word], "hook_foreign");
        assert!(error["message"].as_str().unwrap().contains("post-checkout"), "{error}");
    }
    assert_eq!(fs::read_to_string(sandbox.hook("post-checkout")).unwrap(), changed);
}

#[test]
fn a_create_with_our_hooks_is_as_good_as_one_without() {
    let mut sandbox = Sandbox::new();
    sandbox.put_wt_on_path();
    sandbox.hooks("install").ok();
    let run = sandbox.wt(&["create", "login", "--ports"]).ok();
    assert!(!run.stderr.contains("warning"), "{}", run.shown());
    assert_eq!(sandbox.living().len(), 1);
    assert_eq!(sandbox.living()[0]["state"], "active");
    sandbox.wt(&["remove", "feature-login"]).ok();
    sandbox.wt(&["restore", "feature-login"]).ok();
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_create_with_our_hooks_in_the_configuration_is_too() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = Sandbox::new();
    let bin = Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap().display();
    let rest = std::env::var("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{bin}:{rest}", git.display()));
    assert_eq!(sandbox.json(&["hooks", "install"])["how"], "config");
    let run = sandbox.wt(&["create", "login", "--ports"]).ok();
    assert!(!run.stderr.contains("warning"), "{}", run.shown());
    assert_eq!(sandbox.living().len(), 1);
    let folder = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/x", folder.to_str().unwrap()]);
    assert_eq!(sandbox.living().len(), 2);
}

/// The same sandbox with another git in front of the PATH.
fn with_git(sandbox: &mut Sandbox, git: &Path) {
    let rest = std::env::var("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{}:{rest}", git.display(), sandbox.path("bin").display()));
}

fn config(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.repo().join(".git/config")).unwrap()
}

#[test]
fn a_git_that_reads_hooks_from_its_configuration_gets_them_there() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = sandbox();
    with_git(&mut sandbox, &git);
    let before = config(&sandbox);
    let files = listing(&sandbox.repo().join(".git/hooks"));
    assert_eq!(sandbox.json(&["hooks", "install"])["how"], "config");
    let once = config(&sandbox);
    assert_eq!(sandbox.json(&["hooks", "install"])["changed"], false);
    assert_eq!(config(&sandbox), once);
    assert_eq!(listing(&sandbox.repo().join(".git/hooks")), files);
    assert_fires_once(&sandbox, "a");
    sandbox.git(&sandbox.repo(), &["config", "core.hooksPath", "/dev/null"]);
    assert_fires_once(&sandbox, "b");
    sandbox.git(&sandbox.repo(), &["config", "--unset", "core.hooksPath"]);
    sandbox.hooks("uninstall").ok();
    assert!(!config(&sandbox).contains("wt hook") && config(&sandbox).starts_with(&before));
    assert_eq!(fire(&sandbox, "c"), (String::new(), String::new()));
}

#[test]
fn an_install_after_an_upgrade_or_a_downgrade_of_git_moves_the_hooks() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = sandbox();
    let theirs = "#!/bin/sh\necho theirs >> called\n";
    write_program(&sandbox.hook("pre-push"), theirs);
    sandbox.hooks("install").ok();
    with_git(&mut sandbox, &git);
    assert_fires_once(&sandbox, "a");
    sandbox.hooks("install").ok();
    assert_eq!(fs::read_to_string(sandbox.hook("pre-push")).unwrap(), theirs);
    assert!(!sandbox.hook("post-checkout").exists());
    assert_fires_once(&sandbox, "b");
    let bin = sandbox.path("bin");
    sandbox.put_on_path(&bin);
    sandbox.hooks("install").ok();
    assert!(!config(&sandbox).contains("wt hook"));
    assert_fires_once(&sandbox, "c");
}

#[test]
fn a_command_in_the_configuration_that_somebody_changed_is_refused_and_kept() {
    let Some(git) = find_new_git() else { return };
    let mut sandbox = sandbox();
    with_git(&mut sandbox, &git);
    sandbox.hooks("install").ok();
    sandbox.git(&sandbox.repo(), &["config", "hook.wt-pre-push.command", "true"]);
    let before = config(&sandbox);
    for word in ["install", "uninstall"] {
        sandbox.refused(&["hooks", word], "hook_foreign");
    }
    assert_eq!(config(&sandbox), before);
}
