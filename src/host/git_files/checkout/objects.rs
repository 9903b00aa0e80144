//! One thread's object database, opened when it is first asked for: where all files are copies of a sibling's it never
//! is, and a large repository's pack indexes stay unread.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::OnceLock;

use git2::Repository;

use super::blobs::Blobs;
use crate::error::{Code, Failure, Result};
use crate::host::git_files::objects::Library;
use crate::host::git_files::packs::Packs;

/// What one thread reads objects from.
pub(super) struct Objects<'r> {
    pub(super) common_dir: &'r Path,
    /// A handle of its own: threads that share one wait for each other.
    pub(super) library: &'r OnceCell<Library>,
    /// These are shared.
    pub(super) packs: &'r OnceLock<Packs>,
    pub(super) blobs: OnceCell<Blobs<'r>>,
}

impl<'r> Objects<'r> {
    /// Returns the blobs, opening them where nobody has yet.
    pub(super) fn blobs(&self) -> Result<&Blobs<'r>> {
        if let Some(blobs) = self.blobs.get() {
            return Ok(blobs);
        }
        let opened = open_library(self.common_dir)?;
        let packs = self.packs.get_or_init(|| Packs::open(&self.common_dir.join("objects")));
        let blobs = Blobs::with_packs(self.library.get_or_init(|| opened), packs)?;
        Ok(self.blobs.get_or_init(|| blobs))
    }
}

/// Opens the repository by its common dir, without a worktree.
pub(super) fn open_library(common_dir: &Path) -> Result<Library> {
    Repository::open_bare(common_dir).map(Library::from).map_err(|error| {
        let message =
            format!("the repository {} cannot be opened: {}", common_dir.display(), error.message());
        Failure::new(Code::GitFailed, message).caused_by(error)
    })
}
