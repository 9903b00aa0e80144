//! What git is in the middle of in a worktree: a rebase, a merge, a bisection.

use std::path::Path;

use super::repository::Repository;

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
    /// Returns what is unfinished in the worktree `admin`, in git's word for it.
    #[must_use]
    pub fn find_operation(&self, admin: &str) -> Option<&'static str> {
        find(&self.admin_dir(admin))
    }
}

/// Returns what is unfinished in the worktree whose git folder is `folder`.
pub(super) fn find(folder: &Path) -> Option<&'static str> {
    SIGNS.iter().find(|(file, _)| folder.join(file).symlink_metadata().is_ok()).map(|(_, word)| *word)
}

impl Repository {
    /// Returns the submodules that the worktree `admin` has clones of: their commits live in its git folder alone.
    #[must_use]
    pub fn submodules_of(&self, admin: &str) -> Vec<String> {
        let entries = self.admin_dir(admin).join("modules").read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}
