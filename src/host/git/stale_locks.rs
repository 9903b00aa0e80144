//! Lock files of git's that a command of ours left when it was killed: git itself would keep them, and that name, for ever.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::half_made::is_git_at_work;
use super::repository::Repository;
use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;

/// How long a lock is given to go by itself: whoever holds one for a single ref or setting holds it for milliseconds.
const PATIENCE: Duration = Duration::from_millis(500);

impl Repository {
    /// Removes the lock on the ref `branch` when it was left by a dead command that was making that branch at `commit` and
    /// began after `since`: nothing older, nothing with another content, and nothing while a git is at work here.
    pub fn remove_lock_of_dead_making(&self, branch: &str, commit: &str, since: Timestamp) {
        let reference = self.common_dir().join(format!("refs/heads/{branch}.lock"));
        if reference.symlink_metadata().is_ok() && !is_git_at_work(&[self.root(), self.common_dir()]) {
            remove_if_left(&reference, since, &|text| text.is_empty() || text.trim_end() == commit);
        }
    }

    /// Removes the lock on the ref that was to keep what is put away under `token`, a random word that no other command has:
    /// whoever held it is gone when this is called, and its children with it.
    pub fn remove_lock_of_dead_keeping(&self, token: &str) {
        let _ = fs::remove_file(self.common_dir().join(format!("refs/wt/trash/{token}.lock")));
    }

    /// Answers whether the index of the worktree is locked, by a git that is at work or was.
    pub fn is_at_work(&self, admin: &str) -> bool {
        self.admin_dir(admin).join("index.lock").symlink_metadata().is_ok()
    }

    /// Removes the lock on a worktree's index when it is the index itself: libgit2 puts the file in place by a second link
    /// and then takes the first away, so a death in between leaves a finished index that git takes for locked.
    pub fn remove_spent_index_lock(&self, admin: &str) {
        let index = self.admin_dir(admin).join("index");
        remove_spent(&index.with_extension("lock"), &index);
    }

    /// Removes the lock on a ref when it is the ref itself, which libgit2 says nothing of: the ref stands, and the first of
    /// its two names could not be taken away.
    pub(super) fn remove_spent_ref_lock(&self, name: &str) {
        let folder = self.common_dir();
        remove_spent(&folder.join(format!("{name}.lock")), &folder.join(name));
    }
}

fn remove_spent(lock: &Path, file: &Path) {
    let inode = |path: &Path| path.symlink_metadata().ok().map(|found| (found.dev(), found.ino()));
    if inode(lock).is_some_and(|lock| inode(file) == Some(lock)) {
        let _ = fs::remove_file(lock);
    }
}

fn remove_if_left(lock: &Path, since: Timestamp, is_ours: &dyn Fn(&str) -> bool) {
    let Some(first) = left(lock, since, is_ours) else { return };
    // Somebody alive would be done by now, and their lock gone or another one.
    let waited = Clock.wait(PATIENCE, &Interrupt::default());
    if waited.is_ok() && left(lock, since, is_ours) == Some(first) {
        let _ = fs::remove_file(lock);
    }
}

/// Returns the lock's inode and time when it may be ours.
fn left(
    lock: &Path,
    since: Timestamp,
    is_ours: &dyn Fn(&str) -> bool,
) -> Option<(u64, std::time::SystemTime)> {
    let found = lock.symlink_metadata().ok().filter(fs::Metadata::is_file)?;
    let written = found.modified().ok()?;
    let text = fs::read_to_string(lock).ok()?;
    let began = Timestamp::try_from(written).ok()?;
    // Files bear the kernel's coarse time, some milliseconds behind the clock that `since` was read from.
    let since = since.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(since);
    (began >= since && is_ours(&text)).then(|| (found.ino(), written))
}
