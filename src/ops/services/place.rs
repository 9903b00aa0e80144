//! Where the services of a worktree are kept and reached. It hangs on the state folder alone, so that every shell finds
//! the same place, whatever its environment.

use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::environment::Environment;
use crate::host::services::endpoint::Endpoint;
use crate::model::attribution::Claim;
use crate::model::registry::entry::Entry;

use super::failures::internal;
use super::supervise::Wish;

/// The place of one worktree's services.
#[derive(Clone, Debug)]
pub struct Place {
    pub wish: Wish,
    pub endpoint: Endpoint,
}

impl Place {
    /// Returns the place of a recorded worktree; nothing is made but the folder of sockets.
    ///
    /// # Errors
    ///
    /// Fails when the state folder cannot be found, or is not ours alone.
    pub fn of(context: &Context, entry: &Entry) -> Result<Self> {
        let dirs = context.host.dirs()?;
        // git calls no linked worktree by a name with `@`.
        let admin = if entry.admin.is_empty() { "@main" } else { &entry.admin };
        let key = format!("{}/{admin}", entry.repository_id);
        let folder = dirs.state().join("services").join(&key);
        let wish = Wish {
            folder,
            marker: Claim::of(entry).marker(),
            worktree: entry.path.clone(),
            sequence: entry.sequence,
        };
        Self::of_wish(dirs.state(), wish)
    }

    /// Returns the place that a supervisor was told.
    ///
    /// # Errors
    ///
    /// As [`Place::of`].
    pub fn of_wish(state: &Path, wish: Wish) -> Result<Self> {
        let key = wish.folder.to_string_lossy().into_owned();
        let endpoint = Endpoint::find(&Environment::default(), state, &key)
            .map_err(internal("there is no place for the supervisor's socket"))?;
        Ok(Self { wish, endpoint })
    }
}
