//! One writer at a time: the lock is on the log itself, and whoever waited for it looks whether it still is the log.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::place::log;
use crate::host::clock::Clock;
use crate::host::{files, lock, ownership};

/// How long another writer is waited for: it writes a few lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the log for appending, made where it is missing, once nobody else writes to it or puts it aside.
pub(super) fn open_locked(folder: &Path) -> std::io::Result<File> {
    let path = log(folder);
    let begun = Clock.instant();
    let mut is_given_up = || Clock.since(begun) >= PATIENCE;
    loop {
        let mut options = OpenOptions::new();
        let options = files::plain(options.read(true).append(true));
        let file = ownership::open_or_make(options, &path).and_then(files::require_plain)?;
        if !lock::when_free(&file, &mut is_given_up)? {
            return Err(Error::from(ErrorKind::WouldBlock));
        }
        // Whoever had the lock may have put the file aside after we opened it.
        let (open, named) = (file.metadata()?, path.metadata());
        if named.is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino())) {
            return Ok(file);
        }
        if is_given_up() {
            return Err(Error::from(ErrorKind::WouldBlock));
        }
    }
}
