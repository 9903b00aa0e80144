//! One path made: a file, a link or a submodule's empty folder, never over something that is there.

use std::os::fd::BorrowedFd;

use rustix::fs::{
    AtFlags, Mode, OFlags, Stat, Timespec, Timestamps, fstat, futimens, mkdirat, openat, statat, symlinkat,
    utimensat,
};
use rustix::io::Errno;

use super::blobs::Blobs;
use super::plan::{Entry, Kind, shown};
use crate::error::{Code, Failure, Result};

const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A path's stat data as git's index has it: cut to 32 bits (gitformat-index(5)), but for the size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    /// Seconds and nanoseconds.
    pub(super) changed: (i32, u32),
    /// Seconds and nanoseconds.
    pub(super) modified: (i32, u32),
    pub(super) device: u32,
    pub(super) inode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    /// Bytes.
    pub(super) size: u64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "git cuts each of them to 32 bits"
)]
impl From<Stat> for Placed {
    fn from(stat: Stat) -> Self {
        Self {
            changed: (stat.st_ctime as i32, stat.st_ctime_nsec as u32),
            modified: (stat.st_mtime as i32, stat.st_mtime_nsec as u32),
            device: stat.st_dev as u32,
            inode: stat.st_ino as u32,
            user: stat.st_uid,
            group: stat.st_gid,
            size: stat.st_size as u64,
        }
    }
}

/// Makes `entry` in its opened folder, with `time` as its modification time.
pub(super) fn place(folder: BorrowedFd, entry: &Entry, blobs: &Blobs, time: Timespec) -> Result<Placed> {
    let failed = |error| refused(error, &entry.path);
    let times = Timestamps { last_access: time, last_modification: time };
    let name = entry.name();
    match entry.kind {
        Kind::File | Kind::Executable => {
            let mode = if entry.kind == Kind::Executable { 0o777 } else { 0o666 };
            let content = blobs.read(entry.id, &entry.path)?;
            let file = openat(folder, name, NEW_FILE, Mode::from_raw_mode(mode)).map_err(failed)?;
            write_all(&file, content.data()).map_err(failed)?;
            futimens(&file, &times).map_err(failed)?;
            fstat(&file).map(Placed::from).map_err(failed)
        }
        Kind::Link => {
            let target = blobs.read(entry.id, &entry.path)?;
            symlinkat(target.data(), folder, name).map_err(failed)?;
            utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(Placed::from).map_err(failed)
        }
        Kind::Submodule => {
            mkdirat(folder, name, Mode::from_raw_mode(0o777)).map_err(failed)?;
            statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(Placed::from).map_err(failed)
        }
    }
}

fn write_all(file: &std::os::fd::OwnedFd, mut content: &[u8]) -> Result<(), Errno> {
    while !content.is_empty() {
        match rustix::io::write(file, content) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(written) => content = &content[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The failure of the system to make `path`, which is relative to the worktree.
pub(super) fn refused(error: Errno, path: &[u8]) -> Failure {
    let path = shown(path);
    let failure = if error == Errno::EXIST {
        Failure::new(Code::PathNotEmpty, format!("`{path}` stands in the new worktree's folder already"))
            .hint("empty the folder, or give another one with `--path`")
    } else {
        Failure::from_io(error.into(), Code::GitFailed, format!("`{path}` cannot be written"))
    };
    failure.detail("path", path)
}
