//! The new worktree's index: every item with the stat data of what was written, the tree cache, and nothing to re-read.

use std::path::Path;

use git2::{Index, IndexEntry, IndexTime, Repository};

use super::plan::{Kind, Plan};
use super::writer::Written;
use crate::error::{Code, Failure, Result};

/// Writes the index into `admin`, in one step and last of all: where it stands, the worktree is whole.
///
/// # Errors
///
/// `git_failed`, `disk_full`.
pub fn write(repository: &Repository, admin: &Path, plan: &Plan, written: &[Written]) -> Result<()> {
    let failed = |error: git2::Error| {
        let code = if error.message().contains("No space left") { Code::DiskFull } else { Code::GitFailed };
        Failure::new(code, format!("the index of the new worktree cannot be written: {}", error.message()))
            .caused_by(error)
    };
    let mut index = Index::open(&admin.join("index")).map_err(failed)?;
    for (item, written) in plan.items.iter().zip(written) {
        index.add(&entry(item.path.clone(), item.kind, item.object, written)).map_err(failed)?;
    }
    // Fills the tree cache, without which the first status has to hash every folder.
    index.write_tree_to(repository).map_err(failed)?;
    index.write().map_err(failed)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "git's index keeps the low 32 bits of every stat field (gitformat-index)"
)]
fn entry(path: Vec<u8>, kind: Kind, object: git2::Oid, written: &Written) -> IndexEntry {
    let none = IndexTime::new(0, 0);
    let mut entry = IndexEntry {
        ctime: none,
        mtime: none,
        dev: 0,
        ino: 0,
        mode: kind.mode(),
        uid: 0,
        gid: 0,
        file_size: 0,
        id: object,
        flags: 0,
        flags_extended: 0,
        path,
    };
    if let Some(stat) = &written.stat {
        entry.ctime = IndexTime::new(stat.st_ctime as i32, stat.st_ctime_nsec as u32);
        entry.mtime = IndexTime::new(stat.st_mtime as i32, stat.st_mtime_nsec as u32);
        entry.dev = stat.st_dev as u32;
        entry.ino = stat.st_ino as u32;
        entry.uid = stat.st_uid;
        entry.gid = stat.st_gid;
        entry.file_size = stat.st_size as u32;
    }
    entry
}
