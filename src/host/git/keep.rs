//! One ref that keeps from gc what a removed worktree alone referred to.
use super::repository::Repository;
use crate::error::Result;
use std::path::Path;

impl Repository {
    /// Makes `refs/wt/trash/<token>`; `None` when there is nothing to keep. `admin_dir` is the worktree's git folder.
    pub fn keep(&self, token: &str, admin_dir: &Path) -> Result<Option<String>> {
        let _ = (token, admin_dir);
        todo!()
    }
    /// Drops the ref; one that is gone already is fine.
    pub fn drop_keep(&self, name: &str) -> Result<()> {
        let _ = name;
        todo!()
    }
}
