//! A folder held open, so that it can be told whether that very folder still exists, wherever it was moved to.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// A folder that was there.
#[derive(Debug)]
pub struct OpenFolder(OwnedFd);

impl OpenFolder {
    /// Opens it; `None` where no folder is.
    #[must_use]
    pub fn find(path: &Path) -> Option<Self> {
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).ok().map(Self)
    }

    /// Returns where it is by now (`proc_pid_fd(5)`); `None` where the system does not tell, or it was deleted.
    #[must_use]
    pub fn find_path(&self) -> Option<PathBuf> {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", self.0.as_raw_fd())).ok()?;
        path.is_dir().then_some(path)
    }

    /// Answers whether it was deleted; a folder that was moved was not.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        let is_unlinked = rustix::fs::fstat(&self.0).is_ok_and(|found| found.st_nlink == 0);
        // Some file systems keep the count of a deleted folder; the kernel marks its name (proc_pid_fd(5)).
        let link = std::fs::read_link(format!("/proc/self/fd/{}", self.0.as_raw_fd()));
        let is_marked = link.is_ok_and(|link| {
            link.to_string_lossy().ends_with(" (deleted)") && link.symlink_metadata().is_err()
        });
        is_unlinked || is_marked
    }
}

impl AsFd for OpenFolder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_folder_lives_and_a_deleted_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::fs::create_dir(&one).unwrap();
        let open = OpenFolder::find(&one).unwrap();
        std::fs::rename(&one, &other).unwrap();
        assert!(!open.is_deleted());
        assert_eq!(open.find_path(), Some(other.canonicalize().unwrap()));
        std::fs::create_dir(&one).unwrap();
        std::fs::remove_dir(&other).unwrap();
        assert!(open.is_deleted() && open.find_path().is_none());
        assert!(OpenFolder::find(&other).is_none());
    }
}
