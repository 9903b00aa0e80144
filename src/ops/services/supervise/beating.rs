//! While services run the team sees this host live: a process of its own writes the host's entry, for it reads the configuration
//! and may wait for a network. A supervisor does neither.

use std::time::Duration;

use super::supervisor::Supervisor;
use crate::host::process::spawn;
use crate::model::claim::Claim;
use crate::model::host_entry::BEAT;
use crate::ops::team;

impl Supervisor<'_> {
    /// Starts that process where it is due and the worktree has claims that others see over a network.
    pub(super) fn beat(&mut self) {
        let now = self.host.clock.instant();
        if now < self.next_beat {
            return;
        }
        self.next_beat = now + Duration::try_from(BEAT).unwrap_or(Duration::MAX);
        let Ok(registry) = self.store().and_then(|store| store.read()) else { return };
        let own = registry.entries().find(|entry| entry.sequence == self.wish.sequence);
        let Some(entry) = own.filter(|entry| entry.is_living()) else { return };
        if entry.notes.claims.read_each().iter().any(|claim| !Claim::is_of_port(claim)) {
            // Whoever is due next tries again.
            let _ = spawn::detach(&team::WORDS_OF_BEAT, &entry.path, false);
        }
    }
}
