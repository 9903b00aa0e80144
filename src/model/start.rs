//! Where the branch of a new worktree came from.

use jiff::Timestamp;
use serde::Serialize;

/// Where the branch of a new worktree came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Start {
    /// It was made at a commit, which `from` led to.
    New { from: Option<String>, commit: String },
    /// It was there before.
    Existing {
        committed_at: Option<Timestamp>,
        /// How many commits of the branch `of` it has not.
        behind: Option<usize>,
        of: Option<String>,
    },
    /// It was made at a remote's branch, and follows it.
    Tracking { upstream: String },
    /// There is none: the commit itself is checked out.
    Detached { from: Option<String>, commit: String },
}
