//! Whether git tracks a file of a worktree.

use std::path::Path;

use git2::Index;

use super::repository::Repository;
use crate::error::Result;

impl Repository {
    /// Answers whether the index of the worktree at `folder` has `name`.
    pub fn is_tracked(&self, folder: &Path, name: &str) -> Result<bool> {
        let index = match self.find_worktree(folder)?.and_then(|worktree| worktree.admin) {
            Some(admin) => self.admin_dir(&admin).join("index"),
            None => self.common_dir().join("index"),
        };
        if self.library().is_some()
            && let Ok(index) = Index::open(&index)
        {
            return Ok((0..=3).any(|stage| index.get_path(Path::new(name), stage).is_some()));
        }
        // An index that libgit2 cannot read (split, SHA-256).
        let listed = super::command::Git::new(folder).args(["ls-files", "-z", "--", name]).require()?;
        Ok(!listed.stdout.is_empty())
    }
}
