//! What stands in a worktree where the source has something to carry, and whether the source has news of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::copy::{HASHED, hash_of};
use super::proof::{is_as_made, own_bytes};
use super::search::{Item, PathKind};
use crate::host::files;
use crate::model::carry::again::StandsThere;
use crate::model::carry::record::{CarriedPath, CarryRecord};

/// Two worktrees, and what is remembered of the copies.
#[derive(Clone, Copy, Debug)]
pub struct CarrySight<'a> {
    pub source: &'a Path,
    pub target: &'a Path,
    pub record: &'a CarryRecord,
}

impl CarrySight<'_> {
    /// Looks at what stands at the path.
    #[must_use]
    pub fn here(&self, item: &Item) -> StandsThere {
        let path = &item.path;
        let row = self.record.rows.get(path);
        let Ok(found) = self.target.join(path).symlink_metadata() else {
            return if self.deleted(path).is_some() { StandsThere::Deleted } else { StandsThere::Absent };
        };
        if found.is_dir() {
            return StandsThere::Folder;
        }
        if row.is_some_and(|row| is_as_made(self.target, path, row)) {
            return StandsThere::Copy;
        }
        if let (PathKind::File { env: true, .. }, None) = (&item.kind, row)
            && found.is_file()
            && found.len() > 0
            && own_bytes(&self.target.join(path)).is_some_and(|own| own.is_empty())
        {
            return StandsThere::Blank;
        }
        if self.is_same(item) { StandsThere::Same } else { StandsThere::Other { was_copy: row.is_some() } }
    }

    /// Returns the topmost path that was carried, at `path` or above it, and is not there any more.
    #[must_use]
    pub fn deleted<'a>(&self, path: &'a str) -> Option<&'a str> {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
        let is_gone = |path: &&str| {
            self.record.rows.contains_key(*path) && self.target.join(path).symlink_metadata().is_err()
        };
        above.into_iter().find(is_gone)
    }

    /// Answers whether the source has something else than what was carried.
    #[must_use]
    pub fn has_news(&self, item: &Item) -> bool {
        match (self.record.rows.get(&item.path), &item.kind) {
            (Some(CarriedPath::Link { target: before }), PathKind::Link { target }) => before != target,
            (Some(row @ CarriedPath::File { .. }), PathKind::File { .. }) => {
                !is_as_made(self.source, &item.path, row)
            }
            (Some(CarriedPath::Folder), PathKind::Folder { .. }) => false,
            _ => true,
        }
    }

    fn is_same(&self, item: &Item) -> bool {
        let (here, there) = (self.target.join(&item.path), self.source.join(&item.path));
        match &item.kind {
            PathKind::Link { target } => fs::read_link(&here).is_ok_and(|leads| leads == *target),
            PathKind::File { env: true, .. } => {
                own_bytes(&here).is_some_and(|own| own_bytes(&there).is_some_and(|their| own == their))
            }
            PathKind::File { .. } => files::is_same_tree(&here, &there),
            PathKind::Folder { .. } => false,
        }
    }

    /// Returns what is to be remembered of a path that is the same here and there; `None` where that proves nothing later.
    #[must_use]
    pub fn row_of_same(&self, item: &Item) -> Option<CarriedPath> {
        let facts = |folder: &Path| {
            let found = folder.join(&item.path).symlink_metadata().ok()?;
            Some((found.len(), (found.mtime(), found.mtime_nsec())))
        };
        let (size, time) = facts(self.source)?;
        match &item.kind {
            PathKind::Link { target } => Some(CarriedPath::Link { target: target.clone() }),
            PathKind::File { env: true, .. } => {
                let own = own_bytes(&self.source.join(&item.path))?;
                Some(CarriedPath::File { size: own.len() as u64, time, hash: Some(hash_of(&own)), env: true })
            }
            PathKind::File { .. } => {
                let is_dressed = facts(self.target)? == (size, time);
                // Without the source's time its bytes alone prove it.
                let hash = || Some(hash_of(&files::read_plain(&self.source.join(&item.path)).ok()?));
                let hash = if is_dressed || size > HASHED { None } else { hash() };
                (is_dressed || hash.is_some()).then_some(CarriedPath::File { size, time, hash, env: false })
            }
            PathKind::Folder { .. } => None,
        }
    }
}
