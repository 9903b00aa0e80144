//! Small files of git's, read with as few system calls as can be: lists read hundreds of them.

use std::fs::File;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

use super::paths::canonical;
use super::repository::Repository;
use crate::error;
use crate::host::resolved::ResolvedFolders;
use crate::model::branch::is_object_id;

impl Repository {
    /// Returns the commit of the local branch `name`, in hexadecimal: from the branch's own file where it has one, and
    /// else as [`find_branch`](Self::find_branch) does.
    pub(super) fn find_tip(&self, name: &str) -> error::Result<Option<String>> {
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

/// Reads the text of the HEAD in a git folder, without white space at its ends; `None` when it is not there.
///
/// With `core.preferSymlinkRefs` git writes HEAD as a symbolic link. Its target is a name and no path: followed, it leads
/// nowhere in a linked worktree, and to a bare commit in the main one.
pub(super) fn read_head_text(git_dir: &Path) -> Option<String> {
    read_head_text_at(CWD, &git_dir.join("HEAD"))
}

/// As [`read_head_text`], of a HEAD whose path counts from the opened folder.
pub(super) fn read_head_text_at(folder: BorrowedFd<'_>, path: &Path) -> Option<String> {
    let bytes = match read_with(folder, path, OFlags::NOFOLLOW) {
        Ok(bytes) => bytes,
        Err(Errno::LOOP) => match linked_reference_at(folder, path) {
            Some(target) => return Some(format!("ref: {target}")),
            None => read_with(folder, path, OFlags::empty()).ok()?,
        },
        Err(_) => return None,
    };
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Answers whether a git folder has a HEAD, be it a link that leads nowhere as a path.
pub(super) fn has_head(git_dir: &Path) -> bool {
    git_dir.join("HEAD").symlink_metadata().is_ok()
}

/// Answers whether something is written in that HEAD.
pub(super) fn is_head_written(git_dir: &Path) -> bool {
    git_dir.join("HEAD").symlink_metadata().is_ok_and(|found| found.len() > 0)
}

/// Returns the ref that a symbolic link in the place of a ref names, as git takes it; `None` for anything else.
pub(super) fn linked_reference(path: &Path) -> Option<String> {
    linked_reference_at(CWD, path)
}

fn linked_reference_at(folder: BorrowedFd<'_>, path: &Path) -> Option<String> {
    let target = readlinkat(folder, path, Vec::new()).ok()?.into_string().ok()?;
    Some(target).filter(|target| target.starts_with("refs/"))
}

/// Reads a file that is small, as nearly all of git's are; `None` when it is not there.
pub(super) fn read_small(path: &Path) -> Option<Vec<u8>> {
    read_small_at(CWD, path)
}

/// As [`read_small`], of a file whose path counts from the opened folder.
pub(super) fn read_small_at(folder: BorrowedFd<'_>, path: &Path) -> Option<Vec<u8>> {
    read_with(folder, path, OFlags::empty()).ok()
}

fn read_with(folder: BorrowedFd<'_>, path: &Path, more: OFlags) -> Result<Vec<u8>, Errno> {
    let usual = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, path, usual | more, Mode::empty())?);
    let mut bytes = vec![0; 1024];
    let read = rustix::io::read(&file, &mut *bytes)?;
    if read == bytes.len() {
        file.read_to_end(&mut bytes).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    } else {
        bytes.truncate(read);
    }
    Ok(bytes)
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
