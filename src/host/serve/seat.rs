//! The one place of a user's `wt serve`: who has it, where it answers, and the word that it wants to hear.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::host::process::identity;
use crate::host::process::stop::Running;
use crate::host::{files, ownership, token};
use crate::model::process::ProcessId;
use crate::model::signal::EndSignal;

const LOCK: &str = "serve.lock";
const RECORD: &str = "serve.json";
const TOKEN: &str = "serve.token";

/// For its owner alone.
const PRIVATE: u32 = 0o600;

/// Who serves, as `serve.json` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    pub process: ProcessId,
    /// Where it answers: `http://127.0.0.1:7373/`, or the path of a socket.
    pub url: String,
}

/// The place; free again when it is dropped, or its process ends. No child inherits it.
#[derive(Debug)]
pub struct ServerSeat {
    _lock: File,
}

impl ServerSeat {
    /// Takes the place; `None` when somebody has it.
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
            Ok(()) => Ok(Some(Self { _lock: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(refused(error.into())),
        }
    }

    /// Writes down that we serve at `url`, and with which token. A token of before is kept where that is wanted.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn announce(&self, state: &Path, url: &str, keeps_token: bool) -> Result<String> {
        let token = match find_token(state).filter(|_| keeps_token) {
            Some(token) => token,
            None => token::random()?,
        };
        files::replace(&state.join(TOKEN), token.as_bytes(), PRIVATE)?;
        let serving = Serving { process: identity::current()?, url: url.to_owned() };
        let bytes = serde_json::to_vec(&serving).map_err(|error| {
            Failure::new(Code::Internal, format!("serve.json cannot be written: {error}"))
        })?;
        files::replace(&state.join(RECORD), &bytes, PRIVATE)?;
        Ok(token)
    }

    /// Takes down what was announced.
    pub fn leave(self, state: &Path) {
        // Whoever reads it looks whether its process lives.
        let _ = std::fs::remove_file(state.join(RECORD));
    }
}

/// Returns who serves; `None` where nobody does, whatever a killed one left.
#[must_use]
pub fn find(state: &Path) -> Option<Serving> {
    let bytes = files::read_plain(&state.join(RECORD)).ok()?;
    let serving: Serving = serde_json::from_slice(&bytes).ok()?;
    identity::is_alive(&serving.process).then_some(serving)
}

/// Returns the token of whoever serves, or served last.
#[must_use]
pub fn find_token(state: &Path) -> Option<String> {
    let token = files::read_plain_text(&state.join(TOKEN)).ok()?;
    let is_token = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_token.then_some(token)
}

/// Has it end, as Ctrl-C would.
///
/// # Errors
///
/// `permission` where the system refuses; `not_found` when it is gone already.
pub fn stop(serving: &Serving) -> Result<()> {
    let ProcessId { pid, started, .. } = serving.process;
    let sent = Running::find(pid, started).and_then(|running| match running {
        Some(running) => running.send(EndSignal::Term),
        None => Ok(false),
    });
    match sent {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::new(Code::NotFound, "it ended meanwhile")),
        Err(error) => Err(Failure::from_io(error, Code::Permission, format!("pid {pid} cannot be stopped"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_serves_at_a_time_and_is_found() {
        let state = tempfile::tempdir().unwrap();
        let seat = ServerSeat::take(state.path()).unwrap().unwrap();
        assert!(ServerSeat::take(state.path()).unwrap().is_none());
        let token = seat.announce(state.path(), "http://127.0.0.1:7373/", false).unwrap();
        let found = find(state.path()).unwrap();
        assert_eq!(
            (found.url.as_str(), find_token(state.path())),
            ("http://127.0.0.1:7373/", Some(token.clone()))
        );
        assert_eq!(seat.announce(state.path(), "http://127.0.0.1:7374/", true).unwrap(), token);
        assert_ne!(seat.announce(state.path(), "http://127.0.0.1:7374/", false).unwrap(), token);
        seat.leave(state.path());
        assert!(find(state.path()).is_none() && ServerSeat::take(state.path()).unwrap().is_some());
    }

    #[test]
    fn what_a_killed_one_left_is_not_believed() {
        let state = tempfile::tempdir().unwrap();
        let mut process = identity::current().unwrap();
        process.started += 1;
        let left = Serving { process, url: "http://127.0.0.1:7373/".to_owned() };
        files::replace(&state.path().join(RECORD), &serde_json::to_vec(&left).unwrap(), PRIVATE).unwrap();
        assert!(find(state.path()).is_none());
        files::replace(&state.path().join(RECORD), b"{\"process\"", PRIVATE).unwrap();
        assert!(find(state.path()).is_none());
    }
}
