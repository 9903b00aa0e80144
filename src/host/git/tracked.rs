//! Whether git tracks a file of a worktree.

use std::path::Path;

use super::repository::Repository;
use crate::error::Result;
use crate::host::git_files::index::IndexFile;

impl Repository {
    /// Answers whether the index of the worktree at `folder` has `name`.
    pub fn is_tracked(&self, folder: &Path, name: &str) -> Result<bool> {
        let admin = self.find_worktree(folder)?.and_then(|worktree| worktree.admin);
        self.is_tracked_in(admin.as_deref(), folder, name)
    }

    /// As [`is_tracked`](Self::is_tracked), where git's name of the worktree is known; the main one has none.
    pub fn is_tracked_in(&self, admin: Option<&str>, folder: &Path, name: &str) -> Result<bool> {
        let index = match admin {
            Some(admin) => self.admin_dir(admin).join("index"),
            None => self.common_dir().join("index"),
        };
        if self.library().is_some()
            && let Ok(index) = IndexFile::read(&index)
        {
            return Ok(index.entries.iter().any(|entry| index.path(entry) == name.as_bytes()));
        }
        if index.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Ok(false);
        }
        // One that is not read here (split, sparse, SHA-256).
        let listed = self.git_in(folder).args(["ls-files", "-z", "--", name]).require()?;
        Ok(!listed.stdout.is_empty())
    }

    /// Returns the paths that the worktree `admin` at `folder` tracks, in order; submodules are paths of their own.
    ///
    /// # Errors
    ///
    /// `git_failed` where nobody can tell.
    pub fn tracked_paths(&self, admin: &str, folder: &Path) -> Result<Vec<Vec<u8>>> {
        self.tracked_paths_of(Some(admin), folder)
    }

    /// The same; the main worktree has no name of git's.
    ///
    /// # Errors
    ///
    /// `git_failed` where nobody can tell.
    pub fn tracked_paths_of(&self, admin: Option<&str>, folder: &Path) -> Result<Vec<Vec<u8>>> {
        let git_dir = admin.map_or_else(|| self.common_dir().to_path_buf(), |admin| self.admin_dir(admin));
        if self.library().is_some()
            && let Ok(index) = IndexFile::read(&git_dir.join("index"))
        {
            return Ok(index.entries.iter().map(|entry| index.path(entry).to_vec()).collect());
        }
        let listed = self.git_in(folder).args(["ls-files", "-z"]).require()?;
        let paths = listed.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        let mut paths: Vec<Vec<u8>> = paths.map(<[u8]>::to_vec).collect();
        paths.sort_unstable();
        Ok(paths)
    }
}
