//! Blocks that several files have, on file systems that share them: a copy takes nothing, and is counted so.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::state::Mount;
use crate::support::git::write;
use crate::support::{Sandbox, skip};

/// What `wt list --size` says of the worktree whose branch this is.
fn bytes(sandbox: &Sandbox, folder: &Path, branch: &str, field: &str) -> u64 {
    // Blocks of a file are its own until it is written.
    assert!(Command::new("sync").arg("-f").arg(folder).status().unwrap().success());
    let list: Value = sandbox.json_in(folder, &["list", "--size"]);
    let all = list["worktrees"].as_array().unwrap();
    all.iter().find(|row| row["branch"] == branch).unwrap()[field].as_u64().unwrap()
}

fn counted_once_on(kind: &str) {
    let sandbox = Sandbox::without_repository();
    let Some(mount) = Mount::made(&sandbox.path("image"), kind, 400, sandbox.path("disk")) else {
        return skip(&format!("no loop devices here, or no mkfs.{kind}"));
    };
    let repo = sandbox.make_repository("disk/proj");
    write(&repo, ".gitignore", "node_modules\n");
    write(&repo, ".worktreeinclude", "node_modules\n");
    sandbox.commit(&repo, "lists");
    fs::create_dir(repo.join("node_modules")).unwrap();
    let noise: Vec<u8> = (0..8_u32 << 20).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    fs::write(repo.join("node_modules/big"), &noise).unwrap();
    let created = sandbox.json_in(&repo, &["create", "login"]);
    assert_eq!(created["carried"]["reflinked"], 1, "{kind}: {created}");
    let main = bytes(&sandbox, &repo, "main", "bytes");
    assert!((8 << 20..9 << 20).contains(&main), "{kind}: {main}");
    let (all, caches) = (
        bytes(&sandbox, &repo, "feature/login", "bytes"),
        bytes(&sandbox, &repo, "feature/login", "cache_bytes"),
    );
    assert!(all < 1 << 20 && caches < 1 << 20, "{kind}: {all}, {caches}");
    // What is written anew is its own.
    let copy = sandbox.path("disk/proj.worktrees/feature-login/node_modules/big");
    let file = fs::OpenOptions::new().write(true).open(copy).unwrap();
    file.write_all_at(&vec![7; 2 << 20], 0).unwrap();
    file.sync_all().unwrap();
    let changed = bytes(&sandbox, &repo, "feature/login", "bytes");
    assert!(changed >= all + (2 << 20) && changed < all + (4 << 20), "{kind}: {all}, then {changed}");
    drop(mount);
}

#[test]
#[ignore = "heavy: makes file systems"]
fn shared_blocks_are_counted_once_on_xfs() {
    counted_once_on("xfs");
}

#[test]
#[ignore = "heavy: makes file systems"]
fn shared_blocks_are_counted_once_on_btrfs() {
    counted_once_on("btrfs");
}
