//! git's locks in the admin folder of a worktree: waited for before the folder is moved, and neither put away nor brought
//! back, since whoever held one there can never let go of it again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::git_lock::{ATTEMPTS, wait_for_lock};
use super::half_made::{SETTLED_AFTER, is_git_at_work};
use super::repository::Repository;
use super::worktrees::{folder_of, read_gitdir};
use crate::error::{Code, Failure, Result};

impl Repository {
    /// Waits until no lock of git's lies in the admin folder, three seconds at most. One that is old while no git is at
    /// work here was left by a process that is gone, and stops nothing.
    ///
    /// # Errors
    ///
    /// `locked`, naming the lock.
    pub fn await_admin_locks(&self, name: &str) -> Result<()> {
        let folder = self.admin_dir(name);
        for number in 1..=ATTEMPTS {
            let Some(lock) = locks(&folder).pop() else { return Ok(()) };
            // Looking through all processes costs more than the wait for most locks.
            if (number == 2 || number == ATTEMPTS) && self.is_left(&lock, &folder) {
                return Ok(());
            }
            wait_for_lock(number);
        }
        let Some(lock) = locks(&folder).pop() else { return Ok(()) };
        Err(Failure::new(
            Code::Locked,
            format!("git is at work in this worktree: it holds {}", lock.display()),
        )
        .hint("wait until it is done; if no git runs there any more, remove that file; then try again")
        .detail("path", lock.display().to_string()))
    }

    fn is_left(&self, lock: &Path, folder: &Path) -> bool {
        let made = lock.symlink_metadata().and_then(|found| found.modified()).ok();
        #[expect(clippy::disallowed_methods, reason = "file times are compared with the same clock")]
        let now = SystemTime::now();
        let age = made.and_then(|made| now.duration_since(made).ok());
        let worktree = read_gitdir(folder).map(|link| folder_of(&link).to_owned());
        let places: Vec<&Path> =
            [self.root(), self.common_dir()].into_iter().chain(worktree.as_deref()).collect();
        age.is_some_and(|age| age >= SETTLED_AFTER) && !is_git_at_work(&places)
    }
}

/// Removes git's locks from an admin folder that git does not see: nobody can come back for them.
pub(super) fn remove_locks(folder: &Path) {
    for lock in locks(folder) {
        let _ = fs::remove_file(lock);
    }
}

/// Returns the lock files in `folder`, those of submodules' clones too; git has none among objects that it waits for.
fn locks(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(here).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            if kind.is_dir() && name != "objects" {
                folders.push(entry.path());
            } else if !kind.is_dir() && name.as_encoded_bytes().ends_with(b".lock") {
                found.push(entry.path());
            }
        }
    }
    found
}
