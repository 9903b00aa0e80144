//! Which worktree each terminal is in, and which one it was in before: a small file for each, named after the leader of the
//! terminal's session. Files of terminals that were closed go with the next writing.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dirs::Dirs;
use super::files;
use super::process::identity;
use crate::error::Result;
use crate::model::process::ProcessId;

/// The places of one terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The leader of its session: a pid alone is reused, and so is the device of a terminal.
    pub leader: ProcessId,
    /// The worktree that it was last sent to.
    pub current: PathBuf,
    /// The one that it was in before.
    pub last: Option<PathBuf>,
}

/// Returns the leader of our session, where we have a terminal (`credentials(7)`).
#[must_use]
pub fn find_leader() -> Option<ProcessId> {
    fs::File::open("/dev/tty").ok()?;
    let leader = rustix::process::getsid(None).ok()?;
    identity::of(leader.as_raw_nonzero().get().unsigned_abs())
}

/// Returns what is kept of the terminal of `leader`.
#[must_use]
pub fn read(dirs: &Dirs, leader: &ProcessId) -> Option<Places> {
    let bytes = files::read_plain(&file(dirs, leader)).ok()?;
    let places: Places = serde_json::from_slice(&bytes).ok()?;
    (places.leader == *leader).then_some(places)
}

/// Keeps `places`, and drops what is kept of terminals that are closed.
///
/// # Errors
///
/// `disk_full` or `permission`.
pub fn write(dirs: &Dirs, places: &Places) -> Result<()> {
    let folder = dirs.terminals_folder()?;
    drop_closed(&folder);
    let bytes = serde_json::to_vec(places).unwrap_or_default();
    files::make(&file(dirs, &places.leader), &bytes, 0o600)
}

fn file(dirs: &Dirs, leader: &ProcessId) -> PathBuf {
    dirs.state().join("terminals").join(format!("{}-{}", leader.pid, leader.started))
}

fn drop_closed(folder: &Path) {
    for found in fs::read_dir(folder).into_iter().flatten().flatten() {
        let bytes = files::read_plain(&found.path()).unwrap_or_default();
        let known = serde_json::from_slice::<Places>(&bytes);
        if known.is_ok_and(|places| !identity::is_alive(&places.leader)) {
            let _ = fs::remove_file(found.path());
        }
    }
}
