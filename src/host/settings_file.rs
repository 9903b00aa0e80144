//! Another program's settings file: read as text, through links, and replaced as a whole only while it is what was read.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::files;
use super::folder::missing_above;
use super::link;
use crate::error::{Code, Failure, Result};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A file, or the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it is once links are followed: they stay.
    path: PathBuf,
    /// `None` where there is none.
    bytes: Option<Vec<u8>>,
}

impl SettingsFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// `permission` for what cannot be read, is no plain file, or too large.
    pub fn read(path: &Path) -> Result<Self> {
        let refused =
            |error| Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()));
        let path_now = link::followed(path)?;
        match path_now.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { path: path_now, bytes: None });
            }
            Err(error) => return Err(refused(error)),
            Ok(found) if found.len() > LONGEST => {
                return Err(Failure::new(
                    Code::Permission,
                    format!("{} is larger than 16 MiB", path.display()),
                ));
            }
            Ok(_) => {}
        }
        Ok(Self { bytes: Some(files::read_plain(&path_now).map_err(refused)?), path: path_now })
    }

    /// Refuses a place outside of `root`, where a link of a repository may lead.
    ///
    /// # Errors
    ///
    /// `permission`.
    pub fn require_below(&self, root: &Path) -> Result<()> {
        let there = self.path.ancestors().find_map(|folder| folder.canonicalize().ok());
        let root = root.canonicalize().ok();
        let is_below = |(there, root): (PathBuf, PathBuf)| there.starts_with(root);
        if there.zip(root).is_some_and(is_below) {
            return Ok(());
        }
        let message = format!("a link leads to {}, outside of the worktree", self.path.display());
        Err(Failure::new(Code::Permission, message)
            .hint("the repository chose that place: take the link away"))
    }

    /// Returns the text, empty where there is no file; `None` for what is no text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.as_deref().unwrap_or_default()).ok()
    }

    /// Answers whether there is a file.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.bytes.is_some()
    }

    /// Returns the bytes; empty where there is no file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }

    /// Answers whether somebody else changed it since.
    ///
    /// # Errors
    ///
    /// As [`SettingsFile::read`].
    pub fn is_changed(&self) -> Result<bool> {
        Ok(Self::read(&self.path)? != *self)
    }

    /// Puts `text` in its place, with the mode that it has, else with `mode`; does nothing where somebody changed it
    /// meanwhile, and answers whether it was put there.
    ///
    /// # Errors
    ///
    /// `permission`, also where nobody may write to it; `disk_full`.
    pub fn replace(&self, text: &str, mode: u32) -> Result<bool> {
        let mode = self.require_writable()?.unwrap_or(mode);
        let draft = files::draft(&self.path, text.as_bytes(), mode, true)?;
        if self.is_changed()? {
            return Ok(false);
        }
        draft.put().map(|()| true)
    }

    /// Takes the file away, unless somebody changed it meanwhile; answers whether it is gone.
    ///
    /// # Errors
    ///
    /// As [`SettingsFile::replace`].
    pub fn remove(&self) -> Result<bool> {
        self.require_writable()?;
        if self.is_changed()? {
            return Ok(false);
        }
        fs::remove_file(&self.path).map(|()| true).map_err(|error| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be removed", self.path.display()))
        })
    }

    /// A renamed file would go round what its mode says, and root round everything.
    fn require_writable(&self) -> Result<Option<u32>> {
        let Ok(found) = self.path.metadata() else { return Ok(None) };
        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o222 == 0 {
            let message = format!("{} is read-only", self.path.display());
            return Err(Failure::new(Code::Permission, message).hint("make it writable, then try again"));
        }
        Ok(Some(mode))
    }

    /// Makes the folders above it that are missing, and returns them, the outermost first.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn make_folders(&self) -> Result<Vec<PathBuf>> {
        let Some(folder) = self.path.parent() else { return Ok(Vec::new()) };
        let missing = missing_above(&self.path);
        files::make_folders(folder)?;
        Ok(missing)
    }
}

/// Takes away the folders that are empty, the innermost first.
pub fn remove_folders(folders: &[String]) {
    for folder in folders.iter().rev() {
        // What is not empty stays.
        let _ = fs::remove_dir(folder);
    }
}
