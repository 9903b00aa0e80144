//! While services run the team sees this host live, and what runs: a process of its own tells them, for it reads the configuration
//! and may wait for a network. A supervisor does neither.

use std::time::{Duration, Instant};

use super::supervisor::Supervisor;
use crate::host::claims::TeamBook;
use crate::host::process::spawn;
use crate::model::running_entry::RENEWED;
use crate::ops::team;

/// How long the services have to stand as they do before others are told: a start goes through many states.
const CALM: Duration = Duration::from_secs(2);

impl Supervisor<'_> {
    /// Starts that process where something changed, or where it is due.
    pub(super) fn beat(&mut self) {
        let now = self.host.clock.instant();
        if self.beats.seen.0 != self.chronicled {
            self.beats.seen = (self.chronicled.clone(), now);
        }
        let is_news = self.beats.seen.0 != self.beats.told && now.duration_since(self.beats.seen.1) >= CALM;
        if is_news || now >= self.beats.next {
            self.tell_team(now);
        }
    }

    /// Starts it where nothing is left to supervise: what stood there runs no more.
    pub(super) fn beat_last(&mut self) {
        if self.beats.told != self.chronicled {
            self.tell_team(self.host.clock.instant());
        }
    }

    /// Starts it where the repository has claims that others see over a network.
    fn tell_team(&mut self, now: Instant) {
        self.beats.next = now + Duration::try_from(RENEWED).unwrap_or(Duration::MAX);
        self.beats.told.clone_from(&self.chronicled);
        // Whoever has no team reads nothing for it.
        if !self.host.dirs().is_ok_and(|dirs| TeamBook::is_any(dirs.state())) {
            return;
        }
        let Ok(registry) = self.store().and_then(|store| store.read()) else { return };
        let Some(own) = registry.entries().find(|entry| entry.sequence == self.wish.sequence) else { return };
        if registry.living(&own.repository_id).any(team::has_claims_of_branch) {
            // Its folder may be going. Whoever is due next tries again.
            let folder = if own.path.is_dir() { &own.path } else { &own.repository };
            let _ = spawn::detach(&team::WORDS_OF_BEAT, folder, false);
        }
    }
}
