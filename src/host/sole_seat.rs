//! A place that one process of a user has at a time, and the note that says who has it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Code, Failure, Result};
use crate::host::process::identity;
use crate::host::{files, ownership};
use crate::model::process::ProcessId;

/// For its owner alone.
pub const PRIVATE: u32 = 0o600;

/// The place; free again when it is dropped, or its process ends. No child inherits it.
#[derive(Debug)]
pub struct SoleSeat {
    _lock: File,
    note: PathBuf,
}

impl SoleSeat {
    /// Takes the place called `name` in the state folder; `None` when somebody has it.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn take(state: &Path, name: &str) -> Result<Option<Self>> {
        let path = state.join(format!("{name}.lock"));
        let refused =
            |error| Failure::from_io(error, Code::Permission, format!("{} cannot be locked", path.display()));
        let mut options = OpenOptions::new();
        let options = files::plain(options.write(true));
        let file = ownership::open_or_make(options, &path).and_then(files::require_plain).map_err(refused)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _lock: file, note: note(state, name) })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(refused(error.into())),
        }
    }

    /// Writes down who has it.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn announce(&self, holder: &impl Serialize) -> Result<()> {
        let bytes = serde_json::to_vec(holder).map_err(|error| {
            Failure::new(Code::Internal, format!("{} cannot be written: {error}", self.note.display()))
        })?;
        files::replace(&self.note, &bytes, PRIVATE)
    }

    /// Takes down what was announced.
    pub fn leave(self) {
        // Whoever reads it looks whether its process lives.
        let _ = std::fs::remove_file(&self.note);
    }
}

/// Returns who has the place called `name`; `None` where nobody does, whatever a killed one left.
pub fn find<T: DeserializeOwned>(state: &Path, name: &str, process: impl Fn(&T) -> &ProcessId) -> Option<T> {
    let bytes = files::read_plain(&note(state, name)).ok()?;
    let holder: T = serde_json::from_slice(&bytes).ok()?;
    identity::is_alive(process(&holder)).then_some(holder)
}

fn note(state: &Path, name: &str) -> PathBuf {
    state.join(format!("{name}.json"))
}
