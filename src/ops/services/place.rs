//! Where the services of a worktree are kept and reached. It hangs on the state folder alone, so that every shell finds
//! the same place, whatever its environment.

use std::path::{Path, PathBuf};

use super::internal::internal;
use super::wish::SupervisorWish;
use crate::context::Context;
use crate::error::Result;
use crate::host::services::endpoint::Endpoint;
use crate::model::process::attribution::ProcessClaim;
use crate::model::registry::entry::Entry;

/// Returns where the services of all worktrees are kept: a folder for each repository.
#[must_use]
pub fn all(state: &Path) -> PathBuf {
    state.join("services")
}

/// Returns where those of one worktree are kept.
#[must_use]
pub fn folder(state: &Path, entry: &Entry) -> PathBuf {
    all(state).join(entry.kept_under())
}

/// Returns which entry's the folder is; `None` where it is nobody's.
#[must_use]
pub fn sequence(folder: &Path) -> Option<u64> {
    folder.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
}

/// The place of one worktree's services.
#[derive(Clone, Debug)]
pub struct ServicesPlace {
    pub wish: SupervisorWish,
    pub endpoint: Endpoint,
}

impl ServicesPlace {
    /// Returns the place of a recorded worktree; nothing is made but the folder of sockets.
    ///
    /// # Errors
    ///
    /// Fails when the state folder cannot be found, or is not ours alone.
    pub fn of(context: &Context, entry: &Entry) -> Result<Self> {
        let dirs = context.host.dirs()?;
        let folder = folder(dirs.state(), entry);
        let wish = SupervisorWish {
            folder,
            marker: ProcessClaim::of(entry).marker(),
            worktree: entry.path.clone(),
            sequence: entry.sequence,
        };
        Self::of_wish(dirs.state(), wish)
    }

    /// Returns the place that a supervisor was told.
    ///
    /// # Errors
    ///
    /// As [`ServicesPlace::of`].
    pub fn of_wish(state: &Path, wish: SupervisorWish) -> Result<Self> {
        let key = wish.folder.to_string_lossy().into_owned();
        let endpoint =
            Endpoint::find(state, &key).map_err(internal("there is no place for the supervisor's socket"))?;
        Ok(Self { wish, endpoint })
    }
}
