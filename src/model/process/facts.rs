//! What is known about one process.

use std::path::PathBuf;

/// What is known about one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFacts {
    pub pid: u32,
    /// 0 where it has none that we can see.
    pub parent: u32,
    /// The pid of its session's leader, which may be gone.
    pub session: u32,
    /// The program's short name.
    pub command: String,
    /// Its working folder; `None` where it cannot be seen.
    pub folder: Option<PathBuf>,
    /// The user id it runs as.
    pub user: u32,
    /// When it started, as in [`ProcessId::started`](super::ProcessId).
    pub started: u64,
    /// The value of [`WT_MARKER`](super::attribution::WT_MARKER) in its environment.
    pub marker: Option<String>,
}
