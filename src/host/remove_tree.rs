//! Deletes a folder with all it holds: follows no link, leaves no file system, trusts no path twice.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::token;
use crate::error::{Code, Failure, Result};

/// How deep folders are opened inside each other before they are moved up, so that descriptors never run out.
const DEEPEST: usize = 64;

/// Deletes `path` and everything beneath it; nothing there is fine.
///
/// # Errors
///
/// `permission`, naming what could not be deleted; `git_failed` is never used. What was deleted stays deleted.
pub fn remove_tree(path: &Path) -> Result<()> {
    let removed = match openat(CWD, path, folder_flags(), Mode::empty()) {
        Ok(root) => Sweep::new(&root).and_then(|mut sweep| sweep.empty(&root, 0)).and_then(|()| {
            drop(root);
            unlinkat(CWD, path, AtFlags::REMOVEDIR)
        }),
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(CWD, path, AtFlags::empty()),
        Err(error) => Err(error),
    };
    removed.map_err(|error| {
        let reason = if error == Errno::XDEV {
            std::io::Error::new(std::io::ErrorKind::CrossesDevices, "another file system is mounted inside")
        } else {
            error.into()
        };
        Failure::from_io(reason, Code::Permission, format!("{} cannot be deleted whole", path.display()))
    })
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

struct Sweep {
    root: OwnedFd,
    device: rustix::fs::Dev,
    moved_up: usize,
}

impl Sweep {
    fn new(root: &OwnedFd) -> Result<Self, Errno> {
        let root = root.try_clone().map_err(|_| Errno::MFILE)?;
        Ok(Self { device: fstat(&root)?.st_dev, root, moved_up: 0 })
    }

    /// Empties the open folder. Goes round again while something appears in it.
    fn empty(&mut self, folder: &OwnedFd, depth: usize) -> Result<(), Errno> {
        loop {
            let mut found = false;
            for entry in Dir::read_from(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if name == c"." || name == c".." {
                    continue;
                }
                found = true;
                self.delete(folder, name, depth)?;
            }
            if !found {
                return Ok(());
            }
        }
    }

    fn delete(&mut self, folder: &OwnedFd, name: &std::ffi::CStr, depth: usize) -> Result<(), Errno> {
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return with_write_right(folder, || unlinkat(folder, name, AtFlags::empty()));
        }
        if stat.st_dev != self.device {
            return Err(Errno::XDEV);
        }
        if depth >= DEEPEST {
            self.moved_up += 1;
            let token = token::random().map_err(|_| Errno::IO)?;
            let aside = format!(".wt-deep-{}-{token}", self.moved_up);
            let root = self.root.try_clone().map_err(|_| Errno::MFILE)?;
            return with_write_right(folder, || renameat(folder, name, &root, aside.as_str()));
        }
        let inner = open_folder(folder, name)?;
        self.empty(&inner, depth + 1)?;
        drop(inner);
        with_write_right(folder, || unlinkat(folder, name, AtFlags::REMOVEDIR))
    }
}

fn open_folder(folder: &OwnedFd, name: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    match openat(folder, name, folder_flags(), Mode::empty()) {
        Err(Errno::ACCESS) => {
            rustix::fs::chmodat(folder, name, Mode::RWXU, AtFlags::empty())?;
            openat(folder, name, folder_flags(), Mode::empty())
        }
        other => other,
    }
}

/// Tries; where the folder is read-only, makes it writable for its owner and tries again.
fn with_write_right(folder: &OwnedFd, mut attempt: impl FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    match attempt() {
        Err(Errno::ACCESS) => {
            fchmod(folder, Mode::RWXU)?;
            attempt()
        }
        other => other,
    }
}
