//! The one place of a user's `wt monitor`: who has it.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Code, Failure, Result};
use crate::host::process::identity;
use crate::host::{files, ownership};
use crate::model::process::ProcessId;

const LOCK: &str = "monitor.lock";
const RECORD: &str = "monitor.json";

/// For its owner alone.
const PRIVATE: u32 = 0o600;

/// The place; free again when it is dropped, or its process ends. No child inherits it.
#[derive(Debug)]
pub struct MonitorSeat {
    _lock: File,
}

impl MonitorSeat {
    /// Takes the place and says who has it; `None` when somebody has it.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn take(state: &Path) -> Result<Option<Self>> {
        let path = state.join(LOCK);
        let refused =
            |error| Failure::from_io(error, Code::Permission, format!("{} cannot be locked", path.display()));
        let mut options = OpenOptions::new();
        let options = files::plain(options.write(true));
        let file = ownership::open_or_make(options, &path).and_then(files::require_plain).map_err(refused)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(refused(error.into())),
        }
        let bytes = serde_json::to_vec(&identity::current()?).map_err(|error| {
            Failure::new(Code::Internal, format!("monitor.json cannot be written: {error}"))
        })?;
        files::replace(&state.join(RECORD), &bytes, PRIVATE)?;
        Ok(Some(Self { _lock: file }))
    }

    /// Takes down who had it.
    pub fn leave(self, state: &Path) {
        // Whoever reads it looks whether its process lives.
        let _ = std::fs::remove_file(state.join(RECORD));
    }
}

/// Returns the pid of who monitors; `None` where nobody does, whatever a killed one left.
#[must_use]
pub fn find(state: &Path) -> Option<u32> {
    let bytes = files::read_plain(&state.join(RECORD)).ok()?;
    let process: ProcessId = serde_json::from_slice(&bytes).ok()?;
    identity::is_alive(&process).then_some(process.pid)
}
