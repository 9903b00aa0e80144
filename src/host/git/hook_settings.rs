//! What git's configuration says about hooks, and our own lines in it (git-config(1): `hook.<friendly-name>.*`).

use std::path::{Path, PathBuf};

use super::command::Git;
use super::discovery::canonical;
use super::hooks::hook_file_of;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::model::hooks::firing::parse_version;
use crate::model::hooks::text::Hook;

/// What one worktree's configuration says about one hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookSettings {
    /// The file that git would run.
    pub file: PathBuf,
    /// `core.hooksPath` as it is written, where it leads elsewhere than to the repository's own hooks.
    pub diverted: Option<String>,
    /// The command of our hook, where the configuration also names its event.
    pub command: Option<String>,
    /// Whether `hook.….enabled` is off, for ours or for all hooks of the event.
    pub disabled: bool,
}

/// Asks git for its version, as major and minor (`git --version`).
///
/// # Errors
///
/// `git_failed` when there is no git, or one that names no version.
pub fn git_version(folder: &Path) -> Result<(u32, u32)> {
    let output = Git::new(folder).args(["--version"]).require()?;
    parse_version(&output.text())
        .ok_or_else(|| Failure::new(Code::GitFailed, format!("git names no version: {}", output.text())))
}

impl Repository {
    /// Returns the repository's own hooks folder, whatever the configuration says.
    #[must_use]
    pub fn own_hooks_dir(&self) -> PathBuf {
        self.common_dir.join("hooks")
    }

    /// Returns the folder where git looks for hooks in the main worktree, or the bare repository.
    pub fn hooks_dir(&self) -> Result<PathBuf> {
        let file = hook_file_of(self, &self.settings(None)?, Hook::PrePush.name(), &self.root);
        Ok(file.parent().map_or_else(|| self.own_hooks_dir(), Path::to_path_buf))
    }

    /// Reads what the configuration of one worktree says about `hook`; `admin` is git's name of a linked worktree.
    pub fn hook_settings(&self, hook: Hook, admin: Option<&str>, worktree: &Path) -> Result<HookSettings> {
        let git_dir = admin.map(|admin| self.admin_dir(admin));
        let settings = self.settings(git_dir.as_deref())?;
        let file = hook_file_of(self, &settings, hook.name(), worktree);
        let leads_home =
            file.parent().is_some_and(|folder| canonical(folder) == canonical(&self.own_hooks_dir()));
        let diverted = settings.get_string("core.hooksPath").ok().filter(|_| !leads_home);
        let name = hook.friendly_name();
        let is_off = |key: String| settings.get_bool(&key).is_ok_and(|enabled| !enabled);
        let mut events = Vec::new();
        if let Ok(entries) = settings.multivar(&format!("hook.{name}.event"), None) {
            // What cannot be read is as if it were not there: then the hook counts as missing.
            let _ = entries.for_each(|entry| match entry.value() {
                // An empty value takes back those before it.
                Ok("") | Err(_) => events.clear(),
                Ok(event) => events.push(event.to_owned()),
            });
        }
        let is_bound = events.iter().any(|event| event == hook.name());
        let command = settings.get_string(&format!("hook.{name}.command")).ok().filter(|_| is_bound);
        let disabled =
            is_off(format!("hook.{name}.enabled")) || is_off(format!("hook.{}.enabled", hook.name()));
        Ok(HookSettings { file, diverted, command, disabled })
    }

    /// Returns the command that the repository's own configuration has under our hook's name, bound to an event or not.
    #[must_use]
    pub fn find_own_command(&self, hook: Hook) -> Option<String> {
        let config = super::config::file(&self.common_dir.join("config"))?;
        config.get_string(&format!("hook.{}.command", hook.friendly_name())).ok()
    }

    /// Answers whether the repository's own configuration has anything under our hook's name.
    #[must_use]
    pub fn has_hook_section(&self, hook: Hook) -> bool {
        let Some(config) = super::config::file(&self.common_dir.join("config")) else { return false };
        let Ok(mut entries) = config.entries(Some(&format!(r"^hook\.{}\.", hook.friendly_name()))) else {
            return false;
        };
        entries.next().is_some()
    }

    /// Answers whether the repository's own configuration has our hook, bound to its event and as we write it today.
    #[must_use]
    pub fn has_whole_section(&self, hook: Hook) -> bool {
        let Some(config) = super::config::file(&self.common_dir.join("config")) else { return false };
        let event = config.get_string(&format!("hook.{}.event", hook.friendly_name()));
        event.is_ok_and(|event| event == hook.name()) && self.find_own_command(hook) == Some(hook.command())
    }

    /// Writes our hook into the repository's configuration: the command first, since an event without one stops git.
    ///
    /// # Errors
    ///
    /// `permission` when the configuration cannot be written to.
    pub fn write_hook_section(&self, hook: Hook) -> Result<()> {
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
    pub fn remove_hook_section(&self, hook: Hook) -> Result<()> {
        self.change_config(&["--remove-section", &format!("hook.{}", hook.friendly_name())])
    }

    fn change_config(&self, words: &[&str]) -> Result<()> {
        let file = self.common_dir.join("config");
        let output = Git::new(&self.common_dir).args(["config", "--file"]).args([&file]).args(words).run()?;
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
