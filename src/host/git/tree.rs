//! What a commit holds, without checking it out.

use super::repository::Repository;
use crate::error::{Code, Failure, Result};

impl Repository {
    /// Answers whether the commit has a file called `name` at its top.
    pub fn is_in_commit(&self, commit: &str, name: &str) -> Result<bool> {
        let Some(library) = self.library() else {
            let listed =
                self.git().args(["ls-tree", "--name-only", "--full-tree", commit, "--", name]).require()?;
            return Ok(!listed.stdout.is_empty());
        };
        let read = git2::Oid::from_str(commit)
            .and_then(|id| library.find_commit(id))
            .and_then(|commit| commit.tree());
        let tree = read.map_err(|error| {
            Failure::new(Code::GitFailed, format!("commit {commit} cannot be read: {}", error.message()))
                .caused_by(error)
        })?;
        Ok(tree.get_name(name).is_some())
    }
}
