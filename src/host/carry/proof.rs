//! Whether a file is still the copy that was made: by what is remembered of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::copy::hash_of;
use crate::host::{env_file, files};
use crate::model::carry::record::{CarriedPath, CarryRecord};
use crate::model::env_block;

/// Answers whether the file, link or folder itself at `path` in `folder` is as the copy was made. What lies in a folder is
/// asked for itself.
#[must_use]
pub fn is_as_made(folder: &Path, path: &str, row: &CarriedPath) -> bool {
    is_as_made_at(&folder.join(path), row)
}

/// As [`is_as_made`], of what is at `at` now.
#[must_use]
pub fn is_as_made_at(at: &Path, row: &CarriedPath) -> bool {
    let Ok(found) = at.symlink_metadata() else { return false };
    match row {
        CarriedPath::Folder => found.is_dir(),
        CarriedPath::Link { target } => {
            found.is_symlink() && fs::read_link(at).is_ok_and(|leads| leads == *target)
        }
        CarriedPath::File { size, time, hash, env } => {
            if !found.is_file() {
                return false;
            }
            if (found.len(), (found.mtime(), found.mtime_nsec())) == (*size, *time) {
                return true;
            }
            // Its block comes and goes, and a touch changes nothing.
            match hash {
                Some(hash) if *env => own_bytes(at).is_some_and(|bytes| hash_of(&bytes) == *hash),
                Some(hash) if found.len() == *size => {
                    files::read_plain(at).is_ok_and(|bytes| hash_of(&bytes) == *hash)
                }
                _ => false,
            }
        }
    }
}

/// Returns the bytes of an env file without our block; `None` where it cannot be read.
#[must_use]
pub fn own_bytes(path: &Path) -> Option<Vec<u8>> {
    if path.symlink_metadata().ok()?.len() > env_file::LARGEST {
        return None;
    }
    env_block::remove(&files::read_plain(path).ok()?).ok()
}

/// Answers whether all that stands at `path` in `folder` is copies as they were made.
#[must_use]
pub fn is_all_as_made(folder: &Path, path: &str, record: &CarryRecord) -> bool {
    let Some(row) = record.rows.get(path) else { return false };
    is_as_made(folder, path, row)
        && (!matches!(row, CarriedPath::Folder)
            || files::holds_only(&folder.join(path), |entry| {
                let name = entry.file_name();
                name.to_str().is_some_and(|name| is_all_as_made(folder, &format!("{path}/{name}"), record))
            }))
}

/// Answers whether all that stands at `path` in `folder` is copies as they were made, of which the source still has the same.
#[must_use]
pub fn is_all_kept(folder: &Path, path: &str, record: &CarryRecord) -> bool {
    let Some(row) = record.rows.get(path) else { return false };
    is_as_made(folder, path, row)
        && has_source(path, row, record)
        && (!matches!(row, CarriedPath::Folder)
            || files::holds_only(&folder.join(path), |entry| {
                let name = entry.file_name();
                name.to_str().is_some_and(|name| is_all_kept(folder, &format!("{path}/{name}"), record))
            }))
}

/// A link may lead elsewhere there, where it was made to lead to the copy.
fn has_source(path: &str, row: &CarriedPath, record: &CarryRecord) -> bool {
    match row {
        CarriedPath::Link { .. } => record.source.join(path).is_symlink(),
        row => is_as_made(&record.source, path, row),
    }
}
