//! What changed in a worktree: through libgit2, or the git child where libgit2 cannot tell.
use super::repository::Repository;
use crate::error::Result;
use std::path::Path;

/// The changed paths of a worktree, relative to it, folders ending in `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Differ between HEAD and the index.
    pub staged: Vec<String>,
    /// Differ between the index and the files, deleted ones included.
    pub modified: Vec<String>,
    /// Neither tracked nor ignored.
    pub untracked: Vec<String>,
    /// Ignored; a folder that is ignored whole is one path.
    pub ignored: Vec<String>,
    /// In conflict.
    pub conflicted: Vec<String>,
    /// Submodules with another commit checked out, or changes within.
    pub submodules: Vec<String>,
}

impl Changes {
    /// Answers whether nothing but ignored files is there.
    pub fn is_clean(&self) -> bool {
        self.count() == 0
    }
    /// Counts the changed paths, ignored ones aside.
    pub fn count(&self) -> usize {
        self.staged.len()
            + self.modified.len()
            + self.untracked.len()
            + self.conflicted.len()
            + self.submodules.len()
    }
}

impl Repository {
    /// Returns what changed in the worktree at `path`; `ignored` says whether ignored files are looked for too.
    pub fn changes(&self, path: &Path, ignored: bool) -> Result<Changes> {
        let _ = (path, ignored);
        todo!()
    }
}
