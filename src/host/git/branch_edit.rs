//! Branches, changed: made only where none is, deleted only where unchanged; many processes at once do no harm.
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::RemoteBranch;

impl Repository {
    /// Makes the branch `name` at `commit`; `branch_exists` when it is there. The reflog says `message`.
    pub fn create_branch(&self, name: &str, commit: &str, message: &str) -> Result<()> {
        let _ = (name, commit, message);
        todo!()
    }
    /// Makes `upstream` what `name` follows.
    pub fn set_upstream(&self, name: &str, upstream: &RemoteBranch) -> Result<()> {
        let _ = (name, upstream);
        todo!()
    }
    /// Deletes the branch and its configuration if it still stands at `expected`; answers whether it did.
    pub fn delete_branch(&self, name: &str, expected: &str) -> Result<bool> {
        let _ = (name, expected);
        todo!()
    }
}
