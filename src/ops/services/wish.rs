//! Whose services a supervisor is for.

use std::path::PathBuf;

/// Whose supervisor it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorWish {
    /// Where the record and the logs are.
    pub folder: PathBuf,
    /// The value of `WT_MARKER`.
    pub marker: String,
    pub worktree: PathBuf,
    /// The entry in the registry.
    pub sequence: u64,
}
