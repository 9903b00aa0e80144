//! Where the linked worktrees were a moment ago: of hundreds that one command moves, not each has the places of all others read.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::Result;

/// How long what was read counts as read just now.
const AS_NEW: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct KnownPlaces {
    read_at: Instant,
    names: HashSet<String>,
    folders: BTreeSet<PathBuf>,
}

impl KnownPlaces {
    /// Reads the folders of the worktrees that git calls `names`.
    pub(super) fn read(
        names: Vec<String>,
        folders: impl FnOnce() -> Result<BTreeSet<PathBuf>>,
    ) -> Result<Self> {
        let read_at = Instant::now();
        Ok(Self { read_at, names: names.into_iter().collect(), folders: folders()? })
    }

    /// Answers whether it was read just now and has all that there are, those that came since with them.
    pub(super) fn are_as_new(&self, names: &[String]) -> bool {
        self.read_at.elapsed() < AS_NEW && names.iter().all(|name| self.names.contains(name))
    }

    pub(super) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }
}
