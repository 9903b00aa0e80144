//! git's folders of the linked worktrees, read side by side: a question to all of them costs an open, a read and a close
//! of one file each, and no walk along the repository's path.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::fs::{AtFlags, statat};
use rustix::io::Errno;

use super::repository::Repository;
use super::tips::{read_head_text_at, read_small_at};
use crate::error::Result;

/// The folders that were there, by git's names and in their order.
pub(super) struct AdminFolders {
    /// The folder around them; `None` where there is none, or nobody may open it.
    around: Option<File>,
    pub(super) names: Vec<String>,
    /// Those whose names are no text: nothing is done with them, but what they hold is held.
    pub(super) nameless: Vec<OsString>,
}

impl Repository {
    /// Returns git's folders of the linked worktrees.
    pub(super) fn admin_folders(&self) -> Result<AdminFolders> {
        let (mut names, mut nameless) = (Vec::new(), Vec::new());
        for name in self.all_admin_names()? {
            name.into_string().map_or_else(|name| nameless.push(name), |name| names.push(name));
        }
        let around =
            (!names.is_empty()).then(|| File::open(self.common_dir.join("worktrees")).ok()).flatten();
        Ok(AdminFolders { around, names, nameless })
    }
}

impl AdminFolders {
    /// Reads the text of the HEAD of `admin`, as [`read_head_text`](super::tips::read_head_text) does.
    pub(super) fn read_head_text(&self, admin: &str) -> Option<String> {
        read_head_text_at(self.around.as_ref()?.as_fd(), &PathBuf::from(format!("{admin}/HEAD")))
    }

    /// Reads a small file of `admin`; `None` when it is not there.
    pub(super) fn read(&self, admin: &str, file: &str) -> Option<Vec<u8>> {
        read_small_at(self.around.as_ref()?.as_fd(), &PathBuf::from(format!("{admin}/{file}")))
    }

    /// Answers whether `admin` has something of that name, be it a link that leads nowhere; where nobody can tell, it may have.
    pub(super) fn has(&self, admin: &str, name: &str) -> bool {
        let path = format!("{admin}/{name}");
        let seen = |around| statat(around, path, AtFlags::SYMLINK_NOFOLLOW);
        self.around.as_ref().is_some_and(|around| !matches!(seen(around), Err(Errno::NOENT | Errno::NOTDIR)))
    }
}
