//! git's configuration as libgit2 reads it: system, user, repository, worktree, also where it cannot open the repository.

use std::path::Path;
use std::rc::Rc;

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
    /// Reads the whole configuration, the worktree's own layer of `git_dir` included where the repository has such. What
    /// all worktrees share is read once: a command asks for it many times.
    pub(super) fn settings(&self, git_dir: Option<&Path>) -> Result<Rc<Config>> {
        let shared = if let Some(shared) = self.shared_settings.get() {
            Rc::clone(shared)
        } else {
            let read = Rc::new(self.read_settings(None)?);
            Rc::clone(self.shared_settings.get_or_init(|| read))
        };
        if !shared.get_bool("extensions.worktreeconfig").unwrap_or(false) {
            return Ok(shared);
        }
        let own = git_dir.unwrap_or(&self.common_dir).join("config.worktree");
        if own.is_file() { self.read_settings(Some(&own)).map(Rc::new) } else { Ok(shared) }
    }

    fn read_settings(&self, own: Option<&Path>) -> Result<Config> {
        let failed = |error| from_library(error, "read git's configuration");
        let mut config = Config::open_default().map_err(failed)?;
        let local = self.common_dir.join("config");
        if local.is_file() {
            config.add_file(&local, ConfigLevel::Local, true).map_err(failed)?;
        }
        if let Some(own) = own {
            config.add_file(own, ConfigLevel::Worktree, true).map_err(failed)?;
        }
        config.snapshot().map_err(failed)
    }
}
