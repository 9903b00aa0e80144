//! The socket on which callers come in: it tells who came, and is made anew where it cannot be reached any more.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use crate::host::services::endpoint::{Endpoint, SupervisorSocket};

#[derive(Debug)]
pub(super) struct Door {
    endpoint: Endpoint,
    listening: SupervisorSocket,
    /// Whether nobody can be let in for now, as when descriptors run out.
    is_deaf: bool,
}

impl Door {
    /// Opens it; waits for another one's turn until `is_given_up` answers true.
    ///
    /// # Errors
    ///
    /// Those of listening.
    pub fn open(endpoint: &Endpoint, is_given_up: &mut dyn FnMut() -> bool) -> io::Result<Self> {
        Ok(Self { endpoint: endpoint.clone(), listening: endpoint.listen(is_given_up)?, is_deaf: false })
    }

    /// Returns what becomes readable when somebody comes. Who waits in vain would wake us again and again: they are let in by
    /// the next round.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        (!self.is_deaf).then(|| self.listening.as_fd())
    }

    /// Returns the next of those who have come.
    pub fn find_caller(&mut self) -> Option<UnixStream> {
        let found = self.listening.find_caller();
        self.is_deaf = found.is_err();
        found.ok().flatten()
    }

    /// Makes the socket anew where somebody took it away.
    pub fn mend(&mut self) {
        if !self.listening.is_reachable()
            // Where another one is at it just now, the next round looks again.
            && let Ok(listening) = self.endpoint.listen(&mut || true)
        {
            self.listening = listening;
        }
    }
}
