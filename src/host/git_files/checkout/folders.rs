//! The folders of the tree on disk, made by whichever thread comes first or found in a sibling, and opened one below the
//! other, so that no path is too long and no link is followed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;

use super::plan::Plan;

/// So many levels stay open; a deeper path is walked again from the root where need be.
const MOST_OPEN: usize = 32;

/// What a folder is opened for: to name what is in it.
#[cfg(target_os = "linux")]
pub(super) const OPEN: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
pub(super) const OPEN: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What came of making a folder; whoever holds the lock makes it, the others wait.
pub(super) type FolderMaking = Mutex<Option<Result<(), Errno>>>;

/// One thread's way down to the folder it writes in.
pub(super) struct Folders<'a> {
    plan: &'a Plan,
    root: &'a OwnedFd,
    /// `None` where nothing is to be made.
    made: Option<&'a [FolderMaking]>,
    open: Vec<(usize, OwnedFd)>,
}

impl<'a> Folders<'a> {
    /// Starts at the root; `made` is shared by all threads and has one place for each folder of the plan.
    pub(super) fn new(plan: &'a Plan, root: &'a OwnedFd, made: &'a [FolderMaking]) -> Self {
        Self { plan, root, made: Some(made), open: Vec::new() }
    }

    /// Starts at the root of a worktree that has the plan's folders already, or some of them.
    pub(super) fn existing(plan: &'a Plan, root: &'a OwnedFd) -> Self {
        Self { plan, root, made: None, open: Vec::new() }
    }

    /// Opens a folder of the plan; where folders are to be made, makes it and those above it unless somebody has.
    pub(super) fn open(&mut self, folder: usize) -> Result<BorrowedFd<'_>, Errno> {
        let mut missing = Vec::new();
        let mut at = folder;
        while at != 0 && self.open.last().is_none_or(|(last, _)| *last != at) {
            if self.open.iter().any(|(open, _)| *open == at) {
                self.open.pop();
            } else {
                missing.push(at);
                at = self.plan.folders[at].parent;
            }
        }
        if at == 0 {
            self.open.clear();
        }
        for next in missing.into_iter().rev() {
            let opened = self.enter(next)?;
            if self.open.len() == MOST_OPEN {
                self.open.remove(0);
            }
            self.open.push((next, opened));
        }
        Ok(self.last())
    }

    fn last(&self) -> BorrowedFd<'_> {
        self.open.last().map_or(self.root.as_fd(), |(_, folder)| folder.as_fd())
    }

    fn enter(&self, folder: usize) -> Result<OwnedFd, Errno> {
        let name = self.plan.folders[folder].name();
        if let Some(made) = self.made.and_then(|made| made.get(folder)) {
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            (*made.get_or_insert_with(|| mkdirat(self.last(), name, Mode::from_raw_mode(0o777))))?;
        }
        openat(self.last(), name, OPEN, Mode::empty())
    }
}
