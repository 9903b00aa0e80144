//! What is remembered of a file that was installed: what was inserted, what we made, and the bytes of before. It stands in
//! our own state folder, for a copy beside the file may be committed.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::{files, ownership};
use crate::model::agent::program::Program;
use crate::model::hex::hex;

/// What was done to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    pub path: PathBuf,
    /// Whether we made the file.
    #[serde(default)]
    pub made: bool,
    /// Folders above it that we made, the outermost first.
    #[serde(default)]
    pub folders: Vec<String>,
    /// What was inserted.
    #[serde(default)]
    pub pieces: Vec<String>,
}

/// Where that is remembered.
#[derive(Clone, Debug)]
pub(super) struct InstalledMemory {
    folder: PathBuf,
    name: String,
}

impl InstalledMemory {
    pub(super) fn of(context: &Context, program: Program, path: &Path) -> Result<Self> {
        let hash = Sha1::digest(path.as_os_str().as_bytes());
        let name = format!("{}-{}", program.as_str(), hex(&hash[..8]));
        Ok(Self { folder: context.host.dirs()?.state().join("agents"), name })
    }

    fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    /// Where the bytes of before the first installation are kept.
    pub(super) fn backup(&self) -> PathBuf {
        self.folder.join(format!("{}.backup", self.name))
    }

    /// Reads it; `None` where nothing is remembered of that file.
    pub(super) fn find(&self, path: &Path) -> Option<Done> {
        let done: Done = serde_json::from_slice(&files::read_plain(&self.file()).ok()?).ok()?;
        (done.path == path).then_some(done)
    }

    /// Writes it down.
    pub(super) fn write(&self, done: &Done) -> Result<()> {
        self.make_folder()?;
        let text = serde_json::to_vec(done)
            .map_err(|error| Failure::new(Code::Internal, format!("cannot be remembered: {error}")))?;
        files::replace(&self.file(), &text, 0o600)
    }

    /// Keeps the bytes of before, the first time.
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<PathBuf> {
        self.make_folder()?;
        let backup = self.backup();
        if backup.symlink_metadata().is_err() {
            files::replace(&backup, bytes, 0o600)?;
        }
        Ok(backup)
    }

    /// Puts back what was remembered before an installation that did not come about.
    pub(super) fn restore(&self, before: Option<&Done>) {
        match before {
            // What cannot be written now is found by its text later.
            Some(before) => drop(self.write(before)),
            None => self.forget(),
        }
    }

    /// Forgets all of it.
    pub(super) fn forget(&self) {
        for file in [self.file(), self.backup()] {
            // What stays is overwritten by the next installation.
            let _ = std::fs::remove_file(file);
        }
    }

    fn make_folder(&self) -> Result<()> {
        ownership::make_private_folders(&self.folder).map_err(|error| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be made", self.folder.display()))
        })
    }
}
