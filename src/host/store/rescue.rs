//! What is done about a document that cannot be read: the backup or another version takes its place under the lock, and
//! the damaged bytes are kept beside it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Store, backup_of};
use crate::error::{Code, Failure, Result};
use crate::host::{files, link, lock, ownership};
use crate::model::facts::Backup;
use crate::model::registry::document::Document;
use crate::model::registry::salvage::salvage;
use crate::model::registry::table::Registry;

/// How many damaged versions are kept before somebody has to look.
const KEPT: u32 = 1000;

impl<T: Document> Store<T> {
    /// Returns what the backup is.
    #[must_use]
    pub fn backup(&self) -> Backup {
        let path = self.path();
        let read = link::followed(&path).map(|path| files::read_plain(&backup_of(&path)));
        match read {
            Ok(Ok(bytes)) if T::parse(&bytes, &path).is_ok() => Backup::Whole,
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Backup::Missing,
            _ => Backup::Damaged,
        }
    }

    /// The bytes of the file and of its backup, as far as they can be read.
    fn wreckage(&self) -> Vec<Vec<u8>> {
        let Ok(path) = link::followed(&self.path()) else { return Vec::new() };
        [files::read_plain(&path), files::read_plain(&backup_of(&path))].into_iter().flatten().collect()
    }

    /// Puts the backup in the place of a file that cannot be read. Answers whether it did: somebody else may have been
    /// faster.
    ///
    /// # Errors
    ///
    /// `registry_corrupt` when the backup cannot be read either; `permission`, `disk_full`.
    pub fn restore_backup(&self) -> Result<bool> {
        self.replace_unreadable(|path| {
            let bytes = files::read_plain(&backup_of(path)).map_err(|error| {
                Failure::from_io(error, Code::RegistryCorrupt, "the registry's backup cannot be read")
            })?;
            T::parse(&bytes, path).map(|_| bytes)
        })
    }

    /// Puts `document` in the place of a file that cannot be read. Answers whether it did.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn replace_damaged(&self, document: &T) -> Result<bool> {
        self.replace_unreadable(|_| document.render())
    }

    fn replace_unreadable(&self, make: impl FnOnce(&Path) -> Result<Vec<u8>>) -> Result<bool> {
        let folder = self.dirs.require_state()?;
        lock::with_folder_locked(folder, self.timeout, &self.interrupt, || {
            match self.read() {
                Err(failure) if failure.code() == Code::RegistryCorrupt => {}
                Err(failure) => return Err(failure),
                Ok(_) => return Ok(false),
            }
            let path = link::followed(&self.path())?;
            let bytes = make(&path)?;
            keep_damaged(&path)?;
            files::replace(&path, &bytes, 0o600)?;
            Ok(true)
        })
    }

    /// Copies the file to `registry.json.before-fix`, in the place of an earlier copy, and returns where that is; `None`
    /// when there is no file.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn back_up(&self) -> Result<Option<PathBuf>> {
        let path = link::followed(&self.path())?;
        let Ok(bytes) = files::read_plain(&path) else { return Ok(None) };
        let copy = path.with_file_name("registry.json.before-fix");
        files::replace(&copy, &bytes, 0o600)?;
        Ok(Some(copy))
    }

    /// Appends rows that cannot be read to `set-aside.jsonl`, before they are taken out of the document; returns the file.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn set_aside(&self, rows: &[Value]) -> Result<PathBuf> {
        let file = self.dirs.require_state()?.join("set-aside.jsonl");
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        let lines = format!("{}\n", lines.join("\n"));
        let written = ownership::open_or_make(files::plain(File::options().append(true)), &file)
            .and_then(files::require_plain)
            .and_then(|mut open| {
                open.write_all(lines.as_bytes())?;
                open.sync_all()
            });
        written.map(|()| file.clone()).map_err(|error| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be written", file.display()))
        })
    }
}

impl Store<Registry> {
    /// Returns the rows that are whole, of the file and of its backup.
    #[must_use]
    pub fn salvage(&self) -> Registry {
        salvage(&self.wreckage())
    }
}

/// Gives the damaged file another name beside it, never one that is taken; a missing one has nothing to keep.
fn keep_damaged(path: &Path) -> Result<()> {
    let failed = |error| Failure::from_io(error, Code::Permission, "the damaged registry cannot be kept");
    for number in 1..=KEPT {
        let kept = path.with_file_name(format!("registry.json.damaged-{number}"));
        match fs::hard_link(path, &kept) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(_) if path.symlink_metadata().is_err() => return Ok(()),
            Err(_) if kept.symlink_metadata().is_err() => {
                // A file system without hard links.
                return fs::copy(path, &kept).map(drop).map_err(failed);
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Failure::new(Code::Permission, format!("{KEPT} damaged registries are kept already"))
        .hint(format!("look through {}", path.parent().unwrap_or(path).display())))
}
