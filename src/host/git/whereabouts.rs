//! Where a folder stands in its repository, read from a handful of small files: what a git hook needs before it knows
//! whether opening the repository is worth the time.

use std::path::{Path, PathBuf};

use super::discovery::{self, common_dir_of};
use super::operation;
use super::paths::canonical;
use super::tips::{has_head, read_head_text, read_text};
use super::worktrees::{folder_of, read_gitdir};
use crate::model::branch::Head;
use crate::model::registry::repository::RepositoryId;

/// The worktree that a folder lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// The worktree's folder.
    pub folder: PathBuf,
    /// git's name of it; `None` for the main one.
    pub admin: Option<String>,
    /// The folder that all worktrees share.
    pub common_dir: PathBuf,
    git_dir: PathBuf,
}

impl Whereabouts {
    /// Finds the worktree that `start` lies in, deaf to `GIT_DIR` and its like; `None` outside of one, and where git's
    /// files are damaged.
    #[must_use]
    pub fn find(start: &Path) -> Option<Self> {
        let found = discovery::find(&std::fs::canonicalize(start).ok()?).ok()??;
        let git_dir = canonical(&found.git_dir);
        let common_dir = common_dir_of(&git_dir);
        let admin = if git_dir == common_dir {
            None
        } else {
            Some(git_dir.file_name()?.to_string_lossy().into_owned())
        };
        Some(Self { folder: found.worktree?, admin, common_dir, git_dir })
    }

    /// Returns the repository's id, where `wt` has been here before.
    #[must_use]
    pub fn find_id(&self) -> Option<RepositoryId> {
        super::identity::read_id(&self.common_dir.join("wt").join("id"))
    }

    /// Returns the folders of the repository's linked worktrees, as far as their records say.
    #[must_use]
    pub fn linked_folders(&self) -> Vec<PathBuf> {
        let records = self.common_dir.join("worktrees").read_dir().into_iter().flatten().flatten();
        let links = records.filter_map(|record| read_gitdir(&record.path()));
        links.map(|link| folder_of(&link).to_path_buf()).collect()
    }

    /// Returns what the HEAD file says; a branch is taken to exist, and with reftable it is unreadable.
    #[must_use]
    pub fn head(&self) -> Head {
        Head::parse(&read_head_text(&self.git_dir).unwrap_or_default())
    }

    /// Answers whether git is in the middle of something here, so that a HEAD without a branch will soon have one again.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        operation::find(&self.git_dir).is_some() || operation::is_moved_by_rebase(&self.git_dir)
    }

    /// Answers whether the repository has a linked worktree of that name.
    #[must_use]
    pub fn has_other(&self, admin: &str) -> bool {
        has_head(&self.common_dir.join("worktrees").join(admin))
    }

    /// Answers whether git's worktree `admin` is locked, or is in whatever folder: it was moved.
    #[must_use]
    pub fn keeps(&self, admin: &str) -> bool {
        let is_name = !admin.is_empty() && !admin.contains('/') && admin != "..";
        let folder = self.common_dir.join("worktrees").join(admin);
        is_name
            && (read_gitdir(&folder).is_some_and(|link| link.exists())
                || read_text(&folder.join("locked")).is_some_and(|reason| reason != "initializing"))
    }
}
