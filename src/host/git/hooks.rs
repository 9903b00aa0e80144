//! git's own hooks, run as git would run them; a git child is started only where a hook can exist.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use git2::Config;

use super::command::Git;
use super::paths::read_link_file;
use super::repository::Repository;
use crate::error::Result;

impl Repository {
    /// Runs the `post-checkout` hooks in the new worktree, as `git worktree add` does (githooks(5)): old commit
    /// zeros, `new` in hexadecimal, flag 1. Returns the exit status when it is not 0. What hooks say goes to stderr. Where
    /// the code `is_foreign`, no hook runs that lies inside of the worktree.
    pub fn run_post_checkout(
        &self,
        worktree: &Path,
        new: &str,
        is_foreign: bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<i32>> {
        let zeros = "0".repeat(new.len());
        let arguments = [zeros.as_str(), new, "1"];
        let git_dir = read_link_file(&worktree.join(".git"));
        let settings = self.settings(git_dir.as_deref())?;
        let file = self.hook_file(&settings, "post-checkout", worktree);
        let is_theirs = is_foreign && is_inside(&file, worktree);
        let child = if is_configured(&settings, "post-checkout") {
            let words = ["hook", "run", "--ignore-missing", "post-checkout", "--"];
            let mut git = self.git_in(worktree);
            if is_foreign {
                git = git.args(without_hooks_inside(&settings, worktree, is_theirs));
            }
            git.args(words).args(arguments)
        } else if is_runnable(&file) && !is_theirs {
            // Not through `git hook run`, which sets GIT_DIR for a linked worktree where `git worktree add` does not.
            Git::hook(&file, worktree).args(arguments)
        } else {
            return Ok(None);
        };
        let output = child.talk().interrupted_by(interrupted).run()?;
        Ok((!output.is_success()).then_some(output.status))
    }

    /// Returns the folder that `core.hooksPath` names relative to each worktree, as it counts in the one at `worktree`;
    /// `None` where hooks are looked for in one place for all.
    #[must_use]
    pub fn relative_hooks_folder(&self, worktree: &Path) -> Option<PathBuf> {
        let git_dir = read_link_file(&worktree.join(".git"));
        let folder = self.settings(git_dir.as_deref()).ok()?.get_path("core.hooksPath").ok()?;
        folder.is_relative().then_some(folder)
    }

    /// Asks git whether the main worktree ignores `path`, a folder inside of it.
    ///
    /// # Errors
    ///
    /// `git_failed` where git cannot be asked.
    pub fn is_ignored(&self, path: &Path) -> Result<bool> {
        let output = self.git_in(self.root()).args(["check-ignore", "-q", "--"]).args([path]).run()?;
        Ok(output.is_success())
    }

    /// Asks git whether the worktree at `folder` ignores `name`, a path in it.
    ///
    /// # Errors
    ///
    /// `git_failed` where git cannot be asked.
    pub fn is_ignored_in(&self, folder: &Path, name: &Path) -> Result<bool> {
        let output = self.git_in(folder).args(["check-ignore", "-q", "--"]).args([name]).run()?;
        Ok(output.is_success())
    }

    fn hook_file(&self, settings: &Config, hook: &str, worktree: &Path) -> PathBuf {
        match settings.get_path("core.hooksPath") {
            // A relative path counts from where the hook runs: the worktree.
            Ok(path) => worktree.join(path).join(hook),
            Err(_) => self.common_dir.join("hooks").join(hook),
        }
    }
}

/// Answers whether the hook lies in the worktree, as it is named or where a link leads.
fn is_inside(file: &Path, worktree: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    file.starts_with(worktree) || real(file).starts_with(real(worktree))
}

/// Returns the settings under which git runs no hook of the worktree's: neither those of its folder nor a configured one
/// whose command names a file there.
fn without_hooks_inside(settings: &Config, worktree: &Path, is_folder_inside: bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut set = |setting: String| words.extend(["-c".to_owned(), setting]);
    if is_folder_inside {
        set("core.hooksPath=/dev/null".to_owned());
    }
    let Ok(entries) = settings.entries(Some(r"^hook\..*\.command$")) else { return words };
    // What cannot be read is not run by git either.
    let _ = entries.for_each(|entry| {
        let name = entry.name().ok().and_then(|key| key.strip_prefix("hook.")?.strip_suffix(".command"));
        let command = entry.value().unwrap_or_default();
        let names_inside = |word: &str| {
            let file = worktree.join(word.trim_matches(['"', '\'']));
            file != worktree && file.exists() && is_inside(&file, worktree)
        };
        if let Some(name) = name.filter(|_| command.split_whitespace().any(names_inside)) {
            set(format!("hook.{name}.enabled=false"));
        }
    });
    words
}

/// git passes over a hook that is not executable.
fn is_runnable(file: &Path) -> bool {
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Answers whether the hook is configured by `hook.NAME.event` (git 2.54 and later).
fn is_configured(settings: &Config, hook: &str) -> bool {
    let Ok(entries) = settings.entries(Some(r"^hook\..*\.event$")) else { return false };
    let mut found = false;
    let read = entries.for_each(|entry| {
        found |= entry.has_value() && entry.value().is_ok_and(|event| event == hook);
    });
    found || read.is_err()
}
