//! Two locks: the registry's, on the state folder itself, and the one that tells that a create is still being worked on.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::clock::Clock;
use super::interrupt::Interrupt;
use super::{files, ownership};
use crate::error::{Code, Failure, Result};

/// The first and the longest pause between two tries for the lock.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// Who waits at least this long waits for one holder to let go; while the holders change, a queue moves on.
const PATIENT: Duration = Duration::from_secs(2);

/// How many times as long a queue that moves on is waited for.
const TURNS: u32 = 6;

/// Runs `work` while nobody else holds the lock on `folder`. The folder is locked rather than a file in it: a lock file
/// that somebody deletes while it is held lets a second holder in.
///
/// # Errors
///
/// `registry_locked` after `timeout` with the same holder (after [`TURNS`] times as long where they changed), naming the last one; `interrupted` by
/// a signal that came during the wait; and the failures of `work`.
pub fn with_folder_locked<R>(
    folder: &Path,
    timeout: Duration,
    interrupt: &Interrupt,
    work: impl FnOnce() -> Result<R>,
) -> Result<R> {
    let opened = File::open(folder);
    let file = opened.map_err(|error| {
        Failure::from_io(error, Code::Permission, format!("{} cannot be opened", folder.display()))
    })?;
    let mut lock = fd_lock::RwLock::new(file);
    let mut queue: Option<Queue> = None;
    let mut pause = PAUSES.0;
    // Whoever takes back what a signal interrupted waits for the lock too: without it the record would stay.
    let is_stopped = interrupt.from_now();
    let holder_file = folder.join("registry.lock");
    loop {
        match lock.try_write() {
            Ok(_guard) => {
                let _held = interrupt.hold();
                name_holder(&holder_file);
                return work();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Failure::from_io(
                    error,
                    Code::RegistryLocked,
                    format!("{} cannot be locked", folder.display()),
                ));
            }
        }
        let queue = queue.get_or_insert_with(|| Queue::new(timeout, &holder_file));
        if queue.is_stuck(&holder_file) {
            return Err(busy(folder, &holder_file, queue.started.elapsed()));
        }
        if is_stopped() {
            return Err(Failure::new(Code::Interrupted, "interrupted"));
        }
        Clock.wait(pause, &Interrupt::default())?;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// A wait for the lock among others.
struct Queue {
    timeout: Duration,
    started: Instant,
    /// When the holder was looked at last, and who it was.
    seen: (Instant, Option<String>),
}

impl Queue {
    fn new(timeout: Duration, holder_file: &Path) -> Self {
        let now = Instant::now();
        Self { timeout, started: now, seen: (now, files::read_plain_text(holder_file).ok()) }
    }

    /// Answers whether one holder had the lock for the whole `timeout`, or the queue is too long.
    fn is_stuck(&mut self, holder_file: &Path) -> bool {
        if self.seen.0.elapsed() < self.timeout {
            return false;
        }
        let holder = files::read_plain_text(holder_file).ok();
        let moves_on = self.timeout >= PATIENT && holder != self.seen.1;
        self.seen = (Instant::now(), holder);
        !moves_on || self.started.elapsed() >= self.timeout * TURNS
    }
}

/// Locks `file` once nobody else holds it; false when `is_given_up` says so first. The kernel's own wait hears no signal that
/// is caught.
///
/// # Errors
///
/// Those of the system.
pub fn when_free(file: &File, is_given_up: &mut dyn FnMut() -> bool) -> std::io::Result<bool> {
    let mut pause = PAUSES.0;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if is_given_up() {
            return Ok(false);
        }
        // Looked at above: nothing of it is lost.
        let _ = Clock.wait(pause, &Interrupt::default());
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Says in `registry.lock` who holds the lock. It is information only: failing to write it spoils nothing.
fn name_holder(file: &Path) {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let opened =
        ownership::open_or_make(OpenOptions::new().write(true).truncate(true).custom_flags(flags), file);
    if let Ok(mut file) = opened.and_then(files::require_plain) {
        let _ = writeln!(file, "wt, pid {}, since {}", std::process::id(), Clock.now());
    }
}

fn busy(folder: &Path, holder_file: &Path, waited: Duration) -> Failure {
    let holder = files::read_plain_text(holder_file).unwrap_or_default();
    let holder = holder.trim();
    let named = if holder.is_empty() { "another `wt`".to_owned() } else { holder.to_owned() };
    Failure::new(
        Code::RegistryLocked,
        format!(
            "the registry in {} is locked by {named}; waited {}s",
            folder.display(),
            (waited.as_secs_f32() * 10.0).round() / 10.0
        ),
    )
    .hint("try again, or wait longer: `registry.lock_timeout` (WT_REGISTRY_LOCK_TIMEOUT)")
    .detail("holder", named)
}

/// A lock file held while a create or a removal is worked on. Children inherit it, so that it outlives a killed parent
/// for as long as they work.
#[derive(Debug)]
pub struct FileHold {
    file: File,
    path: PathBuf,
    is_left: bool,
}

impl FileHold {
    /// Takes the lock.
    ///
    /// # Errors
    ///
    /// `registry_locked` when somebody has it.
    pub fn take(path: &Path) -> Result<Self> {
        Self::try_take(path)?.ok_or_else(|| {
            Failure::new(Code::RegistryLocked, "another `wt` is working on this worktree")
                .hint("try again when it is done")
        })
    }

    /// Takes the lock, waiting up to `timeout` for whoever has it; `None` when that was not enough.
    ///
    /// # Errors
    ///
    /// `interrupted`; else as [`FileHold::try_take`].
    pub fn take_within(path: &Path, timeout: Duration, interrupt: &Interrupt) -> Result<Option<Self>> {
        let started = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            if let Some(hold) = Self::try_take(path)? {
                return Ok(Some(hold));
            }
            if started.elapsed() >= timeout {
                return Ok(None);
            }
            Clock.wait(pause, interrupt)?;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Takes the lock if nobody has it.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full` when the lock file cannot be made.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let refused = |error, what| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be {what}", path.display()))
        };
        loop {
            let mut options = OpenOptions::new();
            let options = files::plain(options.read(true).write(true));
            let opened = ownership::open_or_make(options, path).and_then(files::require_plain);
            let file = opened.map_err(|error| refused(error, "made"))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_still_at(&file, path) => {
                    return Ok(Some(Self { file, path: path.to_path_buf(), is_left: false }));
                }
                // Whoever had it removed the file after we opened it: what we locked means nothing to others.
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(refused(error.into(), "locked")),
            }
        }
    }

    /// Removes lock files in `folder` that nobody holds and that are older than `age`: their processes died before they had
    /// recorded anything.
    pub fn sweep(folder: &Path, age: Duration) {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let made = entry.metadata().and_then(|found| found.modified()).ok();
            let is_old = made.and_then(|made| made.elapsed().ok()).is_some_and(|passed| passed > age);
            if is_old && let Ok(Some(hold)) = Self::try_take(&entry.path()) {
                hold.release();
            }
        }
    }

    /// Returns the descriptor for a child to inherit.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Returns where the lock file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` into the lock file, for whoever finds it when we are gone.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn note(&self, bytes: &[u8]) -> Result<()> {
        (&self.file).write_all(bytes).map_err(|error| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be written", self.path.display()))
        })
    }

    /// Lets go of the lock and removes its file.
    pub fn release(self) {}

    /// Keeps the lock's file when it is let go of, for whoever looks for those of the dead: what it names is still there.
    pub fn leave(&mut self) {
        self.is_left = true;
    }
}

/// Answers whether somebody holds the lock file at `path`, and makes nothing; true where it cannot be told.
#[must_use]
pub fn is_held(path: &Path) -> bool {
    match files::open_plain(path) {
        Err(error) => error.kind() != ErrorKind::NotFound,
        Ok((file, _)) => flock(&file, FlockOperation::NonBlockingLockShared).is_err(),
    }
}

/// Answers whether `path` still names the open file.
fn is_still_at(file: &File, path: &Path) -> bool {
    matches!((file.metadata(), path.metadata()), (Ok(open), Ok(named))
        if open.dev() == named.dev() && open.ino() == named.ino())
}

impl Drop for FileHold {
    fn drop(&mut self) {
        if !self.is_left {
            // Somebody may have removed it by hand; either way it is gone.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_hold_is_never_held_twice_while_others_let_go_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..3000 {
                        let Some(hold) = FileHold::try_take(&path).unwrap() else { continue };
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        hold.release();
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn one_holder_is_waited_for_as_long_as_was_asked_and_a_queue_that_moves_on_longer() {
        let folder = tempfile::tempdir().unwrap();
        let holder = folder.path().join("registry.lock");
        let asked = Duration::from_secs(10);
        let ago = |passed| Instant::now().checked_sub(passed).unwrap();
        files::replace(&holder, b"one", 0o600).unwrap();

        let mut same = Queue::new(asked, &holder);
        assert!(!same.is_stuck(&holder));
        same.seen.0 = ago(asked);
        assert!(same.is_stuck(&holder));

        let mut moving = Queue::new(asked, &holder);
        files::replace(&holder, b"two", 0o600).unwrap();
        moving.seen.0 = ago(asked);
        assert!(!moving.is_stuck(&holder), "the holders changed");
        files::replace(&holder, b"three", 0o600).unwrap();
        (moving.started, moving.seen.0) = (ago(asked * TURNS), ago(asked));
        assert!(moving.is_stuck(&holder), "a queue has an end");

        let mut hurried = Queue::new(Duration::from_secs(1), &holder);
        files::replace(&holder, b"four", 0o600).unwrap();
        hurried.seen.0 = ago(Duration::from_secs(1));
        assert!(hurried.is_stuck(&holder), "a hook does not queue");
    }

    #[test]
    fn a_signal_that_came_before_does_not_end_the_wait_of_whoever_takes_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut holder = fd_lock::RwLock::new(File::open(folder.path()).unwrap());
        let guard = holder.try_write().unwrap();
        let interrupt = Interrupt::default();
        interrupt.raise();
        let take = || with_folder_locked(folder.path(), Duration::from_millis(50), &interrupt, || Ok(()));
        assert_eq!(take().unwrap_err().code(), Code::RegistryLocked);
        drop(guard);
        take().unwrap();
    }
}
