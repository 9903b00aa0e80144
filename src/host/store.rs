//! The registry on disk. Reading takes no lock: a rename shows one whole version. Changing holds one lock around read,
//! change, write and rename, and a failure anywhere leaves the old file as it was.

mod glance;
mod memory;
mod rescue;
mod stamp;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::dirs::Dirs;
use super::events::{self, Writing};
use super::interrupt::Interrupt;
use super::process::identity;
use super::{files, link, lock, ownership};
use crate::error::{Code, Failure, Result};
use crate::model::registry::document::Document;
pub use glance::RegistryGlance;
pub use memory::StoreMemory;
pub use stamp::Stamp;

/// The file's name in the state folder.
const FILE: &str = "registry.json";

/// Up to how many bytes a written document is read again while we are tested: of a large one that takes longer than all else.
const LOOKED_AT: usize = 64 * 1024;

/// What the names of our temporary files begin with; the writer's pid follows.
const DRAFT: &str = ".registry.json.";

/// A document on disk.
#[derive(Debug)]
pub struct Store<T> {
    dirs: Dirs,
    timeout: Duration,
    interrupt: Interrupt,
    memory: StoreMemory<T>,
    writing: Writing,
    is_frozen: bool,
}

impl<T: Document> Store<T> {
    /// The store in the state folder, which need not exist yet; `timeout` is how long a change waits for the lock.
    #[must_use]
    pub fn open(dirs: Dirs, timeout: Duration, interrupt: Interrupt) -> Self {
        Self {
            dirs,
            timeout,
            interrupt,
            memory: StoreMemory::default(),
            writing: Writing::default(),
            is_frozen: false,
        }
    }

    /// The same store, with what others that share `memory` have read and written in mind.
    #[must_use]
    pub fn remembering(self, memory: &StoreMemory<T>) -> Self {
        Self { memory: memory.clone(), ..self }
    }

    /// The same store, whose events are written as `writing` says.
    #[must_use]
    pub fn writing(self, writing: Writing) -> Self {
        Self { writing, ..self }
    }

    /// The same store, in which nothing changes where `is_frozen`.
    #[must_use]
    pub fn frozen(self, is_frozen: bool) -> Self {
        Self { is_frozen, ..self }
    }

    /// Returns where the document is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dirs.state().join(FILE)
    }

    /// Reads the document without a lock; what was read once is handed out again, for it may be large.
    ///
    /// # Errors
    ///
    /// `registry_corrupt` also for a file that is missing while its backup is there: that was never "empty".
    pub fn read(&self) -> Result<Arc<T>> {
        let Some(bytes) = self.read_bytes()? else { return Ok(Arc::new(T::empty())) };
        if let Some(known) = self.memory.recall(&bytes) {
            return Ok(known);
        }
        let document = Arc::new(T::parse(&bytes, &self.path())?);
        self.memory.keep(bytes, Arc::clone(&document));
        Ok(document)
    }

    /// Returns what tells this version of the file from the next; `None` where there is no file.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        Stamp::find(&self.path())
    }

    /// Answers whether somebody put the backup back: the file has its bytes and is another file. Certain only inside of
    /// [`update`](Self::update), for another process may be between two steps of its own.
    #[must_use]
    pub fn is_backup(&self) -> bool {
        link::followed(&self.path()).is_ok_and(|path| is_put_back(&path))
    }

    /// Changes the document: an error from `change` writes nothing, and so does a change that changes nothing. The change may
    /// be called again, on another document: it leaves nothing outside of it.
    ///
    /// # Errors
    ///
    /// `registry_locked`, `permission`, `disk_full`, those of [`read`](Self::read), and those of `change`.
    pub fn update<R>(&self, change: impl Fn(&mut T) -> Result<R>) -> Result<R> {
        self.update_after(|_| Ok(()), |document, ()| change(document)).map(|(answer, ())| answer)
    }

    /// As [`update`](Self::update), with `prepare` called before, under the same lock: for whatever leaves something outside
    /// of the document. It is dropped where the change fails.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), and those of `prepare`.
    pub fn update_after<P, R>(
        &self,
        prepare: impl FnOnce(&T) -> Result<P>,
        change: impl Fn(&mut T, &P) -> Result<R>,
    ) -> Result<(R, P)> {
        if self.is_frozen {
            return Err(Failure::new(Code::NotAllowed, "the policy is read-only: nothing is recorded")
                .hint("`wt config show policy` says where that is set"));
        }
        let folder = self.dirs.require_state()?;
        lock::with_folder_locked(folder, self.timeout, &self.interrupt, || {
            let before = self.read_bytes()?;
            let mut document = match &before {
                Some(bytes) => match self.memory.take(bytes) {
                    // Copied only where its reader still looks at it.
                    Some(known) => Arc::unwrap_or_clone(known),
                    None => T::parse(bytes, &self.path())?,
                },
                None => T::empty(),
            };
            let prepared = prepare(&document)?;
            let answer = change(&mut document, &prepared)?;
            let happened = document.take_events();
            let after = document.render()?;
            if before.as_deref() != Some(&after) {
                self.replace(&after, before.is_some())?;
            }
            // The change stands; a log that cannot be written must not make it look undone.
            let _ = events::append(folder, happened, &self.writing);
            // What is remembered is what the next reader would read.
            debug_assert!(
                after.len() > LOOKED_AT || T::parse(&after, &self.path()).is_ok_and(|read| read == document)
            );
            self.memory.keep(after, Arc::new(document));
            Ok((answer, prepared))
        })
    }

    /// Answers whether something was logged before `time`.
    #[must_use]
    pub fn has_events_before(&self, time: jiff::Timestamp) -> bool {
        events::is_any_before(self.dirs.state(), time)
    }

    /// Forgets what was logged before `time`.
    ///
    /// # Errors
    ///
    /// `registry_locked`, `permission`.
    pub fn forget_events(&self, time: jiff::Timestamp) -> Result<()> {
        let folder = self.dirs.require_state()?;
        lock::with_folder_locked(folder, self.timeout, &self.interrupt, || {
            events::forget(folder, time)
                .map_err(|error| Failure::from_io(error, Code::Permission, "the history cannot be shortened"))
        })
    }

    fn read_bytes(&self) -> Result<Option<Vec<u8>>> {
        let path = self.path();
        match files::read_plain(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let backup = backup_of(&link::followed(&path)?);
                if !backup.exists() {
                    return Ok(None);
                }
                // The first two writes may have come between the two looks; a file that was there never goes.
                if let Ok(bytes) = files::read_plain(&path) {
                    return Ok(Some(bytes));
                }
                Err(Failure::new(
                    Code::RegistryCorrupt,
                    format!("the registry {} is missing, but its backup is there", path.display()),
                )
                .hint(format!("copy {} to it, or remove the backup too to begin anew", backup.display()))
                .detail("path", path.display().to_string()))
            }
            Err(error) => {
                Err(Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()))
                    .hint("look at its owner and mode, or set WT_STATE_DIR to another folder"))
            }
        }
    }

    fn replace(&self, bytes: &[u8], keep_old: bool) -> Result<()> {
        // A link is followed and stays: people keep their state elsewhere that way.
        let path = link::followed(&self.path())?;
        let folder = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        sweep_drafts(&folder);
        let draft = folder.join(format!("{DRAFT}{}", std::process::id()));
        let written = write_draft(&draft, &path, bytes)
            .and_then(|()| if keep_old && !is_put_back(&path) { keep_backup(&path) } else { Ok(()) })
            .and_then(|()| fs::rename(&draft, &path));
        written.map_err(|error| {
            let _ = fs::remove_file(&draft);
            Failure::from_io(
                error,
                Code::Permission,
                format!("the registry {} cannot be written", path.display()),
            )
            .hint("nothing was changed; make room, or set WT_STATE_DIR to another folder")
        })?;
        // The new file is what everybody reads by now: an error here would make the caller undo what is on record.
        let _ = files::sync_folder(&folder);
        Ok(())
    }
}

fn write_draft(draft: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // Left by a process that had our pid before: it is dead, and the lock is ours.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(draft)?;
    ownership::inherit(&file, path);
    file.write_all(bytes)?;
    file.sync_all()
}

/// Keeps the old file as `.bak` by a second link to it, so that the file itself is never absent.
fn keep_backup(path: &Path) -> std::io::Result<()> {
    let aside = path.with_file_name(format!("{DRAFT}bak.{}", std::process::id()));
    let _ = fs::remove_file(&aside);
    if fs::hard_link(path, &aside).is_err() {
        fs::copy(path, &aside)?;
    }
    fs::rename(&aside, backup_of(path))
}

/// Answers whether the file is a copy of its backup. Between its two renames a write of ours makes one file of both, and
/// whoever dies there leaves them so: nobody put that back. What was put back gets no second link as its own backup, so
/// that it is known until the write that follows is whole.
fn is_put_back(path: &Path) -> bool {
    let backup = backup_of(path);
    let (Ok(now), Ok(before)) = (path.metadata(), backup.metadata()) else { return false };
    let is_one_file = (now.dev(), now.ino()) == (before.dev(), before.ino());
    !is_one_file
        && now.len() == before.len()
        && matches!((files::read_plain(path), files::read_plain(&backup)), (Ok(now), Ok(before)) if now == before)
}

fn backup_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("{FILE}.bak"))
}

/// Removes temporary files of processes that are gone.
fn sweep_drafts(folder: &Path) {
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.strip_prefix(DRAFT))
            .map(|rest| rest.trim_start_matches("bak."));
        let pid = pid.and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| pid != std::process::id() && identity::of(pid).is_none()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::model::registry::table::Registry;

    pub(super) fn store(folder: &Path) -> Store<Registry> {
        let state = (OsString::from("WT_STATE_DIR"), folder.as_os_str().to_owned());
        let dirs = Dirs::find(&[state].into_iter().collect()).unwrap();
        Store::open(dirs, Duration::from_secs(10), Interrupt::default())
    }

    #[test]
    fn only_a_copy_of_the_backup_was_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let count = || {
            store.update(|registry| {
                registry.sequence += 1;
                Ok(store.is_backup())
            })
        };
        assert!(!count().unwrap());
        assert!(!count().unwrap());
        let backup = backup_of(&store.path());
        // Where a write died between its two renames.
        fs::remove_file(&backup).unwrap();
        fs::hard_link(store.path(), &backup).unwrap();
        assert!(!store.is_backup());
        assert!(!count().unwrap());
        fs::remove_file(store.path()).unwrap();
        fs::copy(&backup, store.path()).unwrap();
        assert!(store.is_backup());
        // A write that changes nothing takes nothing away either.
        store.update(|_| Ok(())).unwrap();
        assert!(store.is_backup());
        assert!(count().unwrap());
        assert!(!store.is_backup());
    }

    #[test]
    fn a_reader_beside_the_very_first_writes_sees_no_damage() {
        for _ in 0..300 {
            let folder = tempfile::tempdir().unwrap();
            let store = store(folder.path());
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..300 {
                            store.read().unwrap();
                        }
                    });
                }
                for _ in 0..3 {
                    store
                        .update(|registry| {
                            registry.sequence += 1;
                            Ok(())
                        })
                        .unwrap();
                }
            });
        }
    }
}
