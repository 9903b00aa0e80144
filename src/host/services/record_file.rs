//! The folder in which the services of a worktree are kept: the record, the logs, and the seat that one supervisor takes.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use super::own_file;
use crate::host::ownership;
use crate::host::process::identity::Here;
use crate::model::process::ProcessId;
use crate::model::services::record::{SCHEMA, ServicesRecord};

const FILE: &str = "services.json";

/// The size in bytes at which a supervisor's own log begins anew.
const LARGEST_OWN_LOG: u64 = 1 << 20;

/// The one place of a supervisor; free again when it is dropped, or its process ends. No child inherits it.
#[derive(Debug)]
pub struct SupervisorSeat {
    _folder: File,
}

impl SupervisorSeat {
    /// Takes it; `None` when somebody has it.
    ///
    /// # Errors
    ///
    /// Those of opening and locking the folder.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        loop {
            let file = File::from(rustix::fs::open(folder, flags, Mode::empty())?);
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_still_at(&file, folder)? => return Ok(Some(Self { _folder: file })),
                // Another `wt` took the folder away and made it anew meanwhile.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Answers whether the open folder is the one that the path names; an error where nothing is there any more.
fn is_still_at(file: &File, folder: &Path) -> io::Result<bool> {
    let (open, named) = (rustix::fs::fstat(file)?, rustix::fs::stat(folder)?);
    Ok((open.st_dev, open.st_ino) == (named.st_dev, named.st_ino))
}

/// Answers whether a process that is on record in `folder` lives, or may. Where its number means nothing here (a container's
/// that is of this boot), whoever supervised it tells: it holds the seat for as long as it lives.
#[must_use]
pub fn is_alive(folder: &Path, id: &ProcessId) -> bool {
    let here = Here::read();
    let is_elsewhere = !here.has_seen(id) && here.is_boot_of(id);
    if is_elsewhere { is_seat_taken(folder) } else { here.is_alive(id) }
}

fn is_seat_taken(folder: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::open(folder, flags, Mode::empty()) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

/// Makes the folder and the one for its logs, for ourselves alone.
///
/// # Errors
///
/// `PermissionDenied`, `StorageFull`; `InvalidInput` where one is a link.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    match ownership::make_private_folders(&logs(folder)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    own_file::require_folder(folder)?;
    own_file::require_folder(&logs(folder))
}

/// Returns where the logs are.
#[must_use]
pub fn logs(folder: &Path) -> PathBuf {
    folder.join("logs")
}

/// Opens the supervisor's own log, which begins anew when it has grown, and where something else stands in its place.
///
/// # Errors
///
/// Those of opening it.
pub fn open_own_log(folder: &Path) -> io::Result<File> {
    let path = folder.join("supervisor.log");
    match own_file::append(&path) {
        Ok(file) if file.metadata()?.len() <= LARGEST_OWN_LOG => return Ok(file),
        Ok(_) => fs::rename(&path, folder.join("supervisor.log.1"))?,
        Err(error) if own_file::is_strange(&error) => drop(own_file::put_aside(&path)?),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match own_file::make(&path) {
        // Somebody else was just as fast: one log for both.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => own_file::append(&path),
        made => made,
    }
}

/// What a supervisor writes down of itself, for whoever looks when it is gone.
#[derive(Debug)]
pub struct OwnLog {
    folder: PathBuf,
    file: Option<File>,
}

impl OwnLog {
    /// The log of the supervisor whose record is in `folder`. Where it cannot be opened nothing is written.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: open_own_log(folder).ok() }
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// Those of writing: a full disk.
    pub fn say(&mut self, at: Timestamp, text: &str) -> io::Result<()> {
        let is_large = |file: &File| file.metadata().is_ok_and(|found| found.len() > LARGEST_OWN_LOG);
        if self.file.as_ref().is_some_and(is_large) {
            self.file = open_own_log(&self.folder).ok();
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        // What others wrote stays on one line, and means nothing to a terminal.
        let shown = |letter: char| {
            if letter.is_control() { letter.escape_default().collect() } else { letter.to_string() }
        };
        let text: String = text.chars().map(shown).collect();
        file.write_all(format!("{at:.0} {text}\n").as_bytes())
    }
}

/// Returns what is on record about that worktree; `None` when nothing is, or nothing that can be read: the processes
/// themselves say more.
#[must_use]
pub fn find(folder: &Path, sequence: u64) -> Option<ServicesRecord> {
    find_any(folder).filter(|record| record.sequence == sequence)
}

/// Returns when that was written.
#[must_use]
pub fn written_at(folder: &Path) -> Option<Timestamp> {
    Timestamp::try_from(folder.join(FILE).symlink_metadata().ok()?.modified().ok()?).ok()
}

/// Returns what is on record there, whichever worktree it is about.
#[must_use]
pub fn find_any(folder: &Path) -> Option<ServicesRecord> {
    let record: ServicesRecord =
        serde_json::from_slice(&own_file::read_all(&folder.join(FILE)).ok()?).ok()?;
    (record.schema == SCHEMA).then_some(record)
}

/// Replaces the record as a whole. It need not outlive the machine's next start, so that nothing waits for the disk.
///
/// # Errors
///
/// `StorageFull`, `PermissionDenied`; the old one stays then.
pub fn write(folder: &Path, record: &ServicesRecord) -> io::Result<()> {
    let draft = folder.join(format!(".{FILE}.{}", std::process::id()));
    let mut bytes = serde_json::to_vec(record)?;
    bytes.push(b'\n');
    // One that was killed, with our pid, may have left its own.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = own_file::make(&draft).and_then(|mut file| file.write_all(&bytes));
    written.and_then(|()| fs::rename(&draft, folder.join(FILE))).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// Forgets everything of a worktree that is gone.
///
/// # Errors
///
/// Those of removing.
pub fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_and_damage_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(find(folder.path(), 3).is_none());
        let record = ServicesRecord { schema: SCHEMA, sequence: 3, ..ServicesRecord::default() };
        write(folder.path(), &record).unwrap();
        assert_eq!(find(folder.path(), 3), Some(record));
        assert!(find(folder.path(), 4).is_none(), "another worktree of that name");
        fs::File::create(folder.path().join(FILE)).unwrap().write_all(b"{\"sch").unwrap();
        assert!(find(folder.path(), 3).is_none());
    }

    #[test]
    fn a_seat_is_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = SupervisorSeat::take(folder.path()).unwrap();
        assert!(first.is_some() && SupervisorSeat::take(folder.path()).unwrap().is_none());
        drop(first);
        assert!(SupervisorSeat::take(folder.path()).unwrap().is_some());
    }
}
