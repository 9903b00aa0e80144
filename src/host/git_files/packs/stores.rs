//! The folders that hold objects: a repository's own and those it borrows from (gitrepository-layout(5),
//! `objects/info/alternates`), and the packs in them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// git follows no more alternates of alternates.
const DEEPEST: usize = 5;
/// Each pack takes a file descriptor; whoever has more packs has not packed for long.
const MOST_PACKS: usize = 200;

/// Returns `objects`, git's folder of objects, and those of its alternates, as far as they are there.
#[must_use]
pub fn folders(objects: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    add_store(objects, 0, &mut folders);
    folders
}

/// Returns the paths of all pack indexes in folders of objects, without those of promisor packs: git itself must read there.
pub(super) fn indexes(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut indexes = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(folder.join("pack")) else { continue };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_usable = |path: &PathBuf| {
            path.extension().is_some_and(|extension| extension == "idx")
                && !path.with_extension("promisor").exists()
        };
        indexes.extend(paths.filter(is_usable));
    }
    indexes.truncate(MOST_PACKS);
    indexes
}

fn add_store(objects: &Path, depth: usize, folders: &mut Vec<PathBuf>) {
    let Ok(folder) = objects.canonicalize() else { return };
    if depth > DEEPEST || folders.contains(&folder) {
        return;
    }
    folders.push(folder.clone());
    let Ok(alternates) = fs::read(folder.join("info/alternates")) else { return };
    for line in alternates.split(|byte| *byte == b'\n') {
        // A quoted path is rare enough to be left to libgit2.
        if !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"\"") {
            add_store(&folder.join(OsStr::from_bytes(line)), depth + 1, folders);
        }
    }
}
