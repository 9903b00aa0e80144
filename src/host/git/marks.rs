//! Small facts that prove or steer: who made a branch, which admin folder a folder names, locks, checkout's threads.
#![expect(clippy::disallowed_methods, reason = "a note that is cut short proves nothing and harms nobody")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::files;

impl Repository {
    /// Answers whether the create of `token` made the branch and nobody moved it since: its last reflog entry bears the
    /// token, or, where no reflog is kept, the ref's file is the one that was noted then. Without either it is not ours.
    pub fn was_branch_made_by(&self, branch: &str, token: &str) -> Result<bool> {
        match self.read_reflog(branch)? {
            Some(log) if !log.is_empty() => {
                Ok(log.lines().next_back().is_some_and(|last| last.contains(token)))
            }
            _ => {
                let noted = files::read_plain_text(&self.made_note(token)).ok();
                Ok(noted.is_some() && noted == self.ref_stamp(branch))
            }
        }
    }

    /// Notes which file the branch is that was just made, for repositories that keep no reflog.
    pub fn note_made_branch(&self, branch: &str, token: &str) {
        if let Some(stamp) = self.ref_stamp(branch) {
            // Without the note a killed create merely leaves its branch.
            let _ = fs::write(self.made_note(token), stamp);
        }
    }

    /// Removes the note again.
    pub fn forget_made_branch(&self, token: &str) {
        let _ = fs::remove_file(self.made_note(token));
    }

    fn made_note(&self, token: &str) -> PathBuf {
        self.wt_dir().join(format!("made-{token}"))
    }

    fn ref_stamp(&self, branch: &str) -> Option<String> {
        let found = fs::metadata(self.common_dir().join("refs/heads").join(branch)).ok()?;
        Some(format!("{} {} {}", found.ino(), found.mtime(), found.mtime_nsec()))
    }

    /// Removes the reflog that a create of `token` wrote and died before the branch itself was there.
    pub fn remove_reflog_without_branch(&self, branch: &str, token: &str) -> Result<()> {
        let is_left = || -> Result<bool> {
            let log = self.read_reflog(branch)?.unwrap_or_default();
            let is_ours = log.lines().count() == 1 && log.contains(token);
            Ok(is_ours && self.find_branch(branch)?.is_none())
        };
        if !is_left()? {
            return Ok(());
        }
        // Looked at again under the ref's lock: somebody may be making a branch of that name, and its log goes on.
        let lock = self.lock_as_git(&[self.common_dir().join("refs/heads").join(branch)])?;
        if is_left()? {
            // Gone already, or in a folder that is not ours to change: it harms nobody.
            let _ = fs::remove_file(self.reflog(branch));
        }
        drop(lock);
        Ok(())
    }

    /// The log of the local branch, where a repository has files for that.
    pub(super) fn reflog(&self, branch: &str) -> PathBuf {
        self.common_dir().join("logs").join("refs/heads").join(branch)
    }

    fn read_reflog(&self, branch: &str) -> Result<Option<String>> {
        let log = self.reflog(branch);
        if self.library().is_none() {
            // Reftable keeps its logs elsewhere; git knows where.
            let words = ["log", "-g", "-1", "--format=%gs", &format!("refs/heads/{branch}"), "--"];
            let output = self.git().args(words).run()?;
            return Ok(output.is_success().then(|| output.text()));
        }
        match files::read_plain(&log) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound
                        | ErrorKind::IsADirectory
                        | ErrorKind::NotADirectory
                        // No plain file, or a name that no file can have.
                        | ErrorKind::InvalidInput
                        | ErrorKind::InvalidFilename
                ) =>
            {
                Ok(None)
            }
            Err(error) => {
                Err(Failure::from_io(error, Code::GitFailed, format!("{} cannot be read", log.display())))
            }
        }
    }

    /// Returns git's name of the worktree that `folder/.git` points at, when it points into this repository.
    #[must_use]
    pub fn find_admin_named_by(&self, folder: &Path) -> Option<String> {
        let link = folder.join(".git");
        if !link.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let text = fs::read_to_string(link).ok()?;
        let target = folder.join(text.strip_prefix("gitdir: ")?.trim_end_matches('\n'));
        let (parent, ours) = (target.parent()?, self.common_dir().join("worktrees"));
        let is_ours = if parent == ours {
            ours.exists()
        } else {
            parent.canonicalize().ok()? == ours.canonicalize().ok()?
        };
        is_ours.then(|| target.file_name().map(|name| name.to_string_lossy().into_owned()))?
    }

    /// Returns git's name of a linked worktree that `folder/.git` ends in, wherever that points: its repository may have
    /// been moved since it was written.
    #[must_use]
    pub fn find_admin_mentioned_by(&self, folder: &Path) -> Option<String> {
        let link = folder.join(".git");
        if !link.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let text = fs::read_to_string(link).ok()?;
        let target = Path::new(text.strip_prefix("gitdir: ")?.trim_end_matches('\n'));
        let is_linked = target.parent()?.file_name()? == "worktrees";
        target.file_name().filter(|_| is_linked).map(|name| name.to_string_lossy().into_owned())
    }

    /// Locks a worktree as `git worktree lock` does, with an optional reason; one that is locked already stays so.
    pub fn lock_worktree(&self, admin: &str, reason: Option<&str>) -> Result<()> {
        let lock = self.admin_dir(admin).join("locked");
        let text = reason.map(|reason| format!("{reason}\n")).unwrap_or_default();
        let written = fs::OpenOptions::new().write(true).create_new(true).open(&lock).and_then(|mut file| {
            use std::io::Write;
            file.write_all(text.as_bytes())
        });
        match written {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let message = format!("the worktree `{admin}` cannot be locked");
                Err(Failure::from_io(error, Code::GitFailed, message))
            }
            _ => Ok(()),
        }
    }

    /// Returns how many threads write files: git's `checkout.workers` where it is set, else one for each core.
    #[must_use]
    pub fn checkout_workers(&self) -> usize {
        let configured =
            self.settings(None).ok().and_then(|settings| settings.get_i32("checkout.workers").ok());
        match configured.and_then(|count| usize::try_from(count).ok()) {
            Some(count) if count > 0 => count,
            _ => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Repository").field("common_dir", &self.common_dir()).finish_non_exhaustive()
    }
}
