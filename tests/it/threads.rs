//! Where the system gives no more threads, the one that there is does the work.

use std::process::Output;

use crate::support::{Sandbox, git, skip};

/// Runs `wt` as another user who may have this one process and no thread beside it; `None` where that cannot be arranged.
fn alone(sandbox: &Sandbox, user: u32, arguments: &[&str]) -> Option<Output> {
    let root = rustix::process::geteuid().is_root();
    if !root {
        return None;
    }
    // The limit counts every task of the user, so that git itself must still have room: it is a process of its own.
    let script = format!(
        "import os, resource, sys\n\
         os.setgroups([]); os.setgid({user}); os.setuid({user})\n\
         resource.setrlimit(resource.RLIMIT_NPROC, (int(sys.argv[1]), int(sys.argv[1])))\n\
         os.execv(sys.argv[2], sys.argv[2:])\n"
    );
    let mut command = sandbox.program("python3", &sandbox.repo());
    command.args(["-c", &script, "1", env!("CARGO_BIN_EXE_wt")]).args(arguments);
    command.output().ok()
}

fn give_to(sandbox: &Sandbox, user: u32) {
    let status =
        sandbox.program("chown", &sandbox.path("")).args(["-R", &format!("{user}:{user}"), "."]).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_look_at_all_worktrees_needs_no_second_thread() {
    if !rustix::process::geteuid().is_root() {
        return skip("not root");
    }
    let sandbox = Sandbox::new();
    for number in 0..4 {
        sandbox.wt(&["create", &number.to_string()]).ok();
        git::write(&sandbox.worktree(&format!("feature-{number}")), "new.txt", "x");
    }
    // One that no other test has.
    let user = 1_000_000 + std::process::id();
    give_to(&sandbox, user);
    let Some(output) = alone(&sandbox, user, &["--json", "list", "--status"]) else {
        return skip("no python3");
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.contains("panicked"), "{stderr}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let counted = answer["worktrees"].as_array().unwrap().iter();
    let untracked: Vec<u64> =
        counted.filter_map(|worktree| worktree["changes"]["untracked"].as_u64()).collect();
    assert_eq!(untracked.iter().sum::<u64>(), 4, "{answer}");
}
