//! Moves a worktree's folder and renames its branch, by git; and puts both back, wherever a git that was stopped left them.

use std::os::fd::BorrowedFd;
use std::path::Path;

use super::admin_files::{link_text, write_over};
use super::command::Git;
use super::linked::names_back;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::files;

impl Repository {
    /// Moves the worktree from one folder to another that must not be there (`git worktree move`). `hold` is the lock file that
    /// git inherits: while git lives, nobody takes the move back.
    ///
    /// # Errors
    ///
    /// `git_failed` with git's words, as for a worktree with submodules.
    pub fn move_worktree(&self, from: &Path, to: &Path, hold: BorrowedFd<'_>) -> Result<()> {
        let git = self.git().args(["worktree", "move"]).args([from, to]);
        require(git.hold(hold), "move the worktree")
    }

    /// Renames a branch with its log and its settings (`git branch -m`).
    ///
    /// # Errors
    ///
    /// `git_failed` with git's words.
    pub fn rename_branch(&self, from: &str, to: &str, hold: BorrowedFd<'_>) -> Result<()> {
        require(self.git().args(["branch", "-m", from, to]).hold(hold), "rename the branch")
    }

    /// Returns the branch of a remote that `branch` is set to follow, as people write it: `origin/main`.
    #[must_use]
    pub fn find_upstream_name(&self, branch: &str) -> Option<String> {
        let settings = self.settings(None).ok()?;
        let of = |key: &str| settings.get_string(&format!("branch.{branch}.{key}")).ok();
        let (remote, merge) = (of("remote")?, of("merge")?);
        let short = merge.strip_prefix("refs/heads/").unwrap_or(&merge);
        (remote != ".").then(|| format!("{remote}/{short}"))
    }

    /// Puts the folder of the worktree `admin` back from `to` to `from` where it was moved, and has both name each other again.
    ///
    /// # Errors
    ///
    /// `path_not_empty` where something else stands there by now.
    pub fn move_back(&self, admin: &str, from: &Path, to: &Path) -> Result<()> {
        let is_moved = self.is_folder_of(to, admin) && !self.is_folder_of(from, admin);
        if is_moved {
            files::rename_new(to, from)?;
        }
        // Relative links differ from place to place.
        let is_ours = self.is_folder_of(from, admin) || is_moved;
        if is_ours && !names_back(from, &self.admin_dir(admin)) {
            self.write_gitdir(&self.admin_dir(admin), admin, from)?;
        }
        if is_moved {
            write_over(&from.join(".git"), &link_text(&self.link_target(admin, from)))?;
        }
        Ok(())
    }

    /// Gives the branch that was at `tip` its name `from` back, and has HEAD of the worktree `admin` name it again.
    ///
    /// # Errors
    ///
    /// `git_failed` with git's words.
    pub fn rename_branch_back(
        &self,
        admin: &str,
        from: &str,
        to: &str,
        tip: &str,
        hold: BorrowedFd<'_>,
    ) -> Result<()> {
        match (self.find_branch(from)?, self.find_branch(to)?) {
            (None, Some(_)) => self.rename_branch(to, from, hold)?,
            // git takes the old name away before it gives the new one.
            (None, None) => self.create_branch(from, tip, "renamed")?,
            (Some(_), _) => {}
        }
        if self.read_head(Some(admin))?.branch() == Some(to) {
            let reference = format!("refs/heads/{from}");
            require(
                self.git_of(Some(admin)).args(["symbolic-ref", "HEAD", &reference]).hold(hold),
                "mend HEAD",
            )?;
        }
        Ok(())
    }
}

fn require(git: Git<'_>, doing: &str) -> Result<()> {
    let output = git.run()?;
    if output.is_success() {
        return Ok(());
    }
    Err(Failure::new(Code::GitFailed, format!("git cannot {doing}: {}", output.complaint()))
        .detail("status", output.status))
}
