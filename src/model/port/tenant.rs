//! An allocation of a port that others may claim too, as far as settling it needs it.

use jiff::Timestamp;

use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::service::ServiceName;

/// A port that a worktree has for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contender {
    /// The entry's own number.
    pub sequence: u64,
    pub worktree: WorktreeKey,
    pub service: ServiceName,
    pub port: Port,
    pub allocated_at: Timestamp,
    pub pinned: bool,
    /// Whether a user's lock protects the worktree.
    pub locked: bool,
    /// Whether its listeners can be seen from here: not those of another container's network.
    pub visible: bool,
    /// Whether a server of its worktree runs on the port.
    pub runs: bool,
}

impl Contender {
    /// Returns why it stays where it is; `None` when it may be moved.
    #[must_use]
    pub fn immovable(&self) -> Option<&'static str> {
        match (self.pinned, self.locked) {
            (true, _) => Some("is pinned"),
            (false, true) => Some("belongs to a locked worktree"),
            (false, false) => None,
        }
    }
}
