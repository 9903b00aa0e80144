//! git's own lock files, taken by us: each is a second name of a file of ours that is held while we live. So nobody
//! mistakes the lock of a process that is gone for one of git's, or the reverse.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::identity::make_folder;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::lock::FileHold;
use crate::host::process::identity;
use crate::host::token;

/// How often a lock that somebody else holds is tried again: about three seconds in all.
pub(super) const ATTEMPTS: u32 = 120;

/// Lock files of git's that are ours, given back with the value.
pub(super) struct GitLock {
    /// Held while we live; its name goes last, and stays where one of those taken could not be given back.
    hold: FileHold,
    taken: Vec<PathBuf>,
}

impl Repository {
    /// Takes git's lock on each of the files `locked`, in this order, waiting for whoever holds one. `Ok(None)` where the
    /// file system has no second names for a file.
    pub(super) fn lock_as_git(&self, locked: &[PathBuf]) -> Result<Option<GitLock>> {
        let folder = self.locks_dir();
        self.require_wt_dir()?;
        make_folder(&folder)?;
        let hold = loop {
            // Whoever looks for dead locks may be looking at this one before it is held.
            if let Some(hold) = FileHold::try_take(&folder.join(token::random()?))? {
                break hold;
            }
        };
        let locks: Vec<PathBuf> = locked.iter().map(|path| lock_of(path)).collect();
        // Relative to the common dir, which may be moved.
        let names = locks.iter().map(|lock| lock.strip_prefix(&self.common_dir).unwrap_or(lock));
        let names: Vec<&[u8]> = names.map(|name| name.as_os_str().as_bytes()).collect();
        hold.note(&[&whereabouts()?.map(String::into_bytes).join(&0), &names.join(&0)[..]].join(&0))?;
        let mut lock = GitLock { hold, taken: Vec::new() };
        for path in locks {
            if !self.take(&mut lock, path)? {
                return Ok(None);
            }
        }
        Ok(Some(lock))
    }

    fn take(&self, lock: &mut GitLock, path: PathBuf) -> Result<bool> {
        for number in 1..=ATTEMPTS {
            if let Some(parent) = path.parent() {
                // git removes a folder of refs when the last one goes.
                let _ = fs::create_dir_all(parent);
            }
            match fs::hard_link(lock.hold.path(), &path) {
                Ok(()) => {
                    lock.taken.push(path);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => self.release_dead_locks(),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::CrossesDevices)
                        // What file systems without second names answer (link(2)).
                        || error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error()) =>
                {
                    return Ok(false);
                }
                Err(error) => {
                    let message = format!("{} cannot be made", path.display());
                    return Err(Failure::from_io(error, Code::Permission, message));
                }
            }
            wait_for_lock(number);
        }
        Err(Failure::new(Code::GitFailed, format!("another process holds {}", path.display()))
            .hint("wait until it is done; if no git runs here any more, remove that file, then try again"))
    }

    /// Gives back git's locks that processes of ours held which are gone, and no others: each is proven by its inode.
    pub fn release_dead_locks(&self) {
        for entry in self.locks_dir().read_dir().into_iter().flatten().flatten() {
            let note = fs::read(entry.path()).unwrap_or_default();
            let mut words = note.split(|byte| *byte == 0);
            if !is_from_here([words.next(), words.next()]) {
                continue;
            }
            let Ok(Some(mut hold)) = FileHold::try_take(&entry.path()) else { continue };
            // These two also after a loss of power, which leaves names of files without what was written into them.
            let usual = [&b"packed-refs.lock"[..], b"config.lock"];
            for name in words.filter(|name| !name.is_empty()).chain(usual) {
                let name = std::ffi::OsString::from_vec(name.to_vec());
                if !remove_if_same(&self.common_dir.join(name), hold.path()) {
                    hold.leave();
                }
            }
            hold.release();
        }
    }

    fn locks_dir(&self) -> PathBuf {
        self.wt_dir().join("locks")
    }
}

impl Drop for GitLock {
    fn drop(&mut self) {
        let mut are_gone = true;
        for path in self.taken.iter().rev() {
            are_gone &= remove_if_same(path, self.hold.path());
        }
        if !are_gone {
            self.hold.leave();
        }
    }
}

/// Names the boot and the machine that we run in.
fn whereabouts() -> Result<[String; 2]> {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok([identity::current()?.boot, machine])
}

/// Answers whether the note's maker ran under this kernel, where a file that nobody has locked is nobody's; or on this machine
/// before it was started anew. A folder may be shared with other machines, whose locks cannot be seen from here.
fn is_from_here([boot, machine]: [Option<&[u8]>; 2]) -> bool {
    let Ok([our_boot, our_machine]) = whereabouts() else { return false };
    let is_ours =
        |word: Option<&[u8]>, ours: &str| word.is_none_or(|word| word.is_empty() || word == ours.as_bytes());
    is_ours(boot, &our_boot) || is_ours(machine, &our_machine)
}

/// Returns where git locks the file `path` (`lockfile.h`).
fn lock_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Removes the name `path` if it is another one of the file `ours`: somebody may have removed it by hand, and locked anew.
/// Answers whether it is none any more.
fn remove_if_same(path: &Path, ours: &Path) -> bool {
    let place = |path: &Path| path.symlink_metadata().ok().map(|found: Metadata| (found.dev(), found.ino()));
    let is_same = || place(ours).is_some_and(|ours| place(path) == Some(ours));
    // Twice: an interrupted disk of the network may answer the second time.
    !is_same() || fs::remove_file(path).is_ok() || !is_same() || fs::remove_file(path).is_ok()
}

/// Waits a little before a lock is tried again. Unequal waits keep sixty processes from meeting again and again.
pub(super) fn wait_for_lock(number: u32) {
    let spread = u64::from(std::process::id().wrapping_mul(number) % 17);
    #[expect(clippy::disallowed_methods, reason = "waits for another process's lock file")]
    std::thread::sleep(Duration::from_millis(8 + 2 * spread));
}
