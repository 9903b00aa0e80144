//! A folder of the new worktree that may not be there yet: what stands in it, and what it ignores.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use crate::host::git::{Depth, Ignores};
use crate::model::carry::left_out::LeftOutReason;

/// Opens a folder to list it, and no link.
pub(super) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The folder itself.
#[derive(Clone, Debug)]
pub(super) enum FolderGround {
    Missing,
    Folder(Arc<OwnedFd>),
    /// Nothing is put below it.
    Blocked(LeftOutReason),
}

/// The folder with what counts in it.
#[derive(Clone, Debug)]
pub(super) struct FolderSpot {
    pub(super) ground: FolderGround,
    pub(super) depth: Depth,
}

impl FolderSpot {
    /// Begins at the worktree's own folder.
    pub(super) fn root(ignores: &Ignores, folder: OwnedFd) -> Self {
        let depth = ignores.root(&folder);
        Self { ground: FolderGround::Folder(Arc::new(folder)), depth }
    }

    /// Goes into the folder at `path`. Where it is not there yet the `.gitignore` of `source` counts if it comes along: if it
    /// is ignored itself. Without it the files beside it would stand there for the next `git add`.
    pub(super) fn enter(
        &self,
        ignores: &Ignores,
        tracked: &[Vec<u8>],
        path: &[u8],
        source: Option<&OwnedFd>,
    ) -> Self {
        let ground = self.ground_of(tracked, path);
        let depth = match &ground {
            FolderGround::Folder(folder) => ignores.enter(&self.depth, path, Some(&**folder)),
            FolderGround::Missing => {
                let with = ignores.enter(&self.depth, path, source);
                let own = [path, b"/.gitignore"].concat();
                if ignores.is_ignored(&with, &own, false) {
                    with
                } else {
                    ignores.enter(&self.depth, path, None)
                }
            }
            FolderGround::Blocked(_) => ignores.enter(&self.depth, path, None),
        };
        Self { ground, depth }
    }

    fn ground_of(&self, tracked: &[Vec<u8>], path: &[u8]) -> FolderGround {
        if is_tracked(tracked, path) {
            return FolderGround::Blocked(LeftOutReason::Tracked);
        }
        let FolderGround::Folder(folder) = &self.ground else { return self.ground.clone() };
        match openat(folder, name_of(path), FOLDER, Mode::empty()) {
            Ok(inner) => FolderGround::Folder(Arc::new(inner)),
            Err(Errno::NOENT) => FolderGround::Missing,
            Err(Errno::ACCESS) => FolderGround::Blocked(LeftOutReason::Unreadable),
            Err(_) => FolderGround::Blocked(LeftOutReason::LinkParent),
        }
    }

    /// Returns what stands at `path` in the folder, if anything.
    pub(super) fn find(&self, path: &[u8]) -> Option<FileType> {
        let FolderGround::Folder(folder) = &self.ground else { return None };
        let stat = statat(&**folder, name_of(path), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(FileType::from_raw_mode(stat.st_mode))
    }
}

/// Answers whether the index has the path itself.
pub(super) fn is_tracked(tracked: &[Vec<u8>], path: &[u8]) -> bool {
    tracked.binary_search_by(|known| known.as_slice().cmp(path)).is_ok()
}

/// The last name of a path.
pub(super) fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The folder that a path lies in; empty at the top.
pub(super) fn parent_of(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |slash| &path[..slash])
}
