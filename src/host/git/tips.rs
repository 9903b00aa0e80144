//! Small files of git's, read with as few system calls as can be: lists read hundreds of them.

use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::paths::canonical;
use super::repository::Repository;
use crate::error::Result;
use crate::host::resolved::ResolvedFolders;
use crate::model::branch::is_object_id;

impl Repository {
    /// Returns the commit of the local branch `name`, in hexadecimal: from the branch's own file where it has one, and
    /// else as [`find_branch`](Self::find_branch) does.
    pub(super) fn find_tip(&self, name: &str) -> Result<Option<String>> {
        let is_plain =
            self.library().is_some() && !name.split('/').any(|part| matches!(part, "" | "." | ".."));
        if is_plain
            && let Some(text) = read_small(&self.common_dir.join("refs/heads").join(name))
            && let Ok(text) = str::from_utf8(text.trim_ascii())
            && is_object_id(text)
        {
            return Ok(Some(text.to_owned()));
        }
        self.find_branch(name)
    }
}

/// Reads a file that is small, as nearly all of git's are; `None` when it is not there.
pub(super) fn read_small(path: &Path) -> Option<Vec<u8>> {
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut bytes = vec![0; 1024];
    let read = rustix::io::read(&file, &mut *bytes).ok()?;
    if read == bytes.len() {
        return std::fs::read(path).ok();
    }
    bytes.truncate(read);
    Some(bytes)
}

/// Returns `path` as [`canonical`] does, reading the links above it once for all that lie beside each other.
pub(super) fn canonical_with(path: &Path, resolved: &mut ResolvedFolders) -> PathBuf {
    resolved.canonicalize(path).unwrap_or_else(|_| canonical(path))
}

/// Reads a small file as text without white space at its ends; `None` when it is not there.
pub(super) fn read_text(path: &Path) -> Option<String> {
    let bytes = read_small(path)?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}
