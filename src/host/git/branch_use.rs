//! Which worktree holds a branch.
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::BranchUse;

impl Repository {
    /// Returns the worktree that holds branch `name`.
    pub fn branch_in_use(&self, name: &str) -> Result<Option<BranchUse>> {
        let _ = name;
        todo!()
    }
}
