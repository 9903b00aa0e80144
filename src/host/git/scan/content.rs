//! Whether a file whose stat data tells nothing still has the content that the index names.

use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};

use super::doubt::ScanDoubt;
use super::rules::{Rules, names_filters};
use crate::host::git_files::index::{IndexEntry, IndexFile};

/// Larger files are hashed by git, which does not need them in memory.
const LARGEST: u64 = 64 << 20;

/// Compares contents in one worktree.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    pub(super) folder: &'a Path,
    pub(super) rules: &'a Rules,
    pub(super) index: &'a IndexFile,
    /// The attribute files in the worktree, relative to it.
    pub(super) attributes: &'a [PathBuf],
}

impl Contents<'_> {
    /// Returns those of the doubtful entries whose content differs.
    pub(super) fn changed(&self, doubtful: &[usize]) -> Result<Vec<usize>, ScanDoubt> {
        if doubtful.is_empty() {
            return Ok(Vec::new());
        }
        let mut filters = self.rules.filters;
        for file in self.attributes {
            let text = std::fs::read(self.folder.join(file));
            filters |= text.is_ok_and(|text| names_filters(&text));
        }
        if filters {
            return Err(ScanDoubt("filters may be in use"));
        }
        let mut changed = Vec::new();
        for at in doubtful {
            if self.differs(&self.index.entries[*at])? {
                changed.push(*at);
            }
        }
        Ok(changed)
    }

    fn differs(&self, entry: &IndexEntry) -> Result<bool, ScanDoubt> {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};

        let path = self.folder.join(std::ffi::OsStr::from_bytes(self.index.path(entry)));
        let gone = |_| ScanDoubt("a file changed meanwhile");
        let bytes = if entry.is_link() {
            std::fs::read_link(&path).map_err(gone)?.into_os_string().into_vec()
        } else {
            if path.symlink_metadata().map_err(gone)?.len() > LARGEST {
                return Err(ScanDoubt("a file is large"));
            }
            let bytes = std::fs::read(&path).map_err(gone)?;
            // What conversions of text and `ident` look for: without it they change nothing.
            let may_convert = self.rules.converts || !self.attributes.is_empty();
            let is_touched =
                || memchr::memchr(b'\r', &bytes).is_some() || memchr::memmem::find(&bytes, b"$Id").is_some();
            if may_convert && is_touched() {
                return Err(ScanDoubt("text may be converted"));
            }
            bytes
        };
        let oid =
            Oid::hash_object(ObjectType::Blob, &bytes).map_err(|_| ScanDoubt("a file cannot be hashed"))?;
        Ok(oid.as_bytes() != entry.id)
    }
}
