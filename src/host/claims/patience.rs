//! How long one command waits for those who keep claims, all its questions together.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::host::clock::Clock;

impl Clone for Patience {
    fn clone(&self) -> Self {
        Self { total: self.total, spent: Mutex::new(*self.spent()) }
    }
}

/// What is left of the time.
#[derive(Debug)]
pub struct Patience {
    total: Duration,
    spent: Mutex<Duration>,
}

impl Patience {
    /// Nothing of it is spent.
    #[must_use]
    pub fn new(total: Duration) -> Self {
        Self { total, spent: Mutex::default() }
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks with what is left; `None` where nothing is. `ask` is told when it has to end.
    pub fn spend<T>(&self, ask: impl FnOnce(Instant) -> T) -> Option<T> {
        let left = self.total.checked_sub(*self.spent()).filter(|left| !left.is_zero())?;
        let started = Clock.instant();
        let answer = ask(started + left);
        *self.spent() += Clock.since(started);
        Some(answer)
    }

    /// Returns how much is left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.total.saturating_sub(*self.spent())
    }

    /// Returns as much as there was at first.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self::new(self.total)
    }
}
