//! git's own hooks, run as git would run them; a git child is started only where a hook can exist.

use std::path::{Path, PathBuf};

use super::command::Git;
use super::repository::Repository;
use crate::error::Result;

impl Repository {
    /// Runs the `post-checkout` hooks in the new worktree, as `git worktree add` does (githooks(5)): old commit
    /// zeros, `new` in hexadecimal, flag 1. Returns the exit status when it is not 0. What hooks say goes to stderr.
    pub fn run_post_checkout(
        &self,
        worktree: &Path,
        new: &str,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<i32>> {
        if !self.may_have_hook("post-checkout", worktree)? {
            return Ok(None);
        }
        let zeros = "0".repeat(new.len());
        let args = ["hook", "run", "--ignore-missing", "post-checkout", "--", &zeros, new, "1"];
        let output = Git::new(worktree).args(args).talk().interrupted_by(interrupted).run()?;
        Ok((!output.is_success()).then_some(output.status))
    }

    /// Answers whether the hook may exist, as a file or (git 2.54 and later) in the configuration.
    fn may_have_hook(&self, hook: &str, worktree: &Path) -> Result<bool> {
        let settings = self.settings(None)?;
        let folder = match settings.get_path("core.hooksPath") {
            // A relative path counts from where the hook runs: the worktree.
            Ok(path) => worktree.join(path),
            Err(_) => PathBuf::from(&self.common_dir).join("hooks"),
        };
        if folder.join(hook).symlink_metadata().is_ok() {
            return Ok(true);
        }
        let Ok(entries) = settings.entries(Some(r"^hook\..*\.event$")) else {
            return Ok(false);
        };
        let mut is_configured = false;
        let read = entries.for_each(|entry| {
            is_configured |= entry.has_value() && entry.value().is_ok_and(|event| event == hook);
        });
        Ok(is_configured || read.is_err())
    }
}
