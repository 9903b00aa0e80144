//! What tells one version of a file that is replaced whole from the next, without reading it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A version of a file: each is a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    /// Returns that of the file at `path`, links followed; `None` where there is none.
    #[must_use]
    pub fn find(path: &Path) -> Option<Self> {
        let found = path.metadata().ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}
