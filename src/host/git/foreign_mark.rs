//! The mark of a stranger's code in git's folder of a worktree: it goes where that goes, into the trash and back, and
//! survives the loss of our own record.

use std::io::ErrorKind;

use super::admin_files::write_over;
use super::known_descent::once;
use super::pulls::is_made;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::default_branch::{self, DefaultBranch};
use crate::model::foreign::{Followed, ForeignMark, WrittenMark, own_remotes};

const NAME: &str = "wt-foreign";

impl Repository {
    /// Reads the mark of the worktree that git calls `admin`.
    #[must_use]
    pub fn foreign_mark(&self, admin: &str) -> WrittenMark {
        if admin.is_empty() {
            return WrittenMark::Nothing;
        }
        match files::read_plain(&self.admin_dir(admin).join(NAME)) {
            Ok(bytes) => serde_json::from_slice::<ForeignMark>(&bytes)
                .map_or(WrittenMark::Unreadable, |mark| WrittenMark::Mark(Box::new(mark))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                WrittenMark::Nothing
            }
            Err(_) => WrittenMark::Unreadable,
        }
    }

    /// Returns git's names of the worktrees that bear a mark.
    #[must_use]
    pub fn marked_admins(&self) -> Vec<String> {
        let Ok(folders) = self.admin_folders() else { return Vec::new() };
        folders.names.iter().filter(|admin| folders.has(admin, NAME)).cloned().collect()
    }

    /// Writes the mark of the worktree that git calls `admin`, in the place of an earlier one.
    ///
    /// # Errors
    ///
    /// Fails where git's folder of it cannot be written.
    pub fn write_foreign_mark(&self, admin: &str, mark: &ForeignMark) -> Result<()> {
        let text = serde_json::to_vec(mark).map_err(|error| {
            Failure::new(Code::Internal, "the mark of a worktree cannot be written").caused_by(error)
        })?;
        write_over(&self.admin_dir(admin).join(NAME), &text)
    }

    /// Returns what git's configuration says of the branch `name`.
    #[must_use]
    pub fn followed(&self, name: &str) -> Followed {
        let Ok(settings) = self.settings(None) else { return Followed::default() };
        let read = |key: &str| settings.get_string(&format!("branch.{name}.{key}")).ok();
        Followed { remote: read("remote"), merge: read("merge") }
    }

    /// Returns the remotes of the repository's own people, found once for all that a command asks; `configured` is the default
    /// branch that our configuration names.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration or the refs cannot be read.
    pub fn own_remotes(&self, configured: Option<&str>) -> Result<&[String]> {
        let read = || {
            let pushed_to = self.settings(None)?.get_string("remote.pushDefault").ok();
            let of_default = match default_branch::decide(&self.default_branch_clues(configured)?) {
                DefaultBranch::Known { remote, .. } => remote,
                DefaultBranch::Unknown(_) => None,
            };
            // One that was made for a pull request is beside the others, and the only one stays that.
            let all: Vec<String> =
                self.upstreams()?.remotes().into_iter().filter(|name| !is_made(name)).collect();
            Ok(own_remotes(&all, pushed_to.as_deref(), of_default.as_deref()))
        };
        once(&self.known_descent.own_remotes, read).map(Vec::as_slice)
    }
}
