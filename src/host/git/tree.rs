//! What a commit holds, without checking it out.

use super::repository::Repository;
use crate::error::Result;

impl Repository {
    /// Answers whether the commit has a file called `name` at its top.
    pub fn is_in_commit(&self, commit: &str, name: &str) -> Result<bool> {
        let tree = self.library().and_then(|library| {
            let id = git2::Oid::from_str(commit).ok()?;
            library.find_commit(id).ok()?.tree().ok()
        });
        if let Some(tree) = tree {
            return Ok(tree.get_name(name).is_some());
        }
        // A clone without trees has them fetched by git; and of what is damaged git says it best.
        let listed =
            self.git().args(["ls-tree", "--name-only", "--full-tree", commit, "--", name]).require()?;
        Ok(!listed.stdout.is_empty())
    }
}
