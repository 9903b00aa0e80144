//! A worktree that has a port for a service, by the registry, as far as settling the port needs it.

use jiff::Timestamp;

use super::Port;
use super::listener::WorktreeKey;
use crate::model::service::ServiceName;

/// A worktree that has a port for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The entry's own number.
    pub sequence: u64,
    pub worktree: WorktreeKey,
    pub service: ServiceName,
    pub port: Port,
    pub allocated_at: Timestamp,
    pub pinned: bool,
    /// Whether a user's lock protects the worktree.
    pub locked: bool,
    /// Whether it is neither half made, nor half removed, nor gone: such are finished first, and dispute nothing.
    pub settled: bool,
    /// Whether its listeners can be seen from here: not those of another container's network.
    pub visible: bool,
    /// Whether a process of its worktree holds the port.
    pub runs: bool,
}

impl Tenant {
    /// Returns why it stays where it is; `None` when it may be moved.
    #[must_use]
    pub fn immovable(&self) -> Option<&'static str> {
        match (self.pinned, self.locked) {
            (true, _) => Some("is pinned"),
            (false, true) => Some("belongs to a locked worktree"),
            (false, false) => None,
        }
    }

    /// Returns it in words: `feature-login (web)`.
    #[must_use]
    pub fn named(&self) -> String {
        format!("{} ({})", self.worktree.name, self.service)
    }
}
