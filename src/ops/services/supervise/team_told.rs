//! What the team was told of a worktree's services, and when it is told again.

use std::time::Instant;

use crate::model::service::ServiceName;
use crate::model::services::state::ServiceState;

/// When the team is told again.
#[derive(Debug)]
pub(super) struct TeamTold {
    pub next: Instant,
    /// How the services stood when it was told last.
    pub told: Vec<(ServiceName, ServiceState)>,
    /// How they stand since when.
    pub seen: (Vec<(ServiceName, ServiceState)>, Instant),
}

impl TeamTold {
    /// It was never told.
    pub fn new(now: Instant) -> Self {
        Self { next: now, told: Vec::new(), seen: (Vec::new(), now) }
    }
}
