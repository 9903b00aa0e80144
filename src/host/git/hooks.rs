//! git's own hooks, run as git would run them.
use super::repository::Repository;
use crate::error::Result;
use std::path::Path;

impl Repository {
    /// Runs the `post-checkout` hooks in the new worktree; returns the exit status when it is not 0.
    pub fn run_post_checkout(
        &self,
        worktree: &Path,
        new: &str,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<i32>> {
        let _ = (worktree, new, interrupted);
        todo!()
    }
}
