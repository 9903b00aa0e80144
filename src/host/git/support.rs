//! Whether our own checkout gives what git would give, or git must do it; every reason is one of libgit2's gaps.
use super::repository::Repository;
use crate::error::Result;
use std::path::Path;

/// Who does the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// libgit2 and our own checkout.
    Engine,
    /// The git child, for these reasons, each a phrase: "uses the filter `lfs`".
    Git(Vec<String>),
}

impl Repository {
    /// Decides who checks out `commit`.
    pub fn way(&self, commit: &str) -> Result<Way> {
        let _ = commit;
        todo!()
    }
    /// Decides who tells what changed in the worktree at `path`.
    pub fn status_way(&self, path: &Path) -> Result<Way> {
        let _ = path;
        todo!()
    }
}
