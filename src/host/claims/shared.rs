//! The ports of this machine that its users have, each in a file of their own in one folder. A file is believed where its
//! owner is the user that it is called after; it is replaced whole, under the lock on the folder.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rustix::fs::OFlags;

use super::{shared_folder, shared_lock};
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::process::users::{self, Users};
use crate::model::claim::{Claim, ClaimId, ClaimSubject, Holding};
use crate::model::claim_file::{ClaimFile, MOST_BYTES, PortClaim};

/// How long the folder's lock is waited for while the registry's is held.
const SHORTLY: Duration = Duration::from_millis(200);

/// The folder, as this user sees it.
#[derive(Debug)]
pub struct SharedHost {
    path: PathBuf,
    /// The user whose file is ours: the owner of the state folder, also where root works in it.
    user: u32,
    host: String,
    /// The random id of our registry.
    registry: String,
    /// The claims that this process has seen in our file.
    seen: Mutex<HashSet<ClaimId>>,
}

/// The folder's lock; it is let go of when it is dropped.
#[derive(Debug)]
pub struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // The descriptor may live on in a child; the lock must not.
        let _ = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock);
    }
}

/// What came of asking for the folder's lock.
#[derive(Debug)]
pub enum Seat {
    Held(Held),
    /// Others kept it: who, where the system tells.
    Busy(Option<String>),
}

impl SharedHost {
    /// Opens the folder; `None` where none is there.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` for one that cannot be trusted.
    pub fn open(path: &Path, state: &Path, host: String, registry: String) -> Result<Option<Self>> {
        if shared_folder::open(path)?.is_none() {
            return Ok(None);
        }
        let user = match users::ourselves() {
            0 => state.metadata().map_or(0, |state| state.uid()),
            user => user,
        };
        let (path, seen) = (path.to_path_buf(), Mutex::default());
        Ok(Some(Self { path, user, host, registry, seen }))
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the random id of our registry.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Takes the folder's lock, for which others are waited for a moment only.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where there are no locks.
    pub fn seat(&self) -> Result<Seat> {
        // A description of its own: the lock of another thread is not ours.
        let Some(folder) = shared_folder::open(&self.path)? else {
            return Err(shared_folder::refused(&self.path, "was taken away", "missing"));
        };
        if shared_lock::take(&folder, &self.path, SHORTLY)? {
            return Ok(Seat::Held(Held(folder)));
        }
        Ok(Seat::Busy(shared_lock::holder(&folder)))
    }

    /// Returns the ports that others have: other users, and other registries of this user. Whatever is no file of the user
    /// that it is called after counts for nothing.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where the folder cannot be listed.
    pub fn others(&self) -> Result<Vec<Holding>> {
        let names = Users::default();
        let mut found = Vec::new();
        for entry in self.path.read_dir().map_err(|error| self.unlisted(&error))? {
            let entry = entry.map_err(|error| self.unlisted(&error))?;
            let name = entry.file_name();
            let Some(user) = name.to_str().and_then(ClaimFile::user_of) else { continue };
            let Some(file) = self.read(user) else { continue };
            let is_other = |claim: &PortClaim| user != self.user || claim.registry != self.registry;
            for claim in file.claims.into_iter().filter(is_other) {
                found.push(Holding {
                    claim: Claim { id: claim.id, subject: ClaimSubject::Port(claim.port) },
                    host: self.host.clone(),
                    user: names.name(user),
                    worktree: claim.worktree,
                    since: Some(claim.since),
                });
            }
        }
        Ok(found)
    }

    /// Returns the claims of this user.
    #[must_use]
    pub fn own(&self) -> ClaimFile {
        let file = self.read(self.user).unwrap_or_else(|| ClaimFile::empty(self.user));
        if let Ok(mut seen) = self.seen.lock() {
            seen.extend(file.claims.iter().map(|claim| claim.id.clone()));
        }
        file
    }

    /// Answers whether this process has seen the claim in our file.
    #[must_use]
    pub fn has_seen(&self, id: &ClaimId) -> bool {
        self.seen.lock().is_ok_and(|seen| seen.contains(id))
    }

    /// Replaces the file of this user.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where it cannot be written, another's file in its place included.
    pub fn write(&self, _held: &Held, file: &ClaimFile) -> Result<()> {
        let path = self.path.join(ClaimFile::name(self.user));
        if let Ok(found) = path.symlink_metadata()
            && found.uid() != self.user
        {
            let squatter = Users::default().name(found.uid());
            let why = format!("has a file of {squatter} where ours goes: {}", path.display());
            return Err(shared_folder::refused(&self.path, &why, "squatted"));
        }
        let bytes = serde_json::to_vec(file).map_err(|error| {
            Failure::new(Code::Internal, format!("claims cannot be written down: {error}"))
        })?;
        let written = files::replace(&path, &bytes, 0o644).and_then(|()| self.hand_over(&path));
        written.map_err(|failure| {
            shared_folder::refused(&self.path, &format!("cannot be written: {failure}"), "unwritable")
        })?;
        if let Ok(mut seen) = self.seen.lock() {
            seen.extend(file.claims.iter().map(|claim| claim.id.clone()));
        }
        Ok(())
    }

    /// What root wrote for a user becomes that user's.
    fn hand_over(&self, path: &Path) -> Result<()> {
        if users::ourselves() == self.user {
            return Ok(());
        }
        std::os::unix::fs::lchown(path, Some(self.user), None).map_err(|error| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be given away", path.display()))
        })
    }

    /// The file of `user`, where it is one: plain, of one name, the user's own, and not longer than claims can be.
    fn read(&self, user: u32) -> Option<ClaimFile> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let path = self.path.join(ClaimFile::name(user));
        let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
        let found = file.metadata().ok()?;
        if !found.is_file() || found.uid() != user || found.nlink() != 1 || found.len() > MOST_BYTES {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        ClaimFile::parse(&bytes, user)
    }

    fn unlisted(&self, error: &std::io::Error) -> Failure {
        shared_folder::refused(&self.path, &format!("cannot be listed: {error}"), "unreadable")
    }
}
