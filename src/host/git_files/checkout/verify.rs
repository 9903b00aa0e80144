//! What in a folder was provably made by a checkout, killed half-way perhaps, and what was not. It only looks, and opens one
//! folder below the other: no path is too long, and no link is followed.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dev, Dir, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::attributes;
use super::blobs::Blobs;
use super::folders::{self, Folders};
use super::objects::open_library;
use super::plan::{self, CheckoutEntry, CheckoutKind, Plan};
use crate::error::{Code, Failure, Result};
use crate::host::git_files::conversion::{Conversions, Outside};

/// How much of a file is compared at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Returns the paths in `folder`, relative to it, that a checkout of `commit` cannot have made: unknown names, and
/// files whose content is neither the commit's nor the beginning of it, as it is stored or as the rules `outside` have
/// it converted. The paths in `allowed` are passed over.
/// A folder that is not there holds nothing.
///
/// # Errors
///
/// `git_failed` when the repository cannot be read, `permission` when the folder cannot.
pub fn foreign_paths(
    common_dir: &Path,
    commit: &str,
    folder: &Path,
    outside: &Outside,
    allowed: &[&str],
) -> Result<Vec<PathBuf>> {
    let library = open_library(common_dir)?;
    // A checkout lays the commit out before it writes anything: where that fails, it has made nothing.
    let plan = plan::tree_of(&library, commit).and_then(|tree| plan::plan(&library, &tree));
    let plan = plan.unwrap_or_else(|_| Plan::empty());
    let root = match openat(CWD, folder, folders::OPEN, Mode::empty()) {
        Ok(root) => root,
        Err(Errno::NOENT) => return Ok(Vec::new()),
        Err(Errno::NOTDIR | Errno::LOOP) => return Ok(vec![PathBuf::new()]),
        Err(error) => return Err(unlisted(error, folder)),
    };
    let device = fstat(&root).map_err(|error| unlisted(error, folder))?.st_dev;
    let known = known_paths(&plan);
    let conversions = attributes::read(&library, &plan, outside)?;
    let blobs = Blobs::open(&library)?;
    let mut search = Search { device, known, blobs, conversions, inner: vec![0], foreign: Vec::new() };
    let mut folders = Folders::existing(&plan, &root);
    // A stack of our own: how deep a tree is, is up to whoever made the commit.
    while let Some(inner) = search.inner.pop() {
        let path = &plan.folders[inner].path;
        let looked = folders.open(inner).and_then(|opened| search.look_into(opened, path, allowed));
        match looked {
            // It went away, or became something else, since it was seen: somebody is at work there.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) if inner != 0 => {
                search.foreign.push(OsStr::from_bytes(path).into());
            }
            other => other.map_err(|error| unlisted(error, &folder.join(OsStr::from_bytes(path))))?,
        }
    }
    search.foreign.sort();
    Ok(search.foreign)
}

/// What the commit has at a path.
enum Known<'a> {
    /// A folder, by its position in the plan.
    Folder(usize),
    Entry(&'a CheckoutEntry),
}

fn known_paths(plan: &Plan) -> HashMap<&[u8], Known<'_>> {
    let folders = plan.folders.iter().enumerate().skip(1);
    let folders = folders.map(|(position, folder)| (folder.path.as_slice(), Known::Folder(position)));
    let entries = plan.entries.iter().map(|entry| (entry.path.as_slice(), Known::Entry(entry)));
    folders.chain(entries).collect()
}

struct Search<'a> {
    /// The file system of the folder: what is mounted below it is nobody's to delete.
    device: Dev,
    known: HashMap<&'a [u8], Known<'a>>,
    blobs: Blobs<'a>,
    conversions: Conversions,
    /// Folders of the plan that are there and are still to be looked into.
    inner: Vec<usize>,
    foreign: Vec<PathBuf>,
}

impl Search<'_> {
    /// Looks at what is in the folder at `path`.
    fn look_into(&mut self, folder: BorrowedFd<'_>, path: &[u8], allowed: &[&str]) -> Result<(), Errno> {
        for found in Dir::new(listed(folder, c".")?)? {
            let found = found?;
            let name = found.file_name();
            let bytes = name.to_bytes();
            if name == c"." || name == c".." {
                continue;
            }
            let path = plan::join(path, bytes);
            if allowed.iter().any(|allowed| path == allowed.as_bytes()) {
                continue;
            }
            let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                other => other?,
            };
            match self.known.get(path.as_slice()) {
                Some(Known::Folder(position)) if self.is_folder(&stat) => self.inner.push(*position),
                Some(Known::Entry(entry)) if self.is_ours(entry, folder, name, &stat) => {}
                _ => self.foreign.push(OsStr::from_bytes(&path).into()),
            }
        }
        Ok(())
    }

    fn is_folder(&self, stat: &Stat) -> bool {
        kind(stat) == FileType::Directory && stat.st_dev == self.device
    }

    /// Answers whether a checkout can have made what stands at the entry's path; whatever cannot be read is not ours.
    fn is_ours(&self, entry: &CheckoutEntry, folder: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> bool {
        let content = || self.blobs.read(entry.id, &entry.path);
        match entry.kind {
            CheckoutKind::File | CheckoutKind::Executable => {
                let conversion = self.conversions.of(&entry.path);
                let is_beginning = |content: &[u8]| is_beginning(folder, name, stat, content);
                // As it is stored it can be ours too, from before a rule was made, and nothing of it would be lost.
                let is_beginning_of = |blob: &[u8]| {
                    is_beginning(blob)
                        || (!conversion.is_identity() && is_beginning(&conversion.apply(blob, entry.id)))
                };
                kind(stat) == FileType::RegularFile
                    && content().is_ok_and(|blob| is_beginning_of(blob.data()))
            }
            CheckoutKind::Link => {
                let is_same = || {
                    let target = readlinkat(folder, name, Vec::new());
                    target.is_ok_and(|target| content().is_ok_and(|blob| blob.data() == target.to_bytes()))
                };
                kind(stat) == FileType::Symlink && is_same()
            }
            CheckoutKind::Submodule => self.is_folder(stat) && is_empty(folder, name).unwrap_or(false),
        }
    }
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Opens a folder in another to list it.
fn listed(folder: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

fn is_empty(folder: BorrowedFd<'_>, name: &CStr) -> Result<bool, Errno> {
    for found in Dir::new(listed(folder, name)?)? {
        if !matches!(found?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Answers whether a file holds the beginning of `content`, or all of it.
fn is_beginning(folder: BorrowedFd<'_>, name: &CStr, stat: &Stat, content: &[u8]) -> bool {
    let length = usize::try_from(stat.st_size);
    let is_no_longer = length.is_ok_and(|length| length <= content.len());
    is_no_longer && compare(folder, name, content).unwrap_or(false)
}

fn compare(folder: BorrowedFd<'_>, name: &CStr, mut content: &[u8]) -> std::io::Result<bool> {
    // What became a link or a pipe meanwhile neither leads elsewhere nor makes us wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, name, flags, Mode::empty())?);
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(true);
        }
        match content.split_at_checked(length) {
            Some((start, rest)) if start == &piece[..length] => content = rest,
            _ => return Ok(false),
        }
    }
}

fn unlisted(error: Errno, path: &Path) -> Failure {
    Failure::from_io(error.into(), Code::Permission, format!("{} cannot be looked through", path.display()))
}
