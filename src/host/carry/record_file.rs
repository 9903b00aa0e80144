//! The file that remembers what was carried into one worktree. While a create is at it the file is called otherwise, so
//! that one rename says that all copies are in their places.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Code, Failure, Result};
use crate::host::remove_tree::remove_tree;
use crate::host::{files, ownership};
use crate::model::carry::record::CarryRecord;

/// The record's two names, of which one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFile {
    whole: PathBuf,
    begun: PathBuf,
}

impl RecordFile {
    /// Returns the record at `path`.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        let mut begun = OsString::from(&path);
        begun.push(".begun");
        Self { whole: path, begun: begun.into() }
    }

    /// Answers whether a create began to carry and has not come to the end.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.begun.symlink_metadata().is_ok()
    }

    /// Answers whether there is a record.
    #[must_use]
    pub fn exists(&self) -> bool {
        [&self.begun, &self.whole, &self.replaced()].iter().any(|path| path.symlink_metadata().is_ok())
    }

    /// Writes down that carrying begins, with what is known to be put in place, if anything is by now.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn begin(&self, record: &CarryRecord) -> Result<()> {
        make_folder(&self.begun)?;
        files::replace(&self.begun, &bytes_of(record)?, 0o600)
    }

    /// Writes down that all that was begun is in its place.
    ///
    /// # Errors
    ///
    /// `permission`.
    pub fn finish(&self) -> Result<()> {
        fs::rename(&self.begun, &self.whole).map_err(|error| refused(&self.whole, error))?;
        // The record is in its place: an error here would make the create undo what is whole.
        let _ = files::sync_folder(self.whole.parent().unwrap_or(Path::new(".")));
        Ok(())
    }

    /// Reads the record; `None` where there is none, or one that cannot be read: then nothing is known of any copy.
    #[must_use]
    pub fn find(&self) -> Option<CarryRecord> {
        let bytes = files::read_plain(&self.begun).or_else(|_| files::read_plain(&self.whole)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns the folder of what stood in a worktree before `wt carry --force` replaced it.
    #[must_use]
    pub fn replaced(&self) -> PathBuf {
        let mut folder = OsString::from(&self.whole);
        folder.push(".replaced");
        folder.into()
    }

    /// Forgets the record, and what is kept beside it.
    ///
    /// # Errors
    ///
    /// `permission`.
    pub fn forget(&self) -> Result<()> {
        for path in [&self.begun, &self.whole] {
            match fs::remove_file(path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(refused(path, error)),
            }
        }
        remove_tree(&self.replaced())
    }
}

fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    ownership::make_private_folders(folder).map_err(|error| refused(folder, error))
}

fn bytes_of(record: &CarryRecord) -> Result<Vec<u8>> {
    serde_json::to_vec(record).map_err(|error| {
        Failure::new(Code::Internal, "the record of copies cannot be written down").caused_by(error)
    })
}

fn refused(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be written", path.display()))
}
