//! What git is in the middle of in a worktree: a rebase, a merge, a bisection.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::repository::Repository;
use crate::host::files;

/// How much of the end of a reflog is read, in bytes.
const TAIL: u64 = 8192;

/// The files in a worktree's git folder that tell of unfinished work, as `git status` reads them.
const SIGNS: [(&str, &str); 7] = [
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick or revert of several commits"),
    ("BISECT_START", "bisect"),
];

impl Repository {
    /// Returns what is unfinished in the worktree `admin`, in the main one where that is empty, in git's word for it.
    #[must_use]
    pub fn find_operation(&self, admin: &str) -> Option<&'static str> {
        if admin.is_empty() { find(self.common_dir()) } else { find(&self.admin_dir(admin)) }
    }
}

/// Returns what is unfinished in the worktree whose git folder is `folder`.
pub(super) fn find(folder: &Path) -> Option<&'static str> {
    SIGNS.iter().find(|(file, _)| folder.join(file).symlink_metadata().is_ok()).map(|(_, word)| *word)
}

/// Answers whether a rebase was the last to move HEAD in the worktree whose git folder is `folder`: one that applies
/// patches checks out first, and makes its own folder after.
pub(super) fn is_moved_by_rebase(folder: &Path) -> bool {
    let Ok((mut log, _)) = files::open_plain(&folder.join("logs/HEAD")) else { return false };
    let length = log.metadata().map(|found| found.len()).unwrap_or_default();
    let mut tail = Vec::new();
    let read = log
        .seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .and_then(|_| log.take(TAIL).read_to_end(&mut tail));
    let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let message = last.iter().position(|byte| *byte == b'\t').map_or(&[][..], |at| &last[at + 1..]);
    // `rebase (start): checkout main`, `pull --rebase (start): …`
    let action = message.split(|byte| *byte == b':').next().unwrap_or_default();
    read.is_ok() && memchr::memmem::find(action, b"rebase").is_some()
}

impl Repository {
    /// Returns the submodules that the worktree `admin` has clones of: their commits live in its git folder alone.
    #[must_use]
    pub fn submodules_of(&self, admin: &str) -> Vec<String> {
        let entries = self.admin_dir(admin).join("modules").read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}
