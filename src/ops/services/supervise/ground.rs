//! The worktree's folder that services stand in: where it is by now, and that it was left. What git was told of, as by
//! `git worktree move`, is no leaving.

use std::path::{Path, PathBuf};

use crate::host::git::is_moved_untold;
use crate::host::services::open_folder::OpenFolder;

/// git renames a folder first and writes its record after that: only what stays elsewhere was moved by hand.
const LOOKS: u32 = 2;

#[derive(Debug)]
pub(super) struct Ground {
    /// Where it was when services were first asked for.
    path: PathBuf,
    folder: Option<OpenFolder>,
    is_deleted: bool,
    /// In how many looks in a row the folder was elsewhere than git says.
    times_elsewhere: u32,
}

/// What a look at it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Footing {
    Firm,
    /// The folder was deleted, or moved by hand: its services end with it.
    Lost,
}

impl Ground {
    pub fn find(path: &Path) -> Self {
        let folder = OpenFolder::find(path);
        Self { path: path.to_path_buf(), folder, is_deleted: false, times_elsewhere: 0 }
    }

    /// Returns where the worktree is by now: it may be moved while its services run.
    pub fn root(&self) -> PathBuf {
        let found = self.folder.as_ref().and_then(OpenFolder::find_path);
        found.unwrap_or_else(|| self.path.clone())
    }

    /// Returns where a folder of it is by now; one that is elsewhere stays there.
    pub fn place_of(&self, folder: &Path) -> PathBuf {
        match folder.strip_prefix(&self.path) {
            Ok(below) => self.root().join(below),
            Err(_) => folder.to_path_buf(),
        }
    }

    /// Answers whether it was deleted: what was moved may be a worktree again, and keeps its record.
    pub fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    /// Looks whether the folder is the worktree still; tells of a loss once.
    pub fn footing(&mut self) -> Footing {
        let Some(folder) = self.folder.as_ref().filter(|_| !self.is_deleted) else { return Footing::Firm };
        self.is_deleted = folder.is_deleted();
        let is_elsewhere = !self.is_deleted && folder.find_path().is_some_and(|path| is_moved_untold(&path));
        self.times_elsewhere = if is_elsewhere { self.times_elsewhere.saturating_add(1) } else { 0 };
        if self.is_deleted || self.times_elsewhere == LOOKS { Footing::Lost } else { Footing::Firm }
    }
}
