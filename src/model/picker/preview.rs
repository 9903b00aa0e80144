//! What is shown of a worktree beside its row.

use jiff::Timestamp;

use crate::model::view::{ChangesView, PortView};

/// What is shown of one worktree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PickerPreview {
    /// `None` where nobody can tell.
    pub changes: Option<ChangesView>,
    /// The newest first.
    pub commits: Vec<Commit>,
    pub ports: Vec<PortView>,
    pub logs: Vec<Log>,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The beginning of its name, in hexadecimal.
    pub short: String,
    pub at: Option<Timestamp>,
    pub subject: String,
}

/// The end of a service's log, as the service wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    pub service: String,
    pub lines: Vec<String>,
}
