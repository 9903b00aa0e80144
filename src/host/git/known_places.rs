//! Where the linked worktrees were a moment ago: of hundreds that one command moves, not each has the places of all others read.

use std::collections::{BTreeSet, HashMap};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::Result;

/// How long what was read counts as read just now.
const AS_NEW: Duration = Duration::from_millis(100);

/// What tells one version of a file that names a worktree's place from the next; `None` where there is none.
type Version = Option<(u64, u64, i64, i64)>;

#[derive(Debug)]
pub(super) struct KnownPlaces {
    read_at: Instant,
    /// The worktrees, by git's names.
    versions: HashMap<String, Version>,
    folders: BTreeSet<PathBuf>,
}

impl KnownPlaces {
    /// Reads the folders of the worktrees that git calls `names`, and has a folder for each below `admins`.
    pub(super) fn read(
        admins: &Path,
        names: Vec<String>,
        folders: impl FnOnce() -> Result<BTreeSet<PathBuf>>,
    ) -> Result<Self> {
        // Before the places are read: who changes one meanwhile is seen.
        let read_at = Instant::now();
        let versions = names.into_iter().map(|name| (name.clone(), version(admins, &name))).collect();
        Ok(Self { read_at, versions, folders: folders()? })
    }

    /// Answers whether it was read just now, has all that there are, and each where it was: a worktree that came since, or was
    /// moved or made anew under its name, may stand within another.
    pub(super) fn are_as_new(&self, admins: &Path, names: &[String]) -> bool {
        let is_same = |name: &String| {
            self.versions.get(name).is_some_and(|known| known.is_some() && *known == version(admins, name))
        };
        self.read_at.elapsed() < AS_NEW && names.iter().all(is_same)
    }

    pub(super) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }
}

fn version(admins: &Path, name: &str) -> Version {
    let of = |found: Metadata| (found.ino(), found.size(), found.ctime(), found.ctime_nsec());
    admins.join(name).join("gitdir").symlink_metadata().ok().map(of)
}
