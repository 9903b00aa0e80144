//! `kill -9` in the middle of a create whose folders lie deeper in each other than any path may be long.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags, openat};

use crate::kill::{DATING, is_half_made, start_afresh, with_bystander};
use crate::support::strace::{has_strace, killed_at};
use crate::support::{Sandbox, skip};

/// One of the names of which the deep path is made.
fn part() -> String {
    "d".repeat(200)
}

const DEEP: usize = 26;

/// Commits a file whose path is longer than any path may be (`PATH_MAX`, 4096 bytes) on a branch `deep`.
fn commit_deep(sandbox: &Sandbox) {
    let repo = sandbox.repo();
    let fed = |arguments: &[&str], input: &str| {
        let mut command = sandbox.program("git", &repo);
        command.env("GIT_INDEX_FILE", sandbox.path("deep.index")).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let blob = fed(&["hash-object", "-w", "--stdin"], "content\n");
    let rows = (0..=DEEP).map(|depth| {
        let path = format!("{}/", part()).repeat(depth);
        format!("100644 {blob}\t{path}first\n120000 {blob}\t{path}link\n100644 {blob}\t{path}z\n")
    });
    fed(&["update-index", "--index-info"], &rows.collect::<String>());
    let tree = fed(&["write-tree"], "");
    let commit = fed(&["commit-tree", "-m", "deep", &tree], "");
    sandbox.git(&repo, &["branch", "deep", &commit]);
}

/// How many of the deep path's folders are there, and what is open in the last.
fn reach(folder: &Path) -> (usize, Option<OwnedFd>) {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut open: Option<OwnedFd> = File::open(folder).ok().map(Into::into);
    let mut depth = 0;
    while let Some(next) = open.as_ref().and_then(|at| openat(at, part(), flags, Mode::empty()).ok()) {
        depth += 1;
        open = Some(next);
    }
    (depth, open)
}

#[test]
fn a_create_of_a_tree_deeper_than_paths_may_be_long_heals_and_keeps_what_was_added_down_there() {
    let sandbox = with_bystander();
    if !has_strace(&sandbox.repo()) {
        return skip("strace is not installed or may not trace here");
    }
    commit_deep(&sandbox);
    let folder = sandbox.worktree("feature-login");
    let create = ["create", "login", "--base", "deep", "--no-env"];
    let mut deep = 0;
    for (call, step) in [("mkdirat", 5), ("symlinkat", 9), (DATING, 9)] {
        let mut number = 1;
        while killed_at(&sandbox, &create, call, number) {
            if !is_half_made(&sandbox) {
                start_afresh(&sandbox);
                number += step;
                continue;
            }
            let (depth, innermost) = reach(&folder);
            let mine = innermost.filter(|_| depth * 200 > 4096).inspect(|inner| {
                deep += 1;
                let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
                openat(inner, "mine", flags, Mode::RWXU).unwrap();
            });
            if let Some(inner) = mine {
                let list = sandbox.wt(&["list"]).ok();
                assert!(openat(&inner, "mine", OFlags::RDONLY, Mode::empty()).is_ok(), "{}", list.shown());
                rustix::fs::unlinkat(&inner, "mine", rustix::fs::AtFlags::empty()).unwrap();
            }
            let list = sandbox.wt(&["list"]).ok();
            assert!(!folder.exists(), "killed at {call} {number}\n{}", list.shown());
            assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"), "killed at {call} {number}");
            number += step;
        }
        start_afresh(&sandbox);
    }
    assert!(deep > 0, "no kill came so deep: the experiment says nothing");
}
