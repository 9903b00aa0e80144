//! One path made: a file, a link or a submodule's empty folder, never over something that is there.

use std::borrow::Cow;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, Mode, OFlags, Timespec, Timestamps, fstat, futimens, mkdirat, openat, statat, symlinkat,
    utimensat,
};
use rustix::io::Errno;

use super::copy::{CheckoutCopier, SiblingFile};
use super::objects::Objects;
use super::plan::{CheckoutEntry, CheckoutKind, shown};
use crate::error::{Code, Failure, Result};
use crate::host::git_files::checkout::output::write_all;
use crate::host::git_files::conversion::Conversion;
use crate::host::git_files::index::StatData;

const NEW_FILE: OFlags =
    OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Where a file's content comes from, and what may be looked at instead.
pub(super) struct ContentSources<'a, 'r> {
    pub(super) objects: &'a Objects<'r>,
    /// The folder of the same path in a sibling, and the stat data that the sibling's index has for the file.
    pub(super) sibling: Option<(BorrowedFd<'a>, &'a StatData)>,
    pub(super) copier: &'a mut CheckoutCopier,
    /// What becomes of the content; nothing, where there is a sibling.
    pub(super) conversion: Conversion,
}

/// A path that was made.
pub(super) struct Placed {
    pub(super) stat: StatData,
    /// Whether the content came from the sibling.
    pub(super) is_copied: bool,
    /// Whether it was converted into another one.
    pub(super) is_converted: bool,
}

/// Makes `entry` in its opened folder, with `time` as its modification time.
pub(super) fn place(
    folder: BorrowedFd,
    entry: &CheckoutEntry,
    sources: ContentSources<'_, '_>,
    time: Timespec,
) -> Result<Placed> {
    let failed = |error| refused(error, &entry.path);
    let times = Timestamps { last_access: time, last_modification: time };
    let name = entry.name();
    let stat = match entry.kind {
        CheckoutKind::File | CheckoutKind::Executable => {
            let mode = if entry.kind == CheckoutKind::Executable { 0o777 } else { 0o666 };
            let make = || openat(folder, name, NEW_FILE, Mode::from_raw_mode(mode)).map_err(failed);
            let (file, filled) = fill(entry, sources, make)?;
            futimens(&file, &times).map_err(failed)?;
            let stat = fstat(&file).map_err(failed)?.into();
            return Ok(Placed {
                stat,
                is_copied: filled == Filled::Copied,
                is_converted: filled == Filled::Converted,
            });
        }
        CheckoutKind::Link => {
            let target = sources.objects.blobs()?.read(entry.id, &entry.path)?;
            symlinkat(target.data(), folder, name).map_err(failed)?;
            utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        }
        CheckoutKind::Submodule => {
            mkdirat(folder, name, Mode::from_raw_mode(0o777)).map_err(failed)?;
            statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        }
    };
    Ok(Placed { stat: stat.map_err(failed)?.into(), is_copied: false, is_converted: false })
}

/// How a file came by its content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    Copied,
    Stored,
    Converted,
}

/// Makes the file with its content, the sibling's where that is the right one; answers how.
fn fill(
    entry: &CheckoutEntry,
    sources: ContentSources<'_, '_>,
    make: impl Fn() -> Result<OwnedFd>,
) -> Result<(OwnedFd, Filled)> {
    let failed = |error| refused(error, &entry.path);
    let copier = sources.copier;
    let found =
        sources.sibling.and_then(|(folder, known)| copier.open(folder, entry.name(), known, entry.id));
    match found {
        Some(SiblingFile::Whole) => {
            let file = make()?;
            write_all(&file, copier.content()).map_err(failed)?;
            Ok((file, Filled::Copied))
        }
        Some(SiblingFile::Long(source)) => {
            let file = make()?;
            if copier.copy_long(&source, &file, entry.id).map_err(failed)? {
                return Ok((file, Filled::Copied));
            }
            sources
                .objects
                .blobs()?
                .pour(entry.id, &entry.path, &mut |piece| write_all(&file, piece).map_err(failed))?;
            Ok((file, Filled::Stored))
        }
        None if !sources.conversion.is_identity() => {
            let blob = sources.objects.blobs()?.read(entry.id, &entry.path)?;
            let content = sources.conversion.apply(blob.data(), entry.id);
            let file = make()?;
            write_all(&file, &content).map_err(failed)?;
            Ok((file, if matches!(content, Cow::Owned(_)) { Filled::Converted } else { Filled::Stored }))
        }
        None => {
            // Made at the first piece: what cannot be read leaves nothing.
            let mut opened = None;
            sources.objects.blobs()?.pour(entry.id, &entry.path, &mut |piece| {
                let file = match &opened {
                    Some(file) => file,
                    None => opened.insert(make()?),
                };
                write_all(file, piece).map_err(failed)
            })?;
            Ok((opened.map_or_else(make, Ok)?, Filled::Stored))
        }
    }
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
