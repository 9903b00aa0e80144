//! `wt hook pre-push`, called by the real git: an env block is not published, and nothing else stops a push.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::support::Sandbox;
use crate::support::git::write;
use crate::support::hooks::said;

/// A sandbox with our hooks in its repository, and a remote `origin` that has what it has.
fn with_remote() -> (Sandbox, PathBuf) {
    let mut sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let remote = sandbox.add_remote(&repo, "origin");
    let url = format!("file://{}", remote.display());
    sandbox.git(&repo, &["remote", "set-url", "origin", &url]);
    sandbox.install_hooks(&repo);
    (sandbox, remote)
}

/// A worktree with an env block, on a branch of its own.
fn worktree(sandbox: &Sandbox) -> PathBuf {
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.worktree("feature-login")
}

fn push(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> Output {
    let words: Vec<&str> = ["push", "-q"].iter().chain(arguments).copied().collect();
    sandbox.try_git(folder, &words)
}

#[track_caller]
fn passes(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> String {
    let output = push(sandbox, folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    said(&output)
}

#[track_caller]
fn is_stopped(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> String {
    let output = push(sandbox, folder, arguments);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Commits the worktree's `.env` by force.
fn commit_env(sandbox: &Sandbox, folder: &Path) -> String {
    sandbox.git(folder, &["add", "-f", ".env"]);
    sandbox.commit(folder, "with env")
}

#[test]
fn a_push_without_an_env_block_passes_in_silence() {
    let (sandbox, remote) = with_remote();
    let folder = worktree(&sandbox);
    write(&folder, "new.txt", "new\n");
    write(&folder, ".env.example", "PORT=3000\n");
    sandbox.commit(&folder, "new");
    assert_eq!(passes(&sandbox, &folder, &["--dry-run", "origin", "HEAD"]), "");
    assert_eq!(passes(&sandbox, &folder, &["origin", "HEAD"]), "");
    assert!(sandbox.has_branch(&remote, "feature/login"));
    assert_eq!(passes(&sandbox, &folder, &["origin", "HEAD"]), "", "up to date: nothing on stdin");
    assert_eq!(passes(&sandbox, &folder, &["origin", ":feature/login"]), "", "a deletion");
    assert!(!sandbox.has_branch(&remote, "feature/login"));
}

#[test]
fn a_commit_with_an_env_block_is_not_pushed() {
    let (sandbox, remote) = with_remote();
    let folder = worktree(&sandbox);
    let commit = commit_env(&sandbox, &folder);
    for arguments in [&["--dry-run", "origin", "HEAD"][..], &["origin", "HEAD"]] {
        let stderr = is_stopped(&sandbox, &folder, arguments);
        for word in [&commit[..7], "`.env`", "--no-verify", "git rm --cached"] {
            assert!(stderr.contains(word), "{word}: {stderr}");
        }
    }
    assert!(!sandbox.has_branch(&remote, "feature/login"));
    sandbox.git(&folder, &["rm", "-q", "--cached", "--", ".env"]);
    sandbox.git(&folder, &["commit", "-q", "--amend", "--allow-empty", "--no-edit"]);
    passes(&sandbox, &folder, &["origin", "HEAD"]);
    assert!(folder.join(".env").exists());
}

#[test]
fn no_verify_and_the_configuration_let_it_through() {
    let (sandbox, remote) = with_remote();
    let folder = worktree(&sandbox);
    commit_env(&sandbox, &folder);
    assert!(push(&sandbox, &folder, &["--no-verify", "origin", "HEAD"]).status.success());
    assert!(sandbox.has_branch(&remote, "feature/login"));
    passes(&sandbox, &folder, &["origin", ":feature/login"]);
    sandbox.configure("[hooks]\nprotect_env = false\n");
    passes(&sandbox, &folder, &["origin", "HEAD"]);
}

#[test]
fn a_block_in_an_older_commit_is_found_and_that_commit_named() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    let commit = commit_env(&sandbox, &folder);
    sandbox.git(&folder, &["rm", "-q", "--cached", ".env"]);
    sandbox.commit(&folder, "taken out again");
    write(&folder, "later.txt", "later\n");
    sandbox.commit(&folder, "later");
    let stderr = is_stopped(&sandbox, &folder, &["origin", "HEAD"]);
    assert!(stderr.contains(&commit[..7]) && stderr.contains("rebase -i"), "{stderr}");
}

#[test]
fn what_the_remote_has_already_is_no_news() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    commit_env(&sandbox, &folder);
    assert!(push(&sandbox, &folder, &["--no-verify", "origin", "HEAD"]).status.success());
    write(&folder, "later.txt", "later\n");
    sandbox.commit(&folder, "later");
    passes(&sandbox, &folder, &["origin", "HEAD"]);
    sandbox.git(&folder, &["switch", "-q", "-c", "second"]);
    passes(&sandbox, &folder, &["origin", "HEAD"]);
}

#[test]
fn other_folders_other_names_and_copies_are_found() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    let block = fs::read_to_string(folder.join(".env")).unwrap();
    for (number, place) in
        ["deep/er/.env", ".env.local", "settings.conf", "with space/.env.päth"].iter().enumerate()
    {
        sandbox.git(&folder, &["switch", "-q", "-c", &format!("branch-{number}"), "main"]);
        write(&folder, place, &format!("OWN=1\n{block}"));
        sandbox.git(&folder, &["add", "-f", place]);
        sandbox.commit(&folder, place);
        let stderr = is_stopped(&sandbox, &folder, &["origin", "HEAD"]);
        assert!(stderr.contains(place), "{place}: {stderr}");
    }
    sandbox.git(&folder, &["switch", "-q", "-c", "prose", "main"]);
    write(&folder, "docs.md", &format!("It looks so:\n\n{block}"));
    sandbox.commit(&folder, "prose");
    passes(&sandbox, &folder, &["origin", "HEAD"]);
}

#[test]
fn a_first_push_by_url_and_a_merge_are_searched() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    let commit = commit_env(&sandbox, &folder);
    let empty = sandbox.path("remotes/empty.git");
    sandbox.git(&sandbox.path(""), &["init", "-q", "--bare", empty.to_str().unwrap()]);
    let url = format!("file://{}", empty.display());
    let stderr = is_stopped(&sandbox, &folder, &[&url, "HEAD"]);
    assert!(stderr.contains(&commit[..7]), "{stderr}");
    passes(&sandbox, &sandbox.repo(), &[&url, "main"]);
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--no-ff", "-m", "merged", "feature/login"]);
    let stderr = is_stopped(&sandbox, &sandbox.repo(), &["origin", "main"]);
    assert!(stderr.contains(&commit[..7]), "{stderr}");
}

#[test]
fn a_tag_and_many_refs_at_once_are_searched() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    passes(&sandbox, &folder, &["origin", "HEAD"]);
    commit_env(&sandbox, &folder);
    sandbox.git(&folder, &["tag", "-a", "-m", "tagged", "v1"]);
    is_stopped(&sandbox, &folder, &["origin", "v1"]);
    is_stopped(&sandbox, &folder, &["origin", "main", "feature/login"]);
}

#[test]
fn a_push_from_a_repository_that_libgit2_cannot_read_is_searched() {
    let mut sandbox = Sandbox::without_repository();
    let init = ["init", "-q", "-b", "main", "--object-format=sha256"];
    let repo = sandbox.make_repository_with("proj", &init);
    sandbox.install_hooks(&repo);
    let remote = sandbox.path("remote.git");
    let path = remote.to_str().unwrap();
    sandbox.git(&repo, &["init", "-q", "--bare", "--object-format=sha256", path]);
    passes(&sandbox, &repo, &[path, "main"]);
    let folder = worktree(&sandbox);
    commit_env(&sandbox, &folder);
    is_stopped(&sandbox, &folder, &[path, "HEAD"]);
}

#[test]
fn a_broken_registry_or_configuration_stops_no_push() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    let file = sandbox.state().join("registry.json");
    let good = fs::read(&file).unwrap();
    let numbers = "abcdef".chars();
    let damages: [&[u8]; 3] = [b"garbage", &good[..good.len() / 2], b"{\"schema\":99}"];
    for (damage, letter) in damages.into_iter().zip(numbers) {
        fs::write(&file, damage).unwrap();
        passes(&sandbox, &folder, &["origin", &format!("HEAD:refs/heads/{letter}")]);
        assert_eq!(fs::read(&file).unwrap(), damage);
    }
    fs::write(&file, good).unwrap();
    fs::write(sandbox.config_file(), "[[[").unwrap();
    let line = passes(&sandbox, &folder, &["origin", "HEAD:refs/heads/z"]);
    assert!(line.contains("config.toml"), "{line}");
}

#[test]
fn whatever_comes_on_stdin_stops_nothing() {
    let (sandbox, _) = with_remote();
    let head = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    let (zeros, ones) = ("0".repeat(40), "1".repeat(40));
    let huge = "x".repeat(3 * 1024 * 1024);
    let many = format!("refs/heads/x {head} refs/heads/x {zeros}\n").repeat(20_000);
    let inputs = [
        Vec::new(),
        b"\n\n\0\xff\xfe".to_vec(),
        b"refs/heads/x".to_vec(),
        format!("refs/heads/x {ones} refs/heads/x {ones}\n").into_bytes(),
        format!("refs/heads/x --all refs/heads/x {ones}\n").into_bytes(),
        format!("refs/heads/x {head} refs/heads/x {ones}\n").into_bytes(),
        huge.into_bytes(),
        many.into_bytes(),
    ];
    for input in inputs {
        let mut child = sandbox
            .command(&sandbox.repo(), &["hook", "pre-push", "origin", "url"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It need not read all of it.
        let _ = child.stdin.take().unwrap().write_all(&input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).lines().count() <= 1, "{output:?}");
    }
}

#[test]
fn a_stdin_that_never_ends_is_waited_for_two_seconds_at_most() {
    let (sandbox, _) = with_remote();
    let started = std::time::Instant::now();
    let mut child = sandbox
        .command(&sandbox.repo(), &["hook", "pre-push", "origin", "url"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let kept = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(kept);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said(&output).contains("too long"), "{output:?}");
    let took = started.elapsed().as_millis();
    assert!((1900..2900).contains(&took), "{took} ms");
}

#[test]
fn a_push_releases_what_vanished_and_says_so() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    fs::remove_dir_all(&folder).unwrap();
    let line = passes(&sandbox, &sandbox.repo(), &["origin", "main:other"]);
    assert!(line.contains("feature-login"), "{line}");
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn a_git_that_takes_for_ever_is_given_up_and_the_push_passes() {
    let (mut sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    let head = commit_env(&sandbox, &folder);
    let real = String::from_utf8(
        sandbox.program("sh", &folder).args(["-c", "command -v git"]).output().unwrap().stdout,
    );
    let slow = sandbox.path("slow");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *rev-list*) exec sleep 60;; esac\nexec {} \"$@\"\n",
        real.unwrap().trim()
    );
    write(&slow, "git", &script);
    fs::set_permissions(slow.join("git"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", slow.display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", path);
    let started = std::time::Instant::now();
    let mut child = sandbox
        .command(&folder, &["hook", "pre-push", "origin", "url"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("refs/heads/x {head} refs/heads/x {}\n", "0".repeat(40));
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said(&output).contains("too large"), "{output:?}");
    assert!(started.elapsed().as_millis() < 2900, "{:?}", started.elapsed());
}

#[test]
fn what_is_wrong_is_counted_and_lets_the_push_through() {
    let (sandbox, _) = with_remote();
    let folder = worktree(&sandbox);
    fs::remove_file(folder.join(".env")).unwrap();
    let line = passes(&sandbox, &sandbox.repo(), &["origin", "main:a"]);
    assert!(line.contains("1 warning") && line.contains("wt validate"), "{line}");
    fs::write(sandbox.state().join("registry.json"), "garbage").unwrap();
    let line = passes(&sandbox, &sandbox.repo(), &["origin", "main:b"]);
    assert!(line.contains("1 critical finding"), "{line}");
}

#[test]
fn critical_findings_stop_a_push_where_that_is_asked_for() {
    let (sandbox, remote) = with_remote();
    let folder = worktree(&sandbox);
    sandbox.configure("[hooks]\npre_push = \"block\"\n");
    fs::remove_file(folder.join(".env")).unwrap();
    passes(&sandbox, &sandbox.repo(), &["origin", "main:a"]);
    fs::write(sandbox.state().join("registry.json"), "garbage").unwrap();
    let stderr = is_stopped(&sandbox, &sandbox.repo(), &["origin", "main:b"]);
    for word in ["pre_push", "wt validate", "--no-verify"] {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
    assert!(!sandbox.has_branch(&remote, "b"));
    assert!(push(&sandbox, &sandbox.repo(), &["--no-verify", "origin", "main:b"]).status.success());
}
