//! Branches and commits, read: through libgit2, or through the git child where libgit2 cannot open the repository.
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::{Distance, Head, RemoteBranch, Upstream};
use std::path::Path;

impl Repository {
    /// Returns the commit that `spec` (a branch, tag, remote branch, hash, `HEAD~2`) names, in hexadecimal.
    pub fn find_commit(&self, spec: &str) -> Result<Option<String>> {
        let _ = spec;
        todo!()
    }
    /// Returns the commit of the local branch `name`, in hexadecimal.
    pub fn find_branch(&self, name: &str) -> Result<Option<String>> {
        let _ = name;
        todo!()
    }
    /// Returns every local branch with its commit.
    pub fn branches(&self) -> Result<Vec<(String, String)>> {
        todo!()
    }
    /// Returns the branch that stands in the way of `name`: `feat` of `feat/x`, and the reverse.
    pub fn branch_obstacle(&self, name: &str) -> Result<Option<String>> {
        let _ = name;
        todo!()
    }
    /// Returns the remote branches that `git switch NAME` would consider.
    pub fn find_remote_branches(&self, name: &str) -> Result<Vec<RemoteBranch>> {
        let _ = name;
        todo!()
    }
    /// Chooses the one remote branch to follow; `ambiguous` when several have it.
    pub fn find_remote_branch(&self, name: &str) -> Result<Option<RemoteBranch>> {
        let _ = name;
        todo!()
    }
    /// Returns the remote branch that `spec` names when it is spelled as one (`origin/main`).
    pub fn find_tracking(&self, spec: &str) -> Result<Option<RemoteBranch>> {
        let _ = spec;
        todo!()
    }
    /// Returns the default branch, short.
    pub fn default_branch(&self) -> Result<Option<String>> {
        todo!()
    }
    /// Returns the branch's upstream.
    pub fn upstream(&self, name: &str) -> Result<Option<Upstream>> {
        let _ = name;
        todo!()
    }
    /// Counts the commits that only `ours` and only `theirs` have.
    pub fn ahead_behind(&self, ours: &str, theirs: &str) -> Result<Distance> {
        let _ = (ours, theirs);
        todo!()
    }
    /// Counts the commits that only `commit` has, of all branches and remote branches but `except_branch`.
    pub fn unshared_commits(&self, commit: &str, except_branch: Option<&str>) -> Result<usize> {
        let _ = (commit, except_branch);
        todo!()
    }
    /// Answers whether another branch or remote branch contains `commit`.
    pub fn is_merged_or_pushed(&self, commit: &str, except_branch: Option<&str>) -> Result<bool> {
        Ok(self.unshared_commits(commit, except_branch)? == 0)
    }
    /// Returns what HEAD of the worktree we stand in points at (the repository's own HEAD elsewhere).
    pub fn head(&self) -> Result<Head> {
        todo!()
    }
    /// Counts the stash entries that were made on `branch`.
    pub fn stash_entries(&self, branch: &str) -> Result<usize> {
        let _ = branch;
        todo!()
    }
    /// Answers whether `path` of the worktree at `worktree` is tracked.
    pub fn is_tracked(&self, worktree: &Path, path: &Path) -> Result<bool> {
        let _ = (worktree, path);
        todo!()
    }
}

/// Answers whether git accepts `name` for a branch (git-check-ref-format(1)).
#[must_use]
pub fn is_valid_branch_name(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false)
}
