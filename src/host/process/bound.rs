//! Folders of ours that processes of another mount namespace see by another path, as containers do that mount a worktree
//! (`mount_namespaces(7)`).

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::mountinfo;
use super::table;

/// Returns a process of another mount namespace in which `folder`, or a part of it, is mounted by itself.
#[must_use]
pub fn find(folder: &Path) -> Option<u32> {
    let own = fs::read_link("/proc/self/ns/mnt").ok()?;
    let mounts = mountinfo::of_us();
    let holding = mounts.iter().filter(|mount| folder.starts_with(&mount.place));
    let holding = holding.max_by_key(|mount| mount.place.components().count())?;
    let inside = holding.root.join(folder.strip_prefix(&holding.place).ok()?);
    let mut others: HashMap<PathBuf, u32> = HashMap::new();
    for pid in table::pids() {
        if let Ok(space) = fs::read_link(format!("/proc/{pid}/ns/mnt"))
            && space != own
        {
            others.entry(space).or_insert(pid);
        }
    }
    let is_bound = |pid: &u32| {
        let mounts = mountinfo::of(*pid);
        mounts.iter().any(|mount| mount.device == holding.device && mount.root.starts_with(&inside))
    };
    others.into_values().find(is_bound)
}
