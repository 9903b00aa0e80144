//! The repository's own id: 32 random hexadecimal digits in `<common dir>/wt/id`, so that moving it changes nothing.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::registry::repository::RepositoryId;

impl Repository {
    /// Returns the folder inside the common dir that holds what `wt` keeps there.
    pub fn wt_dir(&self) -> PathBuf {
        self.common_dir.join("wt")
    }

    /// Makes the folder inside the common dir where it is missing, and returns it.
    pub fn require_wt_dir(&self) -> Result<PathBuf> {
        let folder = self.wt_dir();
        make_folder(&folder)?;
        Ok(folder)
    }

    /// Returns where the admin folder of the worktree that was removed under `token` is kept.
    pub fn trash_dir(&self, token: &str) -> PathBuf {
        self.wt_dir().join("trash").join(token)
    }

    /// Returns the repository's id, where `wt` has been here before.
    pub fn find_id(&self) -> Option<RepositoryId> {
        read_id(&self.wt_dir().join("id"))
    }

    /// Returns the same for whoever takes a worktree without a record to have none: where the system cannot read the id just now,
    /// no record would seem to be this repository's.
    ///
    /// # Errors
    ///
    /// `internal` for a lack of descriptors or of memory, and a disk that does not answer.
    pub fn find_id_surely(&self) -> Result<Option<RepositoryId>> {
        let path = self.wt_dir().join("id");
        match files::read_plain_text(&path) {
            Err(error) if is_passing(&error) => {
                Err(Failure::from_io(error, Code::Internal, format!("{} cannot be read", path.display())))
            }
            _ => Ok(self.find_id()),
        }
    }

    /// Returns the repository's id, making it on the first call; of many processes at once one makes it, all return it.
    pub fn require_id(&self) -> Result<RepositoryId> {
        self.require_nameable()?;
        if let Some(id) = self.find_id() {
            return Ok(id);
        }
        let folder = self.require_wt_dir()?;
        let path = folder.join("id");
        let failed =
            |error| Failure::from_io(error, Code::GitFailed, format!("cannot write {}", path.display()));
        let file = draft_id(&folder)?;
        // Whoever comes second finds the first one's file and uses that.
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error.error)),
        }
        read_id(&path).ok_or_else(|| {
            let message = format!("{} is damaged: 32 hexadecimal digits expected", path.display());
            Failure::new(Code::GitFailed, message)
                .hint("move the file away: the next command makes a new id, and `wt adopt` records the worktrees again")
        })
    }

    /// Gives the repository another id, in the place of the one that it was copied with.
    pub fn renew_id(&self) -> Result<()> {
        let path = self.wt_dir().join("id");
        draft_id(&self.require_wt_dir()?)?.persist(&path).map(drop).map_err(|error| {
            Failure::from_io(error.error, Code::GitFailed, format!("cannot write {}", path.display()))
        })
    }
}

fn draft_id(folder: &Path) -> Result<tempfile::NamedTempFile> {
    let failed =
        |error| Failure::from_io(error, Code::GitFailed, format!("cannot write in {}", folder.display()));
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(Code::Internal, format!("the system gives no random bytes: {error}"))
    })?;
    let id = u128::from_be_bytes(bytes);
    files::sweep_drafts(folder, "id");
    let draft = files::draft_name("id")?;
    let file = tempfile::Builder::new().prefix(&draft).rand_bytes(0).tempfile_in(folder);
    let mut file = file.map_err(failed)?;
    file.write_all(format!("{id:032x}\n").as_bytes()).map_err(failed)?;
    // Nothing secret: whoever may use the repository has to read it.
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    Ok(file)
}

/// Makes `folder` as git makes its own, unless it is there: in a shared repository others must be able to use it.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    match std::fs::DirBuilder::new().recursive(true).create(folder) {
        Ok(()) => Ok(()),
        Err(error) => {
            Err(Failure::from_io(error, Code::GitFailed, format!("cannot make {}", folder.display())))
        }
    }
}

/// Answers whether the system lacks something just now, whatever the file is.
fn is_passing(error: &std::io::Error) -> bool {
    let passing = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO, Errno::INTR, Errno::NOSPC];
    Errno::from_io_error(error).is_some_and(|error| passing.contains(&error))
}

pub(super) fn read_id(path: &Path) -> Option<RepositoryId> {
    let text = files::read_plain_text(path).ok()?;
    let id = text.trim();
    let is_id = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then(|| RepositoryId(id.to_owned()))
}
