//! One file copied: its blocks shared where the file system can, else its bytes, holes kept. A file that changes meanwhile
//! is copied again; mode and times are the source's.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid, copy_file_range, fchmod,
    fchown, fstat, ftruncate, futimens, openat, seek, unlinkat,
};
use rustix::io::Errno;
use sha1::{Digest, Sha1};

use super::search::{mode_of, reason_of, time_of};
use crate::host::env_file;
use crate::model::carry::left_out::LeftOutReason;
use crate::model::carry::record::CarriedPath;
use crate::model::env_block;
use crate::model::hex::hex;

/// How much is copied between two looks whether to stop, in bytes.
const PIECE: usize = 8 * 1024 * 1024;

/// Files up to this pass through our memory in one piece, which is faster for them.
const SMALL: usize = 64 * 1024;

/// Files up to this that are carried by themselves are remembered by their hash.
pub(super) const HASHED: u64 = 64 * 1024 * 1024;

/// How often a file is copied that changes meanwhile.
const TRIES: usize = 3;

/// Follows no link, and does not wait for a pipe to be written to.
const SOURCE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

const MADE: OFlags = OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);

/// What came of copying.
pub(super) enum CopyOutcome {
    Copied {
        row: CarriedPath,
        bytes: u64,
        is_shared: bool,
    },
    /// An env file with nothing in it but our block.
    Nothing,
    Left(LeftOutReason),
}

/// Why copying cannot go on.
pub(super) enum Stop {
    Interrupted,
    /// Writing failed.
    Failed(Errno),
}

/// What a file is copied as.
pub(super) struct Task<'a> {
    pub(super) from: BorrowedFd<'a>,
    pub(super) to: BorrowedFd<'a>,
    pub(super) name: &'a str,
    pub(super) env: bool,
    /// Whether it is a match of its own.
    pub(super) is_single: bool,
    pub(super) interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// One thread's means to copy.
pub(super) struct CarryCopier {
    buffer: Vec<u8>,
    /// Until the file systems say that they do not.
    shares: bool,
    is_root: bool,
}

enum Fault {
    Read(Errno),
    Write(Errno),
    Interrupted,
}

impl CarryCopier {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; SMALL], shares: true, is_root: rustix::process::geteuid().is_root() }
    }

    /// Copies a file. What is left out leaves nothing behind.
    pub(super) fn copy(&mut self, task: &Task<'_>) -> Result<CopyOutcome, Stop> {
        for _ in 0..TRIES {
            let source = match openat(task.from, task.name, SOURCE, Mode::empty()) {
                Ok(source) => source,
                Err(error) => return Ok(CopyOutcome::Left(reason_of(error))),
            };
            let before = fstat(&source).map_err(Stop::Failed)?;
            if FileType::from_raw_mode(before.st_mode) != FileType::RegularFile {
                return Ok(CopyOutcome::Left(LeftOutReason::Vanished));
            }
            // Nobody else comes into the folder aside, so that the mode may be the right one from the start.
            let mode = Mode::from_raw_mode(mode_of(&before));
            let copy = openat(task.to, task.name, MADE, mode).map_err(Stop::Failed)?;
            let outcome = self.fill(task, &source, &before, &copy);
            if let Ok(Some(outcome)) = outcome {
                return match outcome {
                    CopyOutcome::Copied { .. } => Ok(outcome),
                    left => discard(task).map(|()| left),
                };
            }
            discard(task)?;
            match outcome {
                Ok(_) => {}
                Err(Fault::Read(error)) => return Ok(CopyOutcome::Left(reason_of(error))),
                Err(Fault::Write(error)) => return Err(Stop::Failed(error)),
                Err(Fault::Interrupted) => return Err(Stop::Interrupted),
            }
        }
        Ok(CopyOutcome::Left(LeftOutReason::Vanished))
    }

    /// Fills the new file, and dresses it; `None` where the source changed meanwhile.
    fn fill(
        &mut self,
        task: &Task<'_>,
        source: &OwnedFd,
        before: &Stat,
        made: &OwnedFd,
    ) -> Result<Option<CopyOutcome>, Fault> {
        let size = u64::try_from(before.st_size).unwrap_or_default();
        let time = time_of(before);
        if task.env && size <= env_file::LARGEST {
            let bytes = read_whole(source).map_err(Fault::Read)?;
            if has_changed(source, before) {
                return Ok(None);
            }
            let Ok(own) = env_block::remove(&bytes) else {
                return Ok(Some(CopyOutcome::Left(LeftOutReason::Unreadable)));
            };
            if own.is_empty() && !bytes.is_empty() {
                return Ok(Some(CopyOutcome::Nothing));
            }
            write_all(made, &own).map_err(Fault::Write)?;
            let now = fstat(made).map_err(Fault::Write)?;
            self.dress(made, &now, before).map_err(Fault::Write)?;
            let size = own.len() as u64;
            let row = CarriedPath::File { size, time, hash: Some(hash_of(&own)), env: true };
            return Ok(Some(CopyOutcome::Copied { row, bytes: size, is_shared: false }));
        }
        // What is shared is the file of one moment, whatever becomes of the source.
        let is_shared = self.share(source, made);
        let mut hash = None;
        if !is_shared {
            hash = self.bytes(task, source, before, made)?;
            if has_changed(source, before) {
                return Ok(None);
            }
        }
        let now = fstat(made).map_err(Fault::Write)?;
        let size = u64::try_from(now.st_size).unwrap_or(size);
        if is_shared && size != u64::try_from(before.st_size).unwrap_or_default() {
            return Ok(None);
        }
        if task.is_single && hash.is_none() && size <= HASHED {
            seek(made, SeekFrom::Start(0)).map_err(Fault::Write)?;
            hash = Some(hash_of(&read_whole(made).map_err(Fault::Write)?));
        }
        self.dress(made, &now, before).map_err(Fault::Write)?;
        let row = CarriedPath::File { size, time, hash: hash.filter(|_| task.is_single), env: false };
        Ok(Some(CopyOutcome::Copied { row, bytes: size, is_shared }))
    }

    /// Gives the copy, which is as `now` says, mode, times and, where root copies a user's file, the owner of the source. A
    /// mode that is right already is not set again: the file system would write that down too.
    fn dress(&self, made: &OwnedFd, now: &Stat, source: &Stat) -> Result<(), Errno> {
        if self.is_root && source.st_uid != 0 {
            fchown(made, Some(Uid::from_raw(source.st_uid)), Some(Gid::from_raw(source.st_gid)))?;
        }
        if now.st_mode & 0o7777 != mode_of(source) {
            fchmod(made, Mode::from_raw_mode(mode_of(source)))?;
        }
        let (seconds, nanoseconds) = time_of(source);
        let last_modification = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let last_access = Timespec { tv_sec: source.st_atime, tv_nsec: source.st_atime_nsec.cast_signed() };
        futimens(made, &Timestamps { last_access, last_modification })
    }

    /// Lets both files have the same blocks until one of them is written to (`ioctl_ficlone(2)`).
    #[cfg(target_os = "linux")]
    fn share(&mut self, source: &OwnedFd, made: &OwnedFd) -> bool {
        if !self.shares {
            return false;
        }
        match rustix::fs::ioctl_ficlone(made, source) {
            Ok(()) => true,
            Err(error) => {
                // Others are about this one file, as one that is exempt from copying on write.
                self.shares = !matches!(error, Errno::OPNOTSUPP | Errno::NOTTY | Errno::XDEV | Errno::NOSYS);
                false
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn share(&mut self, _: &OwnedFd, _: &OwnedFd) -> bool {
        self.shares = false;
        false
    }

    /// Copies every byte; returns the hash where it came by.
    fn bytes(
        &mut self,
        task: &Task<'_>,
        source: &OwnedFd,
        before: &Stat,
        made: &OwnedFd,
    ) -> Result<Option<String>, Fault> {
        let size = u64::try_from(before.st_size).unwrap_or_default();
        if size < SMALL as u64 {
            let count = read_into(source, &mut self.buffer).map_err(Fault::Read)?;
            write_all(made, &self.buffer[..count]).map_err(Fault::Write)?;
            return Ok(task.is_single.then(|| hash_of(&self.buffer[..count])));
        }
        let has_holes = u64::try_from(before.st_blocks).unwrap_or_default().saturating_mul(512) < size;
        let mut at = 0;
        while at < size {
            let (from, to) = if has_holes { extent(source, at, size) } else { (at, size) };
            self.range(task, source, made, from, to)?;
            at = to;
        }
        if has_holes {
            ftruncate(made, size).map_err(Fault::Write)?;
        }
        Ok(None)
    }

    /// Copies the bytes of one range.
    fn range(
        &mut self,
        task: &Task<'_>,
        source: &OwnedFd,
        made: &OwnedFd,
        from: u64,
        to: u64,
    ) -> Result<(), Fault> {
        let (mut at, mut written) = (from, from);
        while at < to {
            if (task.interrupted)() {
                return Err(Fault::Interrupted);
            }
            let most = usize::try_from(to - at).unwrap_or(PIECE).min(PIECE);
            match copy_file_range(source, Some(&mut at), made, Some(&mut written), most) {
                // The source ended early: it changed, which is seen afterwards.
                Ok(0) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => return Err(Fault::Write(Errno::NOSPC)),
                Err(Errno::IO) => return Err(Fault::Read(Errno::IO)),
                // The file systems cannot do it themselves.
                Err(_) => return self.through_memory(task, source, made, at, to),
            }
        }
        Ok(())
    }

    fn through_memory(
        &mut self,
        task: &Task<'_>,
        source: &OwnedFd,
        made: &OwnedFd,
        from: u64,
        to: u64,
    ) -> Result<(), Fault> {
        seek(source, SeekFrom::Start(from)).map_err(Fault::Read)?;
        seek(made, SeekFrom::Start(from)).map_err(Fault::Write)?;
        let mut left = to - from;
        while left > 0 {
            if (task.interrupted)() {
                return Err(Fault::Interrupted);
            }
            let most = usize::try_from(left).unwrap_or(SMALL).min(SMALL);
            let count = read_into(source, &mut self.buffer[..most]).map_err(Fault::Read)?;
            if count == 0 {
                return Ok(());
            }
            write_all(made, &self.buffer[..count]).map_err(Fault::Write)?;
            left -= count as u64;
        }
        Ok(())
    }
}

/// The next stretch of data from `at` on, and where it ends.
fn extent(source: &OwnedFd, at: u64, size: u64) -> (u64, u64) {
    match seek(source, SeekFrom::Data(at)) {
        Ok(from) => (from, seek(source, SeekFrom::Hole(from)).unwrap_or(size).min(size)),
        // Nothing but a hole is left.
        Err(Errno::NXIO) => (size, size),
        Err(_) => (at, size),
    }
}

fn has_changed(source: &OwnedFd, before: &Stat) -> bool {
    fstat(source).map_or(true, |now| {
        now.st_size != before.st_size
            || time_of(&now) != time_of(before)
            || (now.st_ctime, now.st_ctime_nsec) != (before.st_ctime, before.st_ctime_nsec)
    })
}

fn discard(task: &Task<'_>) -> Result<(), Stop> {
    unlinkat(task.to, task.name, AtFlags::empty()).map_err(Stop::Failed)
}

fn read_into(file: &OwnedFd, room: &mut [u8]) -> Result<usize, Errno> {
    let mut filled = 0;
    while filled < room.len() {
        match rustix::io::read(file, &mut room[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads a file from where it stands to its end.
pub(super) fn read_whole(file: &OwnedFd) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; SMALL];
    loop {
        let count = read_into(file, &mut piece)?;
        bytes.extend_from_slice(&piece[..count]);
        if count < piece.len() {
            return Ok(bytes);
        }
    }
}

fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The SHA-1 of bytes, in hexadecimal.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}
