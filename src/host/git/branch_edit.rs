//! Branches, changed: made only where none is, deleted only where unchanged; many processes at once do no harm.

use std::time::Duration;

use git2::ErrorCode;

use super::remotes::oid;
use super::repository::{Repository, from_library};
use crate::error::{Code, Failure, Result};
use crate::model::branch::RemoteBranch;

/// How often a lock file of git's that another process holds is tried again: about three seconds in all.
const ATTEMPTS: u32 = 120;

impl Repository {
    /// Makes the branch `name` at `commit`, with `message` in its reflog. Fails with `branch_exists` when it is there.
    pub fn create_branch(&self, name: &str, commit: &str, message: &str) -> Result<()> {
        let reference = format!("refs/heads/{name}");
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
        self.edit_config(&format!("set the upstream of `{name}`"), |config| {
            config.set_str(&format!("branch.{name}.remote"), &upstream.remote)?;
            config.set_str(&format!("branch.{name}.merge"), &merge)
        })
    }

    /// Deletes the branch, its reflog and its configuration if it still stands at `expected`; answers whether it did.
    /// A branch that is gone already, or has moved on, is left as it is.
    pub fn delete_branch(&self, name: &str, expected: &str) -> Result<bool> {
        let reference = format!("refs/heads/{name}");
        if self.find_branch(name)?.as_deref() != Some(expected) {
            return Ok(false);
        }
        if let Some(library) = self.library() {
            let failed = |error| from_library(error, &format!("delete the branch `{name}`"));
            // libgit2 deletes by the value it read, under the ref's lock.
            let deleted = patiently(|| {
                let mut found = library.find_reference(&reference)?;
                if found.target().is_none_or(|target| target.to_string() != expected) {
                    return Ok(false);
                }
                found.delete().map(|()| true)
            });
            match deleted {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Modified) => {
                    return Ok(false);
                }
                Err(error) => return Err(failed(error)),
            }
            // libgit2 leaves the log of a deleted packed ref behind; git does not.
            let _ = std::fs::remove_file(self.common_dir.join("logs").join(&reference));
        } else {
            let output = self.git().args(["update-ref", "-d", &reference, expected]).run()?;
            if !output.is_success() {
                if self.find_branch(name)?.as_deref() != Some(expected) {
                    return Ok(false);
                }
                let complaint = output.complaint();
                return Err(Failure::new(
                    Code::GitFailed,
                    format!("cannot delete the branch `{name}`: {complaint}"),
                ));
            }
        }
        self.forget_branch_settings(name)?;
        Ok(true)
    }

    /// Removes the section `branch.NAME` from the repository's configuration.
    fn forget_branch_settings(&self, name: &str) -> Result<()> {
        let prefix = format!("branch.{name}.");
        let Some(config) = super::config::file(&self.common_dir.join("config")) else {
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
        // git removes the emptied header too, libgit2 leaves it: so git does it where it is there.
        let config = self.common_dir.join("config");
        let file = config.display().to_string();
        let section = format!("branch.{name}");
        let by_git = self.git().args(["config", "--file", &file, "--remove-section", &section]).run();
        if by_git.is_ok_and(|output| output.is_success()) {
            return Ok(());
        }
        self.edit_config(&format!("forget the settings of `{name}`"), |config| {
            for key in &keys {
                match config.remove_multivar(key, ".*") {
                    Err(error) if error.code() != ErrorCode::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// Changes the repository's own configuration file, waiting for others who do.
    fn edit_config(
        &self,
        doing: &str,
        change: impl Fn(&mut git2::Config) -> Result<(), git2::Error>,
    ) -> Result<()> {
        let path = self.common_dir.join("config");
        patiently(|| {
            let mut config = git2::Config::open(&path)?;
            change(&mut config)
        })
        .map_err(|error| from_library(error, doing))
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
                // Unequal waits keep sixty processes from meeting again and again.
                let spread = u64::from(std::process::id().wrapping_mul(number) % 17);
                #[expect(clippy::disallowed_methods, reason = "waits for another process's lock file")]
                std::thread::sleep(Duration::from_millis(8 + 2 * spread));
            }
            other => return other,
        }
    }
    attempt()
}
