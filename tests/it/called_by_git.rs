//! The program by the name that git finds, its manual pages, and the programs `wt-NAME` beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::skip::skip;
use crate::support::{Run, Sandbox};

/// Runs `git wt …` with the folder of both binaries on PATH.
fn git_wt(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let binaries = Path::new(env!("CARGO_BIN_EXE_git-wt")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut command = sandbox.program("git", &sandbox.repo());
    command.arg("wt").args(arguments).env("PATH", path);
    Run::new(arguments, &command.output().unwrap())
}

fn program(folder: &Path, name: &str, text: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn git_runs_it_and_whatever_it_advises_is_typed_that_way() {
    let sandbox = Sandbox::new();
    git_wt(&sandbox, &["create", "login", "--ports"]).ok();
    git_wt(&sandbox, &["path", "login"]).ok();
    let refused = git_wt(&sandbox, &["path", "nobody"]);
    assert!(
        refused.stderr.contains("`git wt list`") && !refused.stderr.contains("`wt "),
        "{}",
        refused.shown()
    );
    let refused = git_wt(&sandbox, &["path", "nobody", "--json"]);
    assert!(refused.stdout.contains("`git wt list`"), "{}", refused.shown());
    let unknown = git_wt(&sandbox, &["lst"]);
    assert!(unknown.stderr.contains("`git wt list`"), "{}", unknown.shown());
    let help = git_wt(&sandbox, &["create", "-h"]).ok().stdout;
    assert!(help.contains("Usage: git wt create") && help.contains("  git wt create login"), "{help}");
    assert!(!help.contains("\n  wt ") && !help.contains("`wt "), "{help}");
    assert!(sandbox.wt(&["create", "-h"]).ok().stdout.contains("Usage: wt create"));
}

#[test]
fn the_manual_has_a_page_for_each_command_and_replaces_only_pages() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("man/man1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("other.1"), "mine").unwrap();
    sandbox.wt(&["man", folder.to_str().unwrap()]).ok();
    sandbox.wt(&["man", folder.to_str().unwrap()]).ok();
    for page in ["wt.1", "git-wt.1", "wt-create.1", "wt-ports-check.1", "wt-hooks-install.1"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.starts_with(".ie") || text.contains(".TH "), "{page}: {text}");
    }
    assert!(!folder.join("wt-sweep.1").exists(), "nobody types it");
    assert_eq!(fs::read_to_string(folder.join("other.1")).unwrap(), "mine");
    sandbox.wt(&["man", "create"]).exits(2).says(&["`wt create --help`"]);
    assert!(!sandbox.repo().join("create").exists());
    let page = sandbox.wt(&["man"]).ok().stdout;
    assert_eq!(page.trim_end(), fs::read_to_string(folder.join("wt.1")).unwrap().trim_end());
}

#[test]
fn an_unknown_command_is_a_program_of_that_name_with_all_its_words() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("tools");
    let text = "#!/bin/sh\nprintf '%s|' \"$@\"\nprintf '%s' \"${GIT_DIR-none}\"\n[ -x \"$WT_BIN\" ] || exit 9\nexit 7\n";
    program(&folder, "wt-hello", text);
    program(&folder, "wt-list", "#!/bin/sh\necho foreign\n");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let wt = |arguments: &[&str]| {
        let mut command = sandbox.command(&sandbox.repo(), arguments);
        Run::new(arguments, &command.env("PATH", &path).env("GIT_DIR", "/nowhere").output().unwrap())
    };
    let run = wt(&["hello", "--json", "-C", "a b"]);
    assert_eq!((run.status, &*run.stdout), (7, "--json|-C|a b|none"), "{}", run.shown());
    assert!(!wt(&["list"]).stdout.contains("foreign"), "what is built in is never replaced");
    // Words before it would be lost, and a name is no path.
    for arguments in
        [&["--json", "hello"][..], &["-C", ".", "hello"], &["../tools/wt-hello"], &["Hello"], &["helo"]]
    {
        assert_eq!(wt(arguments).status, 2, "{arguments:?}");
    }
}

#[test]
fn no_program_of_the_repository_becomes_a_command() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let worktree = sandbox.worktree("feature-login");
    for folder in [sandbox.repo().join("node_modules/.bin"), worktree.join("bin")] {
        program(&folder, "wt-hello", "#!/bin/sh\necho hello\n");
        for (path, here) in
            [(folder.display().to_string(), sandbox.repo()), ("bin".to_owned(), worktree.clone())]
        {
            let path = format!("{path}:{}", std::env::var("PATH").unwrap());
            let run =
                Run::new(&["hello"], &sandbox.command(&here, &["hello"]).env("PATH", path).output().unwrap());
            assert_eq!(run.status, 2, "{}", run.shown());
        }
    }
}

#[test]
fn where_nobody_can_tell_whose_folders_are_on_path_nothing_of_them_becomes_a_command() {
    if !rustix::process::geteuid().is_root() {
        return skip("only root can give a repository to somebody else");
    }
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let folder = repo.join("node_modules/.bin");
    program(&folder, "wt-hello", "#!/bin/sh\necho hello\n");
    for path in [repo.clone(), repo.join(".git")] {
        std::os::unix::fs::chown(path, Some(12_345), Some(12_345)).unwrap();
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = sandbox.command(&repo, &["hello"]);
    let run = Run::new(&["hello"], &command.env("PATH", path).output().unwrap());
    assert_eq!(run.status, 2, "{}", run.shown());
}

#[test]
fn the_shells_function_has_the_name_that_was_asked_for() {
    let sandbox = Sandbox::new();
    let script = sandbox.wt(&["shell-init", "bash", "--cmd", "w"]).ok().stdout;
    assert!(script.contains("\nw() {") && script.contains("complete -F _w w"), "{script}");
    assert!(git_wt(&sandbox, &["shell-init", "zsh"]).ok().stdout.contains("\ngit-wt() {"));
    assert!(git_wt(&sandbox, &["shell-init", "bash", "--git"]).ok().stdout.contains("\ngit() {"));
    assert!(sandbox.wt(&["completions", "fish", "--cmd", "w"]).ok().stdout.contains("--command w "));
    for arguments in [&["shell-init", "bash", "--cmd", "w;rm"][..], &["shell-init", "bash", "--git"]] {
        assert_eq!(sandbox.wt(arguments).status, 2);
    }
}
