//! What describes a removed worktree lies beside what was put away of it, in the repository itself: whoever comes can
//! bring it back, also where the registry is another one (a container's, another machine's).

use super::repository::Repository;
use crate::error::Result;
use crate::host::files;

/// The longest description that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

impl Repository {
    /// Writes the description of what is kept under `token`.
    ///
    /// # Errors
    ///
    /// Fails when the repository's folder cannot be written to.
    pub fn write_trash_note(&self, token: &str, text: &[u8]) -> Result<()> {
        self.require_wt_dir()?;
        let path = self.trash_note(token);
        files::make_folders(path.parent().unwrap_or(&path))?;
        files::make(&path, text, 0o600)
    }

    /// Returns the descriptions of all that is kept; what cannot be read is left out.
    #[must_use]
    pub fn trash_notes(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = self.trash_dir("").read_dir() else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        let notes = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let is_plain = |path: &std::path::PathBuf| {
            path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() <= LONGEST)
        };
        notes.filter(is_plain).filter_map(|path| std::fs::read(path).ok()).collect()
    }

    /// Removes the description of what is no longer kept under `token`.
    pub fn remove_trash_note(&self, token: &str) {
        // One that stays describes what is not there any more, and says nothing to anybody.
        let note = self.trash_note(token);
        let _ = std::fs::remove_file(&note);
        let name = note.file_name().unwrap_or_default().to_string_lossy();
        files::sweep_drafts(&self.trash_dir(""), &name);
    }

    fn trash_note(&self, token: &str) -> std::path::PathBuf {
        self.trash_dir(&format!("{token}.json"))
    }
}
