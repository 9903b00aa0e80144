//! The folder of one removed worktree: whether it is ours to delete, and where it is while it is being deleted.

use std::path::{Path, PathBuf};

use crate::model::registry::journal::Trash;

/// Answers whether a sweep that began to delete it did not come to the end.
#[must_use]
pub fn is_half_deleted(trash: &Trash) -> bool {
    is_ours(trash) && doomed(trash).symlink_metadata().is_ok()
}

/// Answers whether the folder is one that we named ourselves: `.wt-trash/NAME-TOKEN`.
#[must_use]
pub fn is_ours(trash: &Trash) -> bool {
    let parent = trash.folder.parent();
    trash.token.len() == 32
        && !parent.is_some_and(Path::is_symlink)
        && parent.and_then(Path::file_name).is_some_and(|name| name == ".wt-trash")
        && trash.folder.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&trash.token))
}

/// Where a folder is moved before it is deleted.
#[must_use]
pub fn doomed(trash: &Trash) -> PathBuf {
    let mut name = trash.folder.clone().into_os_string();
    name.push(".deleting");
    PathBuf::from(name)
}
