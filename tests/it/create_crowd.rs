//! A create in a repository of many worktrees: what each of the others costs it.

use std::fs;
use std::process::Stdio;

use crate::support::strace::has_strace;
use crate::support::{Sandbox, skip};

/// How many worktrees come along.
const CROWD: usize = 40;

/// git's HEAD and its link are opened, read and closed once, and somebody asks for a mark of a stranger's code; the rest is for
/// calls that differ from run to run.
const CALLS_OF_EACH: usize = 7 + 2;

#[test]
fn a_create_asks_each_other_worktree_for_its_head_and_its_place_and_for_nothing_twice() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    if !has_strace(&repo) {
        return skip("strace is not installed or may not trace here");
    }
    sandbox.wt(&["create", "--ports"]).ok();
    let before = calls_of_a_create(&sandbox);
    let commit = sandbox.git(&repo, &["rev-parse", "HEAD"]);
    for number in 0..CROWD {
        let folder = sandbox.path(&format!("crowd-{number}"));
        let admin = repo.join(format!(".git/worktrees/crowd-{number}"));
        fs::create_dir_all(&admin).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(admin.join("commondir"), "../..\n").unwrap();
        fs::write(admin.join("gitdir"), format!("{}\n", folder.join(".git").display())).unwrap();
        fs::write(admin.join("HEAD"), format!("ref: refs/heads/crowd-{number}\n")).unwrap();
        fs::write(folder.join(".git"), format!("gitdir: {}\n", admin.display())).unwrap();
        fs::write(repo.join(format!(".git/refs/heads/crowd-{number}")), format!("{}\n", commit.trim()))
            .unwrap();
    }
    let after = calls_of_a_create(&sandbox);
    let of_each = after.saturating_sub(before) / CROWD;
    assert!(of_each <= CALLS_OF_EACH, "{before} calls became {after}: {of_each} for each worktree");
}

/// Returns how many calls of the kernel one makes; what only an unoptimized build asks is left out.
fn calls_of_a_create(sandbox: &Sandbox) -> usize {
    let trace = sandbox.path("trace");
    let mut create = sandbox.program("strace", &sandbox.repo());
    create.args(["-f", "-qq", "-e", "trace=!fcntl", "-o"]).arg(&trace).arg(env!("CARGO_BIN_EXE_wt"));
    let status = create.args(["create", "--ports"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.unwrap().success());
    fs::read_to_string(trace).unwrap().lines().count()
}
