//! The proof, before anything is renamed or deleted, that a folder is a linked worktree of this repository.
use super::repository::Repository;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// A worktree that may be moved or deleted: `path/.git` and the admin folder name each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    path: PathBuf,
    admin: String,
    admin_dir: PathBuf,
}

impl Linked {
    /// Returns the worktree's folder, links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Returns git's name of the worktree.
    pub fn admin(&self) -> &str {
        &self.admin
    }
    /// Returns git's folder for it.
    pub fn admin_dir(&self) -> &Path {
        &self.admin_dir
    }
}

impl Repository {
    /// Proves that `path` is the linked worktree `admin` of this repository, and nothing else of value.
    /// `home` is the user's home folder.
    pub fn require_linked(&self, path: &Path, admin: &str, home: Option<&Path>) -> Result<Linked> {
        let _ = (path, admin, home);
        todo!()
    }
}
