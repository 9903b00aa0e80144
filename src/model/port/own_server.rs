//! A worktree's own server on its own port that no `wt up` started.

use super::Port;
use crate::model::service::ServiceName;

/// Such a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnServer {
    /// The number of the worktree's record, and its name.
    pub sequence: u64,
    pub worktree: String,
    pub service: ServiceName,
    pub port: Port,
    pub pid: u32,
    /// Why it is left alone, where it is.
    pub spared: Option<String>,
}

impl OwnServer {
    /// Returns what there is to say of it.
    #[must_use]
    pub fn told(&self) -> String {
        format!(
            "`{}` of {} is served by pid {}, which no `wt up` started",
            self.service, self.worktree, self.pid
        )
    }
}
