//! What a checkout is asked for, what it reports, and its steps in order. The index is written last: it is what says
//! that the files are whole.

use std::path::Path;

use crate::error::{Code, Failure, Result};

/// One commit that shall become files in one folder.
pub struct Request<'a> {
    /// The folder that all worktrees share, as git calls it (gitrepository-layout(5)).
    pub common_dir: &'a Path,
    /// The commit in hexadecimal.
    pub commit: &'a str,
    /// The worktree's folder: it exists, and holds nothing that the commit holds too.
    pub folder: &'a Path,
    /// git's own folder of the worktree; the file `index` is written into it.
    pub admin: &'a Path,
    /// How many threads write; 0 counts as one for each core.
    pub workers: usize,
    /// Looked at between files: true when the user wants us to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Told how many files of how many are written; called now and then, from any of the threads.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What a checkout wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Files and symbolic links.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Folders below the root, those of submodules too.
    pub folders: usize,
}

/// Writes the files of a commit, then its index. What was written before a failure stays for the caller to undo.
///
/// # Errors
///
/// `git_failed` for a bad name or an object that cannot be read, `path_not_empty` for a path that is taken,
/// `disk_full`, `permission`, `interrupted`.
pub fn checkout(request: &Request) -> Result<Report> {
    Err(Failure::new(Code::Internal, format!("{} cannot be checked out yet", request.commit)))
}
