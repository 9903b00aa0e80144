//! The folders of the tree on disk, made by whichever thread comes first and opened one below the other, so that no
//! path is too long and no link is followed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;

use super::place;
use super::plan::Plan;
use crate::error::Result;

/// So many levels stay open; a deeper path is walked again from the root where need be.
const MOST_OPEN: usize = 32;

/// What a folder is opened for: to name what is in it.
#[cfg(target_os = "linux")]
const OPEN: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const OPEN: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What came of making a folder; whoever holds the lock makes it, the others wait.
pub(super) type Made = Mutex<Option<Result<(), Errno>>>;

/// One thread's way down to the folder it writes in.
pub(super) struct Folders<'a> {
    plan: &'a Plan,
    root: &'a OwnedFd,
    made: &'a [Made],
    open: Vec<(usize, OwnedFd)>,
}

impl<'a> Folders<'a> {
    /// Starts at the root; `made` is shared by all threads and has one place for each folder of the plan.
    pub(super) fn new(plan: &'a Plan, root: &'a OwnedFd, made: &'a [Made]) -> Self {
        Self { plan, root, made, open: Vec::new() }
    }

    /// Opens a folder of the plan, making it and those above it where nobody has yet.
    pub(super) fn open(&mut self, folder: usize) -> Result<BorrowedFd<'_>> {
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

    fn enter(&self, folder: usize) -> Result<OwnedFd> {
        let wanted = &self.plan.folders[folder];
        let mut made = self.made[folder].lock().unwrap_or_else(PoisonError::into_inner);
        let made =
            *made.get_or_insert_with(|| mkdirat(self.last(), wanted.name(), Mode::from_raw_mode(0o777)));
        made.and_then(|()| openat(self.last(), wanted.name(), OPEN, Mode::empty()))
            .map_err(|error| place::refused(error, &wanted.path))
    }
}
