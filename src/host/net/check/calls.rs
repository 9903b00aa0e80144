//! The connections that our own checks made: whoever counts a service's clients leaves them out.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The addresses from which services were asked, since somebody took them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct OwnCalls(Arc<Mutex<BTreeSet<SocketAddr>>>);

impl OwnCalls {
    /// Takes note of one.
    pub fn note(&self, address: SocketAddr) {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
    }

    /// Returns those that were noted since this was asked last.
    #[must_use]
    pub fn take(&self) -> BTreeSet<SocketAddr> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
