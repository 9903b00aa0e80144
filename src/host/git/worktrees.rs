//! The worktrees of a repository, read from their own files in `.git/worktrees`.
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::Head;
use std::path::{Path, PathBuf};

/// One worktree as its files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worktree {
    /// git's name of it; `None` for the main one.
    pub admin: Option<String>,
    pub path: PathBuf,
    pub head: Head,
    /// The commit HEAD stands at, in hexadecimal; `None` where unborn or unreadable.
    pub commit: Option<String>,
    /// The reason it is locked for, possibly empty.
    pub lock: Option<String>,
    /// Whether git is (or was, when killed) still making it.
    pub initializing: bool,
    /// Whether its folder is not there.
    pub missing: bool,
    /// What is wrong with its files.
    pub broken: Option<String>,
}

impl Repository {
    /// Returns every worktree, the main one first, damaged ones included.
    pub fn worktrees(&self) -> Result<Vec<Worktree>> {
        todo!()
    }
    /// Returns the worktree whose folder is `path`, present or not.
    pub fn find_worktree(&self, path: &Path) -> Result<Option<Worktree>> {
        let _ = path;
        todo!()
    }
    /// Returns the folder git keeps for the worktree `admin`.
    pub fn admin_dir(&self, admin: &str) -> PathBuf {
        self.common_dir.join("worktrees").join(admin)
    }
    /// Returns what a worktree's HEAD points at.
    pub fn read_head(&self, admin: Option<&str>) -> Result<Head> {
        let _ = admin;
        todo!()
    }
}
