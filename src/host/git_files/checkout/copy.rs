//! A file's content taken from a sibling: read, checked against the object's name, and only then written. Whatever the
//! sibling's index says, whatever changes there meanwhile, a wrong byte has another name.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use git2::Oid;
use rustix::fs::{FileType, Mode, OFlags, fstat, ftruncate, openat, seek};
use rustix::io::Errno;
use sha1::{Digest, Sha1};

use super::output::write_all;
use crate::host::git_files::index::StatData;

/// Files up to this are read whole before anything is made; a longer one passes through in pieces of this length.
const PIECE: usize = 1024 * 1024;

/// Follows no link, and does not wait for a pipe to be written to.
const SOURCE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// One thread's means to copy.
pub(super) struct CheckoutCopier {
    buffer: Vec<u8>,
    /// How much of the buffer is content.
    length: usize,
    /// Until the file systems say that they do not.
    shares_blocks: bool,
}

/// A sibling's file that is as its index has it, so far.
pub(super) enum SiblingFile {
    /// It has the content of the object, all of which is held: [`CheckoutCopier::content`].
    Whole,
    /// Too long to be held; what is in it is seen while it is copied.
    Long(LongFile),
}

/// A file that is copied piece by piece, and its length in bytes.
pub(super) struct LongFile(OwnedFd, u64);

impl CheckoutCopier {
    pub(super) fn new() -> Self {
        Self { buffer: Vec::new(), length: 0, shares_blocks: true }
    }

    /// Opens the file `name` in `folder`; `None` when it is not what `known` says, or has not the content of `id`.
    pub(super) fn open(
        &mut self,
        folder: BorrowedFd,
        name: &[u8],
        known: &StatData,
        id: Oid,
    ) -> Option<SiblingFile> {
        let file = openat(folder, name, SOURCE, Mode::empty()).ok()?;
        let stat = fstat(&file).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return None;
        }
        let found = StatData::from(stat);
        if !known.is_same_file(&found) {
            return None;
        }
        let length = usize::try_from(found.size).ok()?;
        if length > PIECE {
            return Some(SiblingFile::Long(LongFile(file, found.size)));
        }
        // One more than there should be, so that a file that grew is seen to.
        if self.buffer.len() <= length {
            self.buffer.resize((length + 1).next_power_of_two().min(PIECE + 1), 0);
        }
        let room = self.buffer.get_mut(..=length)?;
        if fill(&file, room).ok()? != length {
            return None;
        }
        let content = self.buffer.get(..length)?;
        let mut name = named(found.size);
        name.update(content);
        self.length = length;
        (name.finalize().as_slice() == id.as_bytes()).then_some(SiblingFile::Whole)
    }

    /// Returns the content of the file that was opened last, if it was found whole.
    pub(super) fn content(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// Copies a long file into `made`, which is empty. False when the content turned out to be another one, or cannot be
    /// read: a sibling's bad disk is no trouble of ours. `made` is empty again then.
    pub(super) fn copy_long(
        &mut self,
        LongFile(source, length): &LongFile,
        made: &OwnedFd,
        id: Oid,
    ) -> Result<bool, Errno> {
        let length = *length;
        let is_shared = self.share(source, made);
        self.buffer.resize(PIECE + 1, 0);
        let mut name = named(length);
        let mut left = length;
        // What was shared is a copy of one moment: that is what must be looked at then.
        let read_from = if is_shared { made } else { source };
        loop {
            let Ok(count) = fill(read_from, &mut self.buffer) else {
                left = u64::MAX;
                break;
            };
            let piece = &self.buffer[..count];
            // A file that grew has not the content of the object, whatever stands at its beginning.
            let Some(rest) = left.checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) else {
                left = u64::MAX;
                break;
            };
            left = rest;
            name.update(piece);
            if !is_shared {
                write_all(made, piece)?;
            }
            if count < self.buffer.len() {
                break;
            }
        }
        if left == 0 && name.finalize().as_slice() == id.as_bytes() {
            return Ok(true);
        }
        ftruncate(made, 0)?;
        seek(made, rustix::fs::SeekFrom::Start(0))?;
        Ok(false)
    }

    /// Lets both files have the same blocks until one of them is written to (`ioctl_ficlone(2)`), where the
    /// file system can. Shorter files than those that come here are written as fast.
    #[cfg(target_os = "linux")]
    fn share(&mut self, source: &OwnedFd, made: &OwnedFd) -> bool {
        self.shares_blocks = self.shares_blocks && rustix::fs::ioctl_ficlone(made, source).is_ok();
        self.shares_blocks
    }

    #[cfg(not(target_os = "linux"))]
    fn share(&mut self, _: &OwnedFd, _: &OwnedFd) -> bool {
        self.shares_blocks = false;
        false
    }
}

/// Begins the name of a blob of `length` bytes (gitformat-loose(5)).
fn named(length: u64) -> Sha1 {
    let mut name = Sha1::new();
    name.update(format!("blob {length}\0"));
    name
}

/// Reads until the room is full or the file ends.
fn fill(file: impl AsFd, room: &mut [u8]) -> Result<usize, Errno> {
    let mut filled = 0;
    while filled < room.len() {
        match rustix::io::read(&file, &mut room[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_that_cannot_be_read_is_not_copied_and_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        // A folder opens as a file does, and refuses to be read.
        let source = OwnedFd::from(std::fs::File::open(folder.path()).unwrap());
        let made = folder.path().join("made");
        let made = OwnedFd::from(std::fs::File::options().write(true).create_new(true).open(made).unwrap());
        let long = LongFile(source, 2 * 1024 * 1024);
        assert_eq!(CheckoutCopier::new().copy_long(&long, &made, Oid::ZERO_SHA1), Ok(false));
    }
}
