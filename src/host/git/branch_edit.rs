//! Branches, changed: made only where none is, deleted only where unchanged; many processes at once do no harm.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use git2::ErrorCode;

use super::git_lock::{ATTEMPTS, wait_for_lock};
use super::library_error::from_library;
use super::ref_edit::resolved;
use super::remotes::oid;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::branch::RemoteBranch;

impl Repository {
    /// Makes the branch `name` at `commit`, with `message` in its reflog. Fails with `branch_exists` when it is there.
    pub fn create_branch(&self, name: &str, commit: &str, message: &str) -> Result<()> {
        let reference = format!("refs/heads/{name}");
        let log = self.reflog(name);
        if log.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            // git opens it without a look, and waits for whoever is at the other end of a pipe.
            let message =
                format!("cannot make the branch `{name}`: its log {} is not a plain file", log.display());
            return Err(Failure::new(Code::GitFailed, message).hint("move it away, then try again"));
        }
        let exists = || {
            Failure::new(Code::BranchExists, format!("the branch `{name}` exists already"))
                .hint(format!("check it out as it is: wt create {name}, or choose another name"))
                .detail("branch", name)
        };
        let Some(library) = self.library() else {
            let zeros = "0".repeat(commit.len());
            let output = self.git().args(["update-ref", "-m", message, &reference, commit, &zeros]).run()?;
            if output.is_success() {
                return Ok(());
            }
            if self.find_branch(name)?.is_some() {
                return Err(exists());
            }
            let complaint = output.complaint();
            return Err(Failure::new(
                Code::GitFailed,
                format!("cannot make the branch `{name}`: {complaint}"),
            ));
        };
        let target = oid(commit)?;
        let made = patiently(|| library.reference(&reference, target, false, message).map(drop));
        self.remove_spent_ref_lock(&reference);
        made.map_err(|error| match error.code() {
            ErrorCode::Exists if self.find_branch(name).ok().flatten().is_some() => exists(),
            _ => match self.branch_obstacle(name) {
                Ok(Some(obstacle)) => Failure::new(
                    Code::BranchExists,
                    format!("`{name}` cannot be made while `{obstacle}` exists"),
                )
                .hint("git keeps branches like files: one name cannot be both a branch and a folder")
                .detail("branch", obstacle),
                _ => from_library(error, &format!("make the branch `{name}`")),
            },
        })
    }

    /// Makes `upstream` what the branch `name` follows.
    pub fn set_upstream(&self, name: &str, upstream: &RemoteBranch) -> Result<()> {
        let merge = format!("refs/heads/{}", upstream.name);
        let is_rebased = self.settings(None)?.get_string("branch.autosetuprebase").is_ok_and(|when| {
            when == "always" || when == if upstream.remote == "." { "local" } else { "remote" }
        });
        self.edit_config(&format!("set the upstream of `{name}`"), |file| {
            let mut config = git2::Config::open(file)?;
            config.set_str(&format!("branch.{name}.remote"), &upstream.remote)?;
            config.set_str(&format!("branch.{name}.merge"), &merge)?;
            // As git does for every branch that is to follow another one (`branch.autoSetupRebase`).
            if is_rebased { config.set_bool(&format!("branch.{name}.rebase"), true) } else { Ok(()) }
        })
    }

    /// Deletes the branch, its reflog and its configuration if it still stands at `expected`; answers whether it did.
    /// A branch that is gone already, or has moved on, is left as it is.
    pub fn delete_branch(&self, name: &str, expected: &str) -> Result<bool> {
        let deleted = self.delete_reference(&format!("refs/heads/{name}"), Some(expected))?;
        if deleted {
            self.forget_branch_settings(name)?;
        }
        Ok(deleted)
    }

    /// Removes the section `branch.NAME` from the repository's configuration.
    fn forget_branch_settings(&self, name: &str) -> Result<()> {
        let prefix = format!("branch.{name}.");
        let Some(config) = super::config_conditions::file(&self.common_dir.join("config")) else {
            return Ok(());
        };
        let mut keys = Vec::new();
        let failed = |error| from_library(error, "read git's configuration");
        let entries = config.entries(Some(r"^branch\.")).map_err(failed)?;
        entries
            .for_each(|entry| {
                if let Some(key) = entry.name().ok().filter(|key| key.starts_with(&prefix))
                    && !keys.contains(&key.to_owned())
                {
                    keys.push(key.to_owned());
                }
            })
            .map_err(failed)?;
        if keys.is_empty() {
            return Ok(());
        }
        if name.contains(['\n', '"', '\\']) {
            return Ok(());
        }
        let section = format!("branch.{name}");
        self.edit_config(&format!("forget the settings of `{name}`"), |file| {
            // git removes the emptied header too, libgit2 leaves it: so git does it where it is there.
            let words = ["config".as_ref(), "--file".as_ref(), file.as_os_str(), "--remove-section".as_ref()];
            let by_git = self.git().args(words).args([&section]).run();
            if by_git.is_ok_and(|output| output.is_success()) {
                return Ok(());
            }
            let mut config = git2::Config::open(file)?;
            for key in &keys {
                match config.remove_multivar(key, ".*") {
                    Err(error) if error.code() != ErrorCode::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// Changes the repository's own configuration file: under git's lock, on a copy read only then, with its mode.
    pub(super) fn edit_config(
        &self,
        doing: &str,
        change: impl Fn(&Path) -> Result<(), git2::Error>,
    ) -> Result<()> {
        let path = resolved(self.common_dir.join("config"));
        let failed = |error| from_library(error, doing);
        let unwritten = |error| Failure::from_io(error, Code::Permission, format!("cannot {doing}"));
        let Some(lock) = self.lock_as_git(std::slice::from_ref(&path))? else {
            return patiently(|| change(&path)).map_err(failed);
        };
        let mode = path.metadata().map_err(unwritten)?.permissions().mode() & 0o777;
        let folder = self.require_wt_dir()?;
        files::sweep_drafts(&folder, "config");
        let draft = files::draft_name("config")?;
        let copy = tempfile::Builder::new().prefix(&draft).rand_bytes(0).tempfile_in(folder);
        let copy = copy.map_err(unwritten)?;
        std::fs::copy(&path, copy.path()).map_err(unwritten)?;
        change(copy.path()).map_err(failed)?;
        files::replace(&path, &std::fs::read(copy.path()).map_err(unwritten)?, mode)?;
        drop(lock);
        Ok(())
    }
}

/// Repeats what failed because another process holds git's lock file.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Result<T, git2::Error>) -> Result<T, git2::Error> {
    for number in 1..ATTEMPTS {
        match attempt() {
            Err(error)
                if error.code() == ErrorCode::Locked
                    || error.message().contains(".lock")
                    // Read while another process was putting the file in place; a broken one stays broken.
                    || number <= 10 && error.message().contains("failed to parse config file") =>
            {
                wait_for_lock(number);
            }
            other => return other,
        }
    }
    attempt()
}
