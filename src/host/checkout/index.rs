//! git's index of the new worktree: stat data such that the first `git status` need not read a file, and the cache of
//! trees. It appears whole, by rename, and only when every file is there.

use std::path::Path;

use git2::{ErrorClass, Index, IndexEntry, IndexTime, Oid, Tree};

use super::place::Placed;
use super::plan::Plan;
use crate::error::{Code, Failure, Result};

/// Writes `admin/index` for files that were `placed` as planned.
pub(super) fn write(admin: &Path, tree: &Tree, plan: &Plan, placed: &[Placed]) -> Result<()> {
    build(&admin.join("index"), tree, plan, placed).map_err(|error| {
        let code = match (error.class(), error.message()) {
            (ErrorClass::Os, message) if is_about_space(message) => Code::DiskFull,
            (ErrorClass::Os, message) if message.contains("Permission denied") => Code::Permission,
            _ => Code::GitFailed,
        };
        let message = format!("the index in {} cannot be written: {}", admin.display(), error.message());
        Failure::new(code, message).caused_by(error)
    })
}

/// libgit2 hands on the system's words, not its number.
fn is_about_space(message: &str) -> bool {
    message.contains("No space left on device") || message.contains("Disk quota exceeded")
}

fn build(path: &Path, tree: &Tree, plan: &Plan, placed: &[Placed]) -> Result<(), git2::Error> {
    let mut index = Index::open(path)?;
    index.clear()?;
    let mut filled = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: Oid::ZERO_SHA1,
        flags: 0,
        flags_extended: 0,
        path: Vec::new(),
    };
    for (entry, stat) in plan.entries.iter().zip(placed) {
        filled.ctime = IndexTime::new(stat.changed.0, stat.changed.1);
        filled.mtime = IndexTime::new(stat.modified.0, stat.modified.1);
        filled.dev = stat.device;
        filled.ino = stat.inode;
        filled.mode = entry.kind.mode();
        filled.uid = stat.user;
        filled.gid = stat.group;
        // The low 32 bits, as git does it.
        filled.file_size = u32::try_from(stat.size & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        filled.id = entry.id;
        filled.path.clone_from(&entry.path);
        index.add(&filled)?;
    }
    // Keeps what was just added and takes the cache of trees along, without writing an object.
    index.read_tree(tree)?;
    index.write()
}
