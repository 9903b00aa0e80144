//! Whether git's record of a linked worktree is whole, and its folder is its own: what is not so is no worktree to adopt, to
//! remove or to wait for, however it is listed.

use super::linked::names_back;
use super::repository::Repository;
use super::worktrees::GitWorktree;

/// What is wrong between git's record of a worktree and its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordDamage {
    /// A file of the record's own is missing or makes no sense; which.
    Record(String),
    /// The folder that it names is another worktree's, which git calls so.
    Displaced(String),
    /// The folder is there, and its `.git` does not lead to the record; to which of the repository's it does.
    Unlinked(Option<String>),
}

impl Repository {
    /// Returns what is wrong with a worktree's record; `None` for one that is whole, is being made, or whose folder is gone.
    #[must_use]
    pub fn damage(&self, worktree: &GitWorktree) -> Option<RecordDamage> {
        let admin = worktree.admin.as_deref()?;
        if worktree.initializing {
            return None;
        }
        if let Some(broken) = &worktree.broken {
            return Some(RecordDamage::Record(broken.clone()));
        }
        let path = &worktree.path;
        let named = self.find_admin_named_by(path);
        // The usual answer, for the price of one small file. What that leaves open the bytes of the link tell.
        if named.as_deref() == Some(admin)
            || !path.symlink_metadata().is_ok_and(|found| found.is_dir())
            || self.is_folder_of(path, admin)
        {
            return None;
        }
        Some(match named {
            Some(owner) if names_back(path, &self.admin_dir(&owner)) => RecordDamage::Displaced(owner),
            other => RecordDamage::Unlinked(other.filter(|other| self.has_worktree(other))),
        })
    }
}
