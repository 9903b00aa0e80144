//! The way of git: `git worktree add --no-checkout`, then `git reset --hard` inside, where libgit2 would get it wrong.
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::Head;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// A worktree for git to make. The branch exists already.
pub struct GitAdd<'a> {
    /// The worktree's folder, absolute; its parents exist.
    pub path: &'a Path,
    /// The branch to check out, or the commit to detach at.
    pub head: &'a Head,
    /// The reason to lock it for.
    pub lock: Option<&'a str>,
    /// The create's lock file, inherited by git: while git lives, nobody undoes the create.
    pub hold: Option<BorrowedFd<'a>>,
    /// Whether the user has interrupted; git is killed then.
    pub interrupted: &'a dyn Fn() -> bool,
}

impl Repository {
    /// Lets git register the worktree, without files; returns git's name of it.
    pub fn register_with_git(&self, request: &GitAdd) -> Result<String> {
        let _ = request;
        todo!()
    }
    /// Lets git write the files of the registered worktree: filters, sparse patterns, missing blobs and all.
    pub fn fill_with_git(&self, request: &GitAdd) -> Result<()> {
        let _ = request;
        todo!()
    }
}
