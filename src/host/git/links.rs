//! The links between a repository and its worktrees: in which form git of this configuration would write them.

use super::hook_settings::git_version;
use super::repository::Repository;
use crate::error::Result;
use crate::model::links::{Links, choose};

impl Repository {
    /// Answers whether links are written as relative paths. Where that is new here, the repository is made to say so first,
    /// as git does.
    pub(super) fn has_relative_links(&self) -> bool {
        self.links() == Links::Relative
    }

    /// Returns what there is to say where the links are not as the configuration has them.
    #[must_use]
    pub fn links_in_words(&self) -> Option<String> {
        let Links::TooOld(version) = self.links() else { return None };
        let git = version.map_or("this git".to_owned(), |(major, minor)| format!("git {major}.{minor}"));
        Some(format!(
            "the links between repository and worktree are absolute: {git} reads no relative ones, as \
             `worktree.useRelativePaths` asks for (2.48 does)"
        ))
    }

    fn links(&self) -> Links {
        *self.links.get_or_init(|| {
            let wish =
                self.settings(None).ok().and_then(|all| all.get_bool("worktree.useRelativePaths").ok());
            match choose(wish, self.relative_links, || git_version(&self.common_dir, &self.interrupt).ok()) {
                Links::Undeclared if self.declare_relative_links().is_ok() => Links::Relative,
                Links::Undeclared => Links::Absolute,
                links => links,
            }
        })
    }

    fn declare_relative_links(&self) -> Result<()> {
        for (key, value) in [("core.repositoryFormatVersion", "1"), ("extensions.relativeWorktrees", "true")]
        {
            self.git().args(["config", key, value]).require()?;
        }
        Ok(())
    }
}
