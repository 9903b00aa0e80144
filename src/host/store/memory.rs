//! What was parsed last, and the bytes that it was parsed from: one command reads the registry several times, and mostly
//! finds the same bytes again.

use std::sync::{Arc, Mutex, PoisonError};

/// The last document that was read or written, shared by the stores of one command.
#[derive(Debug)]
pub struct StoreMemory<T>(Arc<Mutex<Option<Seen<T>>>>);

#[derive(Debug)]
struct Seen<T> {
    bytes: Vec<u8>,
    document: Arc<T>,
}

impl<T> Clone for StoreMemory<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for StoreMemory<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> StoreMemory<T> {
    /// Returns the document that these very bytes are.
    pub(super) fn recall(&self, bytes: &[u8]) -> Option<Arc<T>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().filter(|seen| seen.bytes == bytes).map(|seen| Arc::clone(&seen.document))
    }

    /// Hands out the document that these very bytes are, to be changed: nothing is remembered then.
    pub(super) fn take(&self, bytes: &[u8]) -> Option<Arc<T>> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take_if(|seen| seen.bytes == bytes).map(|seen| seen.document)
    }

    /// Remembers that `bytes` are `document`.
    pub(super) fn keep(&self, bytes: Vec<u8>, document: Arc<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { bytes, document });
    }
}
