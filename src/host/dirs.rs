//! Where our own files are: the state folder and the user's configuration.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::ownership;
use crate::error::{Code, Failure, Result};

/// The state folder, made when first needed, for its owner alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    state: PathBuf,
}

impl Dirs {
    /// Finds the state folder: `WT_STATE_DIR`, else `$XDG_STATE_HOME/wt`, else `~/.local/state/wt`.
    ///
    /// # Errors
    ///
    /// `usage` when none of them is to be had, or `WT_STATE_DIR` is not absolute.
    pub fn find(environment: &Environment) -> Result<Self> {
        let own = environment.find_folder("WT_STATE_DIR");
        if let (None, Some(relative)) = (&own, environment.find("WT_STATE_DIR")) {
            // Passing over it would change another registry than the one that was meant.
            let message = format!("WT_STATE_DIR is not an absolute path: {}", relative.to_string_lossy());
            return Err(Failure::new(Code::Usage, message).hint("set it to an absolute folder"));
        }
        let xdg = || environment.find_folder("XDG_STATE_HOME").map(|folder| folder.join("wt"));
        let home = || environment.find_folder("HOME").map(|folder| folder.join(".local/state/wt"));
        match own.or_else(xdg).or_else(home) {
            Some(state) => Ok(Self { state }),
            None => Err(Failure::new(Code::Usage, "there is no folder for the registry: HOME is not set")
                .hint("set HOME, or WT_STATE_DIR to an absolute folder")),
        }
    }

    /// Returns the state folder, which may not exist yet.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Makes the state folder where it is missing, mode 0700.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn require_state(&self) -> Result<&Path> {
        make_private(&self.state)?;
        Ok(&self.state)
    }

    /// Makes and returns the folder of the lock files of creates and removals at work.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn creating_folder(&self) -> Result<PathBuf> {
        let folder = self.state.join("creating");
        make_private(&folder)?;
        Ok(folder)
    }

    /// Makes and returns the folder of the lock files that say whose env files are behind.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn require_following(&self) -> Result<PathBuf> {
        let folder = self.following();
        make_private(&folder)?;
        Ok(folder)
    }

    /// Returns where that folder is, made or not.
    #[must_use]
    pub fn following(&self) -> PathBuf {
        self.state.join("following")
    }
}

impl Dirs {
    /// Makes and returns the folder of what is kept of each terminal.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn terminals_folder(&self) -> Result<PathBuf> {
        let folder = self.state.join("terminals");
        make_private(&folder)?;
        Ok(folder)
    }
}

fn make_private(folder: &Path) -> Result<()> {
    ownership::make_private_folders(folder).map_err(|error| {
        Failure::from_io(error, Code::Permission, format!("{} cannot be made", folder.display()))
            .hint("make it writable, or set WT_STATE_DIR to another folder")
    })
}
