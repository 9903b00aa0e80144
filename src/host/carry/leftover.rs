//! What a carrying that was killed left in a worktree: a folder aside with copies, one of which may have changed places with
//! what stood in the worktree. Such a file is kept; copies go.

use std::fs;
use std::path::Path;

use super::here::CarrySight;
use super::proof::is_as_made;
use super::renew;
use super::stage::{ASIDE, tree};
use crate::error::Result;
use crate::host::process::identity;
use crate::host::remove_tree::remove_tree;
use crate::host::{files, token};

/// Clears what dead processes left in `sight.target`; what is nowhere else is kept below `kept`. Answers whether anything was.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn clear(sight: &CarrySight<'_>, kept: &Path, is_tracked: &dyn Fn(&str) -> bool) -> Result<bool> {
    let mut has_kept = false;
    for entry in sight.target.read_dir().into_iter().flatten().flatten() {
        let is_left =
            files::draft_pid_of(&entry.file_name(), ASIDE).is_some_and(|pid| identity::of(pid).is_none());
        if !is_left || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        // A repository may bring a folder of such a name: what git tracks there, and what leads elsewhere, is not ours.
        let tree = tree(&entry.path());
        let leads_elsewhere = tree.symlink_metadata().is_ok_and(|found| !found.is_dir());
        if leads_elsewhere || entry.file_name().to_str().is_none_or(is_tracked) {
            continue;
        }
        let kept = kept.join(&token::random()?[..8]);
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(tree.join(&folder)).into_iter().flatten().flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if !is_elsewhere(sight, &tree, &path) {
                    renew::keep(&tree, &path, &kept)?;
                    has_kept = true;
                }
            }
        }
        remove_tree(&entry.path())?;
    }
    Ok(has_kept)
}

/// Answers whether the file or link is a copy, or has its like in the source or the worktree.
fn is_elsewhere(sight: &CarrySight<'_>, tree: &Path, path: &str) -> bool {
    let row = sight.record.rows.get(path);
    let is_copy = row.is_some_and(|row| is_as_made(tree, path, row));
    let places = [sight.source, sight.target];
    is_copy || places.iter().any(|place| files::is_same_tree(&tree.join(path), &place.join(path)))
}
