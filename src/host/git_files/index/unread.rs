//! Why an index is not read, and what all of its readers know of it.

/// Bytes of an object's name (SHA-1).
pub(super) const NAME: usize = 20;

/// Why an index is not read, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadIndex(pub &'static str);
