//! Whether a worktree ignores a path that may not be there yet: what is copied into it must not be what the next `git add`
//! publishes.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::ignoring::Ignoring;
use super::rules::Rules;
use crate::host::git::repository::Repository;
use crate::model::ignore::IgnorePatterns;

/// What one worktree ignores.
#[derive(Debug)]
pub struct Ignores {
    /// Those of repository and user; none where only git can read them.
    outside: Vec<IgnorePatterns>,
    /// The paths that git was asked about, and ignores.
    told: HashSet<Vec<u8>>,
}

/// One folder, and the ignore files that count in it.
#[derive(Clone, Debug)]
pub struct Depth {
    ignoring: Ignoring,
    is_ignored: bool,
}

impl Repository {
    /// Returns what the worktree at `folder` ignores. Where only git can tell it is asked about `paths`, none of which may lie
    /// below a link or in a submodule; folders end in `/`. What nobody can tell counts as not ignored.
    #[must_use]
    pub fn ignores(&self, folder: &Path, paths: &[Vec<u8>]) -> Ignores {
        if let Ok(rules) = Rules::read(self, None) {
            return Ignores { outside: rules.ignores, told: HashSet::new() };
        }
        let input = paths.join(&0);
        let output = self.git_in(folder).args(["check-ignore", "-z", "--stdin"]).input(input).run();
        let told = output.map(|output| output.stdout).unwrap_or_default();
        let bare = |path: &[u8]| path.strip_suffix(b"/").unwrap_or(path).to_vec();
        let told = told.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(bare).collect();
        Ignores { outside: Vec::new(), told }
    }
}

impl Ignores {
    /// Returns the worktree's own folder.
    #[must_use]
    pub fn root(&self, folder: &OwnedFd) -> Depth {
        Depth { ignoring: Ignoring::new().with_file_of(folder, 0), is_ignored: false }
    }

    /// Returns the folder at `path` below; `with` is the folder whose `.gitignore` counts there.
    #[must_use]
    pub fn enter(&self, above: &Depth, path: &[u8], with: Option<&OwnedFd>) -> Depth {
        let is_ignored = above.is_ignored || self.is_ignored(above, path, true);
        let ignoring = match with {
            Some(folder) if !is_ignored => above.ignoring.with_file_of(folder, path.len() + 1),
            _ => above.ignoring.clone(),
        };
        Depth { ignoring, is_ignored }
    }

    /// Answers whether the path in that folder is ignored.
    #[must_use]
    pub fn is_ignored(&self, depth: &Depth, path: &[u8], is_folder: bool) -> bool {
        depth.is_ignored
            || self.told.contains(path)
            || depth.ignoring.verdict_among(&self.outside, path, is_folder, &mut 0) == Some(true)
    }
}
