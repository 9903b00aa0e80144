//! Unit files of ours in the user's own folders: written where nothing or our own stands, removed where it is ours.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::files;
use crate::error::{Code, Failure, Result};
use crate::model::units;

/// Answers whether something stands at `path` that we did not make: a link counts as such, wherever it leads.
#[must_use]
pub fn is_foreign(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(found) => {
            !found.is_file() || !files::read_plain_text(path).is_ok_and(|text| units::is_ours(&text))
        }
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// Writes the file; answers whether it changed.
///
/// # Errors
///
/// `path_not_empty` when a file of somebody else stands there; `permission`, `disk_full`.
pub fn write(path: &Path, text: &str) -> Result<bool> {
    if is_foreign(path) {
        let message = format!("{} is there already, and not ours", path.display());
        return Err(Failure::new(Code::PathNotEmpty, message));
    }
    if files::read_plain_text(path).is_ok_and(|there| there == text) {
        return Ok(false);
    }
    files::make_folders(path.parent().unwrap_or(Path::new("/")))?;
    files::replace(path, text.as_bytes(), 0o644)?;
    Ok(true)
}

/// Removes the file, which must be ours; answers whether it was there.
///
/// # Errors
///
/// `permission`.
pub fn remove(path: &Path) -> Result<bool> {
    if is_foreign(path) {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => {
            Err(Failure::from_io(error, Code::Permission, format!("{} cannot be removed", path.display())))
        }
    }
}
