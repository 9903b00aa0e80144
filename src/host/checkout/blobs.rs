//! The content of files, out of the object database. libgit2 checks every object against its name, so a
//! damaged one is a failure and never a wrong byte.

use git2::{ObjectType, Odb, OdbObject, Oid, Repository};

use super::plan::{shown, unreadable};
use crate::error::{Code, Failure, Result};

/// Where blobs are read from.
pub(super) struct Blobs<'r>(Odb<'r>);

impl<'r> Blobs<'r> {
    /// Opens the object database of a repository, its alternates too.
    pub(super) fn open(library: &'r Repository) -> Result<Self> {
        library.odb().map(Self).map_err(|error| unreadable(error, "the object database cannot be opened"))
    }

    /// Reads a blob whole; `path` is what a failure says it is for.
    pub(super) fn read(&self, id: Oid, path: &[u8]) -> Result<OdbObject<'_>> {
        let object = self.0.read(id).map_err(|error| {
            unreadable(error, &format!("object {id} of `{}` cannot be read", shown(path)))
        })?;
        if object.kind() == ObjectType::Blob {
            return Ok(object);
        }
        let message = format!("object {id} of `{}` is a {}, not a file", shown(path), object.kind());
        Err(Failure::new(Code::GitFailed, message).hint("`git fsck` says what is damaged"))
    }
}
