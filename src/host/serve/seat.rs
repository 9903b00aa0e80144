//! The one place of a user's `wt serve`: who has it, where it answers, and the word that it wants to hear.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::host::process::identity;
use crate::host::process::stop::Running;
use crate::host::sole_seat::{self, PRIVATE, SoleSeat};
use crate::host::{files, token};
use crate::model::process::ProcessId;
use crate::model::signal::EndSignal;

const NAME: &str = "serve";
const TOKEN: &str = "serve.token";

/// Who serves, as `serve.json` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    pub process: ProcessId,
    /// Where it answers: `http://127.0.0.1:7373/`, or the path of a socket.
    pub url: String,
}

/// The place of the server; free again when it is dropped, or its process ends.
#[derive(Debug)]
pub struct ServerSeat(SoleSeat);

impl ServerSeat {
    /// Takes the place; `None` when somebody has it.
    ///
    /// # Errors
    ///
    /// `permission` or `disk_full`.
    pub fn take(state: &Path) -> Result<Option<Self>> {
        Ok(SoleSeat::take(state, NAME)?.map(Self))
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
        self.0.announce(&Serving { process: identity::current()?, url: url.to_owned() })?;
        Ok(token)
    }

    /// Takes down what was announced.
    pub fn leave(self) {
        self.0.leave();
    }
}

/// Returns who serves; `None` where nobody does, whatever a killed one left.
#[must_use]
pub fn find(state: &Path) -> Option<Serving> {
    sole_seat::find(state, NAME, |serving: &Serving| &serving.process)
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
        seat.leave();
        assert!(find(state.path()).is_none() && ServerSeat::take(state.path()).unwrap().is_some());
    }

    #[test]
    fn what_a_killed_one_left_is_not_believed() {
        let state = tempfile::tempdir().unwrap();
        let mut process = identity::current().unwrap();
        process.started += 1;
        let left = Serving { process, url: "http://127.0.0.1:7373/".to_owned() };
        files::replace(&state.path().join("serve.json"), &serde_json::to_vec(&left).unwrap(), PRIVATE)
            .unwrap();
        assert!(find(state.path()).is_none());
        files::replace(&state.path().join("serve.json"), b"{\"process\"", PRIVATE).unwrap();
        assert!(find(state.path()).is_none());
    }
}
