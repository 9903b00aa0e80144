//! When orphans that ended are reaped: a while after a child's end was told, and once more when a check that was waited for is
//! over.

use std::time::{Duration, Instant};

use crate::host::services::reaper;

/// How long it is waited for more of them.
const GATHERING: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub(super) struct Reaping {
    next: Option<Instant>,
    /// Whether some could not be told from those that a check waits for.
    is_owed: bool,
}

impl Reaping {
    /// Takes note that a child has ended.
    pub fn note_end(&mut self, now: Instant) {
        self.next.get_or_insert(now + GATHERING);
    }

    /// Returns when it is time.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Reaps what is due, but for the children that are `waited_for`; whether `is_idle`: no check waits for a child of its own.
    pub fn reap(&mut self, now: Instant, is_idle: bool, waited_for: impl FnOnce() -> Vec<u32>) {
        let is_due = (self.is_owed && is_idle) || self.next.is_some_and(|due| due <= now);
        if is_due {
            self.next = None;
            // What cannot be reaped now is reaped by whoever outlives us.
            self.is_owed = reaper::reap_orphans(&waited_for(), !is_idle).unwrap_or_default();
        }
    }
}
