//! Writes one item beneath the open root: never through a link, never over something that is there.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use git2::Odb;
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Stat, Timespec, Timestamps, fstat, futimens, mkdirat, openat, statat,
    symlinkat, utimensat,
};
use rustix::io::Errno;

use super::plan::{Folder, Item, Kind, Plan, unreadable};
use crate::error::{Code, Failure, Result};

/// What is known of a written item for the index.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub stat: Option<Stat>,
}

/// Opens the worktree's folder.
///
/// # Errors
///
/// `permission` and the like, naming the folder.
pub fn open_root(folder: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, folder, flags, Mode::empty()).map_err(|error| refused(folder.as_os_str().as_bytes(), error))
}

/// Makes every folder of the plan, each after the one above it.
///
/// # Errors
///
/// `path_not_empty` when one is there already, `disk_full`, `permission`.
pub fn make_folders(root: &OwnedFd, plan: &Plan) -> Result<()> {
    for folder in plan.folders.iter().skip(1) {
        mkdirat(root, folder.path.as_slice(), Mode::from_raw_mode(0o777))
            .map_err(|error| refused(&folder.path, error))?;
    }
    Ok(())
}

/// Keeps the folder that was written into last open: items come folder by folder.
#[derive(Debug)]
pub struct Writer<'a> {
    root: &'a OwnedFd,
    plan: &'a Plan,
    open: Option<(usize, OwnedFd)>,
    /// What every file's modification time is set to: two seconds back, so that the index, written later, is newer than
    /// all of them and git need not read them again ("racy git", git's technical documentation).
    time: Timestamps,
}

impl<'a> Writer<'a> {
    /// A writer beneath `root`; `seconds` and `nanoseconds` become the files' modification time.
    #[must_use]
    pub fn new(root: &'a OwnedFd, plan: &'a Plan, seconds: i64, nanoseconds: i64) -> Self {
        let moment = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        Self { root, plan, open: None, time: Timestamps { last_access: moment, last_modification: moment } }
    }

    /// Writes one item.
    ///
    /// # Errors
    ///
    /// `path_not_empty` when something is there, `disk_full`, `permission`, `git_failed` for an unreadable object.
    pub fn write(&mut self, odb: &Odb<'_>, item: &Item) -> Result<Written> {
        self.enter(item.folder)?;
        let Some((_, folder)) = &self.open else {
            return Err(Failure::new(Code::Internal, "no folder is open"));
        };
        let name = &item.path[item.name_start..];
        let failed = |error| refused(&item.path, error);
        if item.kind == Kind::Gitlink {
            mkdirat(folder, name, Mode::from_raw_mode(0o777)).map_err(failed)?;
            return Ok(Written { stat: None });
        }
        let blob = odb.read(item.object).map_err(|error| unreadable(&item.object.to_string(), &error))?;
        if item.kind == Kind::Link {
            symlinkat(blob.data(), folder, name).map_err(failed)?;
            utimensat(folder, name, &self.time, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            return Ok(Written { stat: Some(stat) });
        }
        let mode = if item.kind == Kind::Executable { 0o777 } else { 0o666 };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(folder, name, flags, Mode::from_raw_mode(mode)).map_err(failed)?);
        file.write_all(blob.data()).map_err(|error| refused_io(&item.path, error))?;
        futimens(file.as_fd(), &self.time).map_err(failed)?;
        let stat = fstat(file.as_fd()).map_err(failed)?;
        Ok(Written { stat: Some(stat) })
    }

    fn enter(&mut self, position: usize) -> Result<()> {
        if self.open.as_ref().is_some_and(|(open, _)| *open == position) {
            return Ok(());
        }
        let folder: &Folder = &self.plan.folders[position];
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path: &[u8] = if folder.path.is_empty() { b"." } else { &folder.path };
        let opened = beneath(self.root, path, flags).map_err(|error| refused(&folder.path, error))?;
        self.open = Some((position, opened));
        Ok(())
    }
}

/// Opens `path` beneath `root` without following any link on the way.
fn beneath(root: &OwnedFd, path: &[u8], flags: OFlags) -> std::result::Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match openat2(root, path, flags, Mode::empty(), resolve) {
            Err(Errno::NOSYS | Errno::PERM) => {}
            other => return other,
        }
    }
    let mut folder = root.try_clone().map_err(|_| Errno::MFILE)?;
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".") {
        folder = openat(&folder, name, flags, Mode::empty())?;
    }
    Ok(folder)
}

fn refused(path: &[u8], error: Errno) -> Failure {
    refused_io(path, error.into())
}

fn refused_io(path: &[u8], error: std::io::Error) -> Failure {
    let shown = String::from_utf8_lossy(path).escape_debug().to_string();
    let code =
        if error.kind() == std::io::ErrorKind::AlreadyExists { Code::PathNotEmpty } else { Code::GitFailed };
    Failure::from_io(error, code, format!("{shown} cannot be written"))
}
