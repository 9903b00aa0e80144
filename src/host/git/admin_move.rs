//! Moves git's admin folder in one step; where the system renames no folder (the lower layer of an overlay) by a copy, so that
//! git sees the one or the other, and never two or a half.

use std::io::{Error, ErrorKind};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::host::{files, moving};

/// How often a folder is copied anew that changed meanwhile.
const ATTEMPTS: usize = 5;

/// Renames a folder to a name that must be free.
///
/// # Errors
///
/// `EEXIST` or `ENOTEMPTY` where it is not; those of the system.
pub(super) fn rename_to_new(from: &Path, to: &Path) -> Result<(), Error> {
    let renamed = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without the flag: a folder is never renamed over a non-empty one, and ours are not empty.
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::rename(from, to),
        other => other,
    };
    match renamed {
        Err(Errno::XDEV) => copy_to_new(from, to),
        other => other.map_err(Error::from),
    }
}

/// The copy gets its name when it is whole, and the original is hidden from git by the loss of the one file without which it
/// is no worktree's.
fn copy_to_new(from: &Path, to: &Path) -> Result<(), Error> {
    let mut name = to.as_os_str().to_owned();
    name.push(".copying");
    let draft = Path::new(&name);
    for _ in 0..ATTEMPTS {
        remove(draft)?;
        moving::copy_folder(from, draft)?;
        // Whoever wrote meanwhile must not have written in vain.
        if !files::is_same_tree(draft, from) {
            continue;
        }
        match renameat_with(CWD, draft, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::rename(draft, to)?,
            other => other.inspect_err(|_| drop(remove(draft)))?,
        }
        match std::fs::remove_file(from.join("gitdir")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        return remove(from);
    }
    remove(draft)?;
    Err(Error::new(ErrorKind::ResourceBusy, "it is being written to all the time"))
}

/// Answers whether `copy` was made of `original`, and a death kept the one that is not wanted from being removed.
pub(super) fn is_copy(copy: &Path, original: &Path) -> bool {
    original.is_dir() && files::is_same_tree(copy, original)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
