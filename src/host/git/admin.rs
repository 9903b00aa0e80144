//! git's admin folder of a worktree: built complete beside, then renamed into `.git/worktrees`.
use super::repository::Repository;
use crate::error::Result;
use crate::model::branch::Head;
use std::path::{Path, PathBuf};

/// What the admin folder is to say.
#[derive(Clone, Debug)]
pub struct AdminRequest<'a> {
    /// git's name to be, as [`Repository::choose_name`] gave it.
    pub name: &'a str,
    /// The worktree's folder, absolute.
    pub path: &'a Path,
    pub head: &'a Head,
    /// The commit to be checked out, in hexadecimal.
    pub commit: &'a str,
    /// The reason to lock it for.
    pub lock: Option<&'a str>,
    /// The journal's token: the proof, in the file `wt-token`, that the folder is ours.
    pub token: &'a str,
}

impl Repository {
    /// Returns a free name for the admin folder, as git would make it from `wanted`.
    pub fn choose_name(&self, wanted: &str) -> Result<String> {
        let _ = wanted;
        todo!()
    }
    /// Makes the admin folder whole and shows it to git in one step. `Ok(None)`: the name is taken, choose again.
    pub fn make_admin(&self, request: &AdminRequest) -> Result<Option<PathBuf>> {
        let _ = request;
        todo!()
    }
    /// Writes `.git` into the worktree's folder.
    pub fn write_link(&self, name: &str, path: &Path) -> Result<()> {
        let _ = (name, path);
        todo!()
    }
    /// Answers whether the admin folder bears the token: it was made by that create.
    pub fn is_marked(&self, name: &str, token: &str) -> bool {
        let _ = (name, token);
        todo!()
    }
    /// Removes the token from the admin folder, once the create is done.
    pub fn unmark(&self, name: &str) -> Result<()> {
        let _ = name;
        todo!()
    }
    /// Answers whether the create that made the admin folder got as far as a whole worktree.
    pub fn is_whole(&self, name: &str, path: &Path) -> bool {
        let _ = (name, path);
        todo!()
    }
    /// Moves the admin folder out of git's sight, to `to`.
    pub fn take_admin(&self, name: &str, to: &Path) -> Result<()> {
        let _ = (name, to);
        todo!()
    }
    /// Moves an admin folder back from `from`; returns its name, another when the old one is taken meanwhile.
    pub fn put_back_admin(&self, from: &Path, name: &str, path: &Path) -> Result<String> {
        let _ = (from, name, path);
        todo!()
    }
    /// Removes the half-made folder of a create that died before the rename.
    pub fn discard_making(&self, token: &str) -> Result<()> {
        let _ = token;
        todo!()
    }
    /// Removes an admin folder that bears the token, in one step out of git's sight.
    pub fn discard_admin(&self, name: &str, token: &str) -> Result<()> {
        let _ = (name, token);
        todo!()
    }
}
