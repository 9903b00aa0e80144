//! The file a service's output goes to. The service writes it directly, so that it can block on nobody and lose nothing;
//! therefore it is rotated only when the service starts, and while it runs its head is given back as a hole.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
use rustix::io::Errno;

use super::open_folder::OpenFolder;
use super::own_file;
use crate::host::process::users;

/// How many earlier runs are kept beside the current one: `.1` is the last one, `.5` the oldest.
pub const EARLIER_RUNS: usize = 5;

/// What is always kept of a run, in bytes.
pub const KEPT: u64 = 128 << 20;

/// How much more a file grows before its head is given back, so that this is not done for every line.
const SLACK: u64 = 16 << 20;

/// The log of the run that goes on.
#[derive(Debug)]
pub struct LogFile {
    file: File,
}

impl LogFile {
    /// Begins the log of a new run of `service`, mode 0600, and moves those of earlier runs on. Whoever still writes into
    /// the one before writes on into that. What is no file there is put aside.
    ///
    /// # Errors
    ///
    /// `StorageFull`, `PermissionDenied`: the service cannot be started with its output kept; `InvalidInput` for a folder
    /// that is a link.
    pub fn start(folder: &Path, service: &str) -> io::Result<Self> {
        own_file::require_folder(folder)?;
        let current = path(folder, service);
        for number in 0..=EARLIER_RUNS {
            let path = if number == 0 { current.clone() } else { earlier(&current, number) };
            if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
                own_file::put_aside(&path)?;
            }
        }
        // A run that said nothing pushes none out that did.
        if current.symlink_metadata().is_ok_and(|found| found.len() > 0) {
            for number in (1..EARLIER_RUNS).rev() {
                rename(&earlier(&current, number), &earlier(&current, number + 1))?;
            }
            rename(&current, &earlier(&current, 1))?;
        } else if let Err(error) = fs::remove_file(&current)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        Ok(Self { file: own_file::make(&current)? })
    }

    /// Begins it as [`Self::start`] does; where that cannot be, as on a full disk, the run writes on into the log of the one
    /// before, else nowhere, and the second of what is returned says so. A service that must run is not kept from it by its log.
    ///
    /// # Errors
    ///
    /// Those of opening `/dev/null`.
    pub fn start_at_any_rate(folder: &Path, service: &str) -> io::Result<(Self, bool)> {
        if let Ok(log) = Self::start(folder, service) {
            let is_lost = matches!(log.has_room(), Ok(false));
            return Ok((log, is_lost));
        }
        if let Ok(Some(log)) = Self::find(folder, service) {
            return Ok((log, true));
        }
        Ok((Self { file: File::options().write(true).open("/dev/null")? }, true))
    }

    /// Returns the log of the run that goes on, for a supervisor that has taken it over; `None` when there is none.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where something else stands in its place; those of opening it.
    pub fn find(folder: &Path, service: &str) -> io::Result<Option<Self>> {
        match own_file::append(&path(folder, service)) {
            Ok(file) => Ok(Some(Self { file })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the descriptor that the service writes to.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Writes a line of our own between what others write.
    ///
    /// # Errors
    ///
    /// Those of writing: a full disk.
    pub fn note(&self, line: &str) -> io::Result<()> {
        (&self.file).write_all(format!("{line}\n").as_bytes())
    }

    /// Gives back what is older than the last [`KEPT`] bytes once that is worth the while, and returns how much; 0 where
    /// the file system knows no holes. Ask every few seconds: it costs one `fstat`.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn give_back_head(&self) -> io::Result<u64> {
        self.give_back_beyond(KEPT, SLACK)
    }

    fn give_back_beyond(&self, kept: u64, slack: u64) -> io::Result<u64> {
        let found = self.file.metadata()?;
        let taken = found.blocks() * 512;
        if taken <= kept + slack || found.len() <= kept {
            return Ok(0);
        }
        let block = found.blksize().max(4096);
        let head = (found.len() - kept) / block * block;
        match fallocate(&self.file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, head) {
            Ok(()) => Ok(taken.saturating_sub(self.file.metadata()?.blocks() * 512)),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Answers whether its disk has room for more: the service is told of a full disk by its own writes, which most pass
    /// over in silence.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn has_room(&self) -> io::Result<bool> {
        has_room(&self.file)
    }
}

/// Answers whether the disk of the folder of the logs is known to have no room left.
#[must_use]
pub fn is_disk_full(folder: &Path) -> bool {
    OpenFolder::find(folder).is_some_and(|folder| matches!(has_room(folder), Ok(false)))
}

/// Answers whether the disk of an open file or folder has room for what we write (`fstatvfs(3)`): some is kept for root.
///
/// # Errors
///
/// Those of the disk.
fn has_room(place: impl AsFd) -> io::Result<bool> {
    let found = fstatvfs(place)?;
    let free = if users::ourselves() == 0 { found.f_bfree } else { found.f_bavail };
    Ok(free > 0)
}

/// Returns where the output of `service` goes.
#[must_use]
pub fn path(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.log"))
}

/// Returns the logs that there are, oldest run first.
#[must_use]
pub fn runs(folder: &Path, service: &str) -> Vec<PathBuf> {
    let current = path(folder, service);
    let earlier = (1..=EARLIER_RUNS).rev().map(|number| earlier(&current, number));
    let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| found.is_file());
    earlier.chain([current.clone()]).filter(is_file).collect()
}

fn earlier(current: &Path, number: usize) -> PathBuf {
    let mut name = current.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::services::log_reader::{LogReader, last_lines};

    fn write(log: &LogFile, text: &str) {
        (&log.file).write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn each_run_has_a_file_of_its_own_and_five_earlier_ones_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for run in 0..9 {
            write(&LogFile::start(folder.path(), "web").unwrap(), &format!("run {run}\n"));
        }
        let kept: Vec<String> =
            runs(folder.path(), "web").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert_eq!(kept, (3..9).map(|run| format!("run {run}\n")).collect::<Vec<_>>());
        assert!(runs(folder.path(), "we").is_empty());
        let mode = path(folder.path(), "web").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn runs_that_said_nothing_push_no_other_out() {
        let folder = tempfile::tempdir().unwrap();
        write(&LogFile::start(folder.path(), "web").unwrap(), "why it failed\n");
        for _ in 0..9 {
            LogFile::start(folder.path(), "web").unwrap();
        }
        assert_eq!(last_lines(&earlier(&path(folder.path(), "web"), 1), 20).unwrap(), ["why it failed"]);
    }

    #[test]
    fn who_still_writes_the_earlier_log_writes_on_there() {
        let folder = tempfile::tempdir().unwrap();
        let old = LogFile::start(folder.path(), "web").unwrap();
        write(&old, "one\n");
        let new = LogFile::start(folder.path(), "web").unwrap();
        write(&old, "two\n");
        write(&new, "three\n");
        let text: Vec<String> =
            runs(folder.path(), "web").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert_eq!(text, ["one\ntwo\n", "three\n"]);
    }

    #[test]
    fn the_head_is_given_back_while_it_is_written_and_the_rest_reads_from_a_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogFile::start(folder.path(), "web").unwrap();
        let line = |number: u32| format!("line {number:06} {}", "x".repeat(100));
        for number in 0..40_000 {
            write(&log, &(line(number) + "\n"));
        }
        let size = log.file.metadata().unwrap().len();
        assert_eq!(log.give_back_head().unwrap(), 0, "nothing yet");
        let back = log.give_back_beyond(1 << 20, 1 << 20).unwrap();
        if back == 0 {
            eprintln!("skipped: this file system knows no holes");
            return;
        }
        write(&log, &(line(40_000) + "\n"));
        assert!(back > size - (3 << 20) && log.file.metadata().unwrap().len() > size);
        let mut reader = LogReader::open(&path(folder.path(), "web")).unwrap();
        let mut lines = Vec::new();
        loop {
            let more = reader.next_lines().unwrap();
            if more.is_empty() {
                break;
            }
            lines.extend(more);
        }
        let text: Vec<String> = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        let first = 40_001 - u32::try_from(text.len()).unwrap();
        assert!(text.len() > (1 << 20) / 120, "{}", text.len());
        assert_eq!(text, (first..=40_000).map(line).collect::<Vec<_>>());
        assert!(log.has_room().unwrap());
    }
}
