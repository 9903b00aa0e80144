//! The way of git: `git worktree add --no-checkout`, then `git reset --hard` inside, where libgit2 would get it wrong.
//! That is what git itself does, but for the hooks, which are run later.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::command::Git;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::model::branch::Head;
use crate::model::checks::configuration::unset_bare;

/// A worktree for git to make. The branch exists already.
pub struct GitAdd<'a> {
    /// The worktree's folder, absolute; its parents exist.
    pub path: &'a Path,
    /// The branch to check out, or the commit to detach at.
    pub head: &'a Head,
    /// The reason to lock it for.
    pub lock: Option<&'a str>,
    /// The journal's token, left in the admin folder as [`Repository::make_admin`] does.
    pub token: &'a str,
    /// The create's lock file, inherited by git: while git lives, nobody undoes the create.
    pub hold: Option<BorrowedFd<'a>>,
    /// Whether the user has interrupted; git is killed then.
    pub interrupted: &'a dyn Fn() -> bool,
}

impl GitAdd<'_> {
    fn run<'a>(&'a self, repository: &Repository, git: Git<'a>, doing: &str) -> Result<()> {
        let git = git.interrupted_by(self.interrupted);
        let output = match self.hold {
            Some(file) => git.hold(file).run()?,
            None => git.run()?,
        };
        if output.is_success() {
            return Ok(());
        }
        let complaint = output.complaint();
        let failure =
            Failure::new(Code::GitFailed, format!("git cannot {doing} {}: {complaint}", self.path.display()))
                .detail("status", output.status);
        if repository.is_bare_leaked() {
            // git says what it cannot do, and not why.
            let unset = unset_bare(repository.root());
            return Err(failure.hint(format!(
                "nothing of it is kept; `core.bare` is set although there is a main worktree: `{unset}`, then try again"
            )));
        }
        Err(failure.hint("nothing of it is kept; mend what git names and try again"))
    }
}

impl Repository {
    /// Lets git register the worktree, without files; returns git's name of it.
    pub fn register_with_git(&self, request: &GitAdd) -> Result<String> {
        // Sparse patterns and config.worktree are copied from the worktree that git runs in.
        let folder = match &self.current {
            Some(current) => &current.path,
            None if self.bare => &self.common_dir,
            None => &self.root,
        };
        let mut git = self.git_in(folder).args(["worktree", "add", "--no-checkout", "--quiet"]);
        if let Some(reason) = request.lock {
            git = git.args(["--lock"]);
            if !reason.is_empty() {
                git = git.args(["--reason", reason]);
            }
        }
        let target = match request.head {
            Head::Branch(name) | Head::Unborn(name) => name,
            Head::Detached(commit) => {
                git = git.args(["--detach"]);
                commit
            }
            Head::Unreadable(text) => {
                return Err(Failure::new(Code::Internal, format!("no worktree can be made at `{text}`")));
            }
        };
        git = git.args(["--".as_ref(), request.path.as_os_str(), target.as_ref()]);
        let turn = self.take_turn(request.interrupted)?;
        request.run(self, git, "register a worktree at")?;
        drop(turn);
        let made =
            self.find_worktree(request.path)?.and_then(|worktree| worktree.admin).ok_or_else(|| {
                Failure::new(
                    Code::GitFailed,
                    format!("git registered no worktree at {}", request.path.display()),
                )
            })?;
        self.mark(&made, request.token)?;
        Ok(made)
    }

    /// Lets git write the files of the registered worktree: filters, sparse patterns, missing blobs and all.
    pub fn fill_with_git(&self, request: &GitAdd) -> Result<()> {
        let git = self.git_in(request.path).args(["reset", "--hard", "--no-recurse-submodules", "--quiet"]);
        request.run(self, git, "write the files of")
    }

    /// Waits until no other `wt` has git register a worktree here: two at once read each other's half-made folders.
    fn take_turn(&self, interrupted: &dyn Fn() -> bool) -> Result<std::fs::File> {
        let path = self.require_wt_dir()?.join("adding");
        let failed =
            |error| Failure::from_io(error, Code::GitFailed, format!("cannot lock {}", path.display()));
        let file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        loop {
            match flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(failed(error.into())),
            }
            if interrupted() {
                return Err(Failure::new(Code::Interrupted, "interrupted while waiting for another create"));
            }
            #[expect(clippy::disallowed_methods, reason = "waits for the lock and the interrupt at once")]
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
