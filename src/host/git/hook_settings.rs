//! What git's configuration says about hooks, and our own lines in it (git-config(1): `hook.<friendly-name>.*`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::Git;
use super::repository::{Repository, git_dir_word};
use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::model::hooks::config_lines::ConfigLines;
use crate::model::hooks::firing::parse_version;
use crate::model::hooks::text::GitHook;

/// What git's configuration says about hooks in one worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HooksInGit {
    /// `core.hooksPath`, a leading `~` resolved; relative to the worktree.
    pub folder: Option<PathBuf>,
    /// Everything under `hook.`.
    pub lines: ConfigLines,
}

/// Asks git for its version, as major and minor (`git --version`).
///
/// # Errors
///
/// `git_failed` when there is no git, or one that names no version.
pub fn git_version(folder: &Path, interrupt: &Interrupt) -> Result<(u32, u32)> {
    let output = Git::new(folder).heeding(interrupt).args(["--version"]).require()?;
    parse_version(&output.text())
        .ok_or_else(|| Failure::new(Code::GitFailed, format!("git names no version: {}", output.text())))
}

impl Repository {
    /// Returns the repository's own hooks folder, whatever the configuration says.
    #[must_use]
    pub fn own_hooks_dir(&self) -> PathBuf {
        self.common_dir.join("hooks")
    }

    /// Asks git what its configuration says about hooks in one worktree; `admin` is git's name of a linked one. Asked of
    /// git itself, which alone knows what `includeIf` brings in.
    ///
    /// # Errors
    ///
    /// `git_failed` when git cannot read the configuration.
    pub fn hook_settings(&self, admin: Option<&str>) -> Result<HooksInGit> {
        let git_dir = admin.map_or_else(|| self.common_dir.clone(), |admin| self.admin_dir(admin));
        let ask = |words: &[&str]| {
            let own = git_dir_word(&git_dir);
            self.git_in(&self.common_dir).args([own]).args(["config", "--null"]).args(words).run()
        };
        let path = ask(&["--type=path", "--get", "core.hooksPath"])?;
        let hooks = ask(&["--get-regexp", r"^hook\."])?;
        for output in [&path, &hooks] {
            // 1: nothing of that name.
            if output.status > 1 {
                return Err(Failure::new(
                    Code::GitFailed,
                    format!("git cannot read its configuration: {}", output.complaint()),
                ));
            }
        }
        let text = path.stdout.strip_suffix(b"\0").unwrap_or(&path.stdout);
        let folder = path.is_success().then(|| PathBuf::from(OsStr::from_bytes(text)));
        Ok(HooksInGit { folder, lines: ConfigLines::parse(&String::from_utf8_lossy(&hooks.stdout)) })
    }

    /// Answers whether the linked worktree has a configuration of its own (`extensions.worktreeConfig`).
    #[must_use]
    pub fn has_own_settings(&self, admin: &str) -> bool {
        self.admin_dir(admin).join("config.worktree").exists()
    }

    /// Returns the folder where git looks for hooks in `worktree`: a relative path counts from there.
    #[must_use]
    pub fn hooks_dir(&self, settings: &HooksInGit, worktree: &Path) -> PathBuf {
        settings.folder.as_ref().map_or_else(|| self.own_hooks_dir(), |folder| worktree.join(folder))
    }

    /// Returns the command that the repository's own configuration has under our hook's name, bound to an event or not.
    #[must_use]
    pub fn find_own_command(&self, hook: GitHook) -> Option<String> {
        let config = super::config_conditions::file(&self.common_dir.join("config"))?;
        config.get_string(&format!("hook.{}.command", hook.friendly_name())).ok()
    }

    /// Answers whether the repository's own configuration has anything under our hook's name.
    #[must_use]
    pub fn has_hook_section(&self, hook: GitHook) -> bool {
        let Some(config) = super::config_conditions::file(&self.common_dir.join("config")) else {
            return false;
        };
        let Ok(mut entries) = config.entries(Some(&format!(r"^hook\.{}\.", hook.friendly_name()))) else {
            return false;
        };
        entries.next().is_some()
    }

    /// Answers whether the repository's own configuration has our hook, bound to its event and as we write it today.
    #[must_use]
    pub fn has_whole_section(&self, hook: GitHook) -> bool {
        let Some(config) = super::config_conditions::file(&self.common_dir.join("config")) else {
            return false;
        };
        let event = config.get_string(&format!("hook.{}.event", hook.friendly_name()));
        event.is_ok_and(|event| event == hook.name()) && self.find_own_command(hook) == Some(hook.command())
    }

    /// Writes our hook into the repository's configuration: the command first, since an event without one stops git.
    ///
    /// # Errors
    ///
    /// `permission` when the configuration cannot be written to.
    pub fn write_hook_section(&self, hook: GitHook) -> Result<()> {
        let name = hook.friendly_name();
        for (key, value) in [("command", hook.command()), ("event", hook.name().to_owned())] {
            self.change_config(&["--replace-all", &format!("hook.{name}.{key}"), &value])?;
        }
        Ok(())
    }

    /// Removes our hook from the repository's configuration, in one step.
    ///
    /// # Errors
    ///
    /// As [`Repository::write_hook_section`].
    pub fn remove_hook_section(&self, hook: GitHook) -> Result<()> {
        self.change_config(&["--remove-section", &format!("hook.{}", hook.friendly_name())])
    }

    fn change_config(&self, words: &[&str]) -> Result<()> {
        let file = self.common_dir.join("config");
        let output =
            self.git_in(&self.common_dir).args(["config", "--file"]).args([&file]).args(words).run()?;
        if output.is_success() {
            return Ok(());
        }
        let complaint = output.complaint();
        let is_denied =
            complaint.contains("Permission denied") || complaint.contains("Read-only file system");
        let code = if is_denied { Code::Permission } else { Code::GitFailed };
        Err(Failure::new(code, format!("{} cannot be changed: {complaint}", file.display())))
    }
}
