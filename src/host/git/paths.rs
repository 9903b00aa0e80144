//! Paths as git compares them: as the kernel has them, and as the `.git` file of a worktree names them.

use std::path::{Component, Path, PathBuf};

use crate::host::files;

/// Returns the path without links and `..`; what cannot be resolved is tidied by its text.
pub(super) fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| {
        let mut tidy = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => {
                    tidy.pop();
                }
                Component::CurDir => {}
                part => tidy.push(part),
            }
        }
        tidy
    })
}

/// Reads a `.git` file: `gitdir: PATH`, a relative path counted from the file's folder.
pub(super) fn read_link_file(file: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;

    let bytes = files::read_plain(file).ok()?;
    let target = bytes.strip_prefix(b"gitdir:")?.trim_ascii();
    if target.is_empty() {
        return None;
    }
    Some(file.parent()?.join(std::ffi::OsStr::from_bytes(target)))
}
