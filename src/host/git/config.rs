//! git's configuration as libgit2 reads it: system, user, repository, worktree, also where it cannot open the repository.

use std::path::Path;

use git2::{Config, ConfigLevel};

use super::repository::{Repository, from_library};
use crate::error::Result;

/// Reads one configuration file; `None` when it is missing or broken.
pub(super) fn file(path: &Path) -> Option<Config> {
    if !path.is_file() {
        return None;
    }
    let config = Config::open(path).ok()?;
    Some(config)
}

impl Repository {
    /// Reads the whole configuration, the worktree's own layer of `git_dir` included where the repository has such.
    pub(super) fn settings(&self, git_dir: Option<&Path>) -> Result<Config> {
        let failed = |error| from_library(error, "read git's configuration");
        let mut config = Config::open_default().map_err(failed)?;
        let local = self.common_dir.join("config");
        if local.is_file() {
            config.add_file(&local, ConfigLevel::Local, true).map_err(failed)?;
        }
        if config.get_bool("extensions.worktreeconfig").unwrap_or(false) {
            let own = git_dir.unwrap_or(&self.common_dir).join("config.worktree");
            if own.is_file() {
                config.add_file(&own, ConfigLevel::Worktree, true).map_err(failed)?;
            }
        }
        config.snapshot().map_err(failed)
    }
}
