//! The index of the new worktree: stat data such that the first `git status` need not read a file, and the cache of
//! trees. It appears whole, by rename, and only when every file is there.

use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::output::write_all;
use super::plan::Plan;
use crate::error::{Code, Failure, Result};
use crate::host::git_files::index::{Cached, NewEntry, StatData, encode};

/// Writes `admin/index` for files that were `placed` as planned: beside it first, under the name that keeps git from
/// writing an index too (git's api-lockfile).
pub(super) fn write(admin: &Path, plan: &Plan, placed: &[StatData]) -> Result<()> {
    let bytes = bytes(plan, placed);
    let (lock, path) = (admin.join("index.lock"), admin.join("index"));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let failed = |error: rustix::io::Errno| {
        let message = format!("the index in {} cannot be written", admin.display());
        Failure::from_io(error.into(), Code::GitFailed, message)
    };
    let file = openat(CWD, &lock, flags, Mode::from_raw_mode(0o666)).map_err(failed)?;
    let written = write_all(&file, &bytes).and_then(|()| rustix::fs::rename(&lock, &path));
    written.map_err(|error| {
        // Ours: it was not there before.
        let _ = rustix::fs::unlink(&lock);
        failed(error)
    })
}

fn bytes(plan: &Plan, placed: &[StatData]) -> Vec<u8> {
    let (mut entries, mut folders) = (vec![0; plan.folders.len()], vec![0; plan.folders.len()]);
    for entry in &plan.entries {
        entries[entry.folder] += 1;
    }
    // Each one's parent comes before it: from the end, what is deeper is whole when it is added.
    for (at, folder) in plan.folders.iter().enumerate().skip(1).rev() {
        entries[folder.parent] += entries[at];
        folders[folder.parent] += 1;
    }
    let trees = plan.folders.iter().zip(entries.iter().zip(&folders)).map(|(folder, (entries, folders))| {
        Cached { name: folder.name(), entries: *entries, folders: *folders, id: folder.id }
    });
    let paths = plan.entries.iter().zip(placed).map(|(entry, stat)| NewEntry {
        path: &entry.path,
        stat: *stat,
        mode: entry.kind.mode(),
        id: entry.id,
    });
    encode(paths, trees)
}
