//! The time of day, and waiting: the only place that does either.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::interrupt::Interrupt;
use super::process::identity;
use crate::error::Result;
use crate::model::passage::Moment;

/// How long a wait goes on before it looks whether the user gave up.
const NAP: Duration = Duration::from_millis(20);

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Returns the time of day.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(self) -> Timestamp {
        Timestamp::now()
    }

    /// Returns the zone of the clock on the wall (`TZ`, else the system's).
    #[must_use]
    pub fn zone(self) -> TimeZone {
        TimeZone::system()
    }

    /// Returns a moment of the monotonic clock, which no setting of the time of day moves: what spans are measured with.
    #[must_use]
    pub fn instant(self) -> Instant {
        Instant::now()
    }

    /// Returns how long the machine runs, by the same clock as [`Clock::instant`] (`CLOCK_MONOTONIC`): the same for all
    /// processes.
    #[must_use]
    pub fn since_start(self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Duration::try_from(time).unwrap_or_default()
    }

    /// Returns the moment by how long the machine has run, the time asleep included (`CLOCK_BOOTTIME`).
    #[must_use]
    pub fn moment(self) -> Moment {
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        Moment { boot: identity::boot(), seconds: rustix::time::clock_gettime(clock).tv_sec }
    }

    /// Returns how long ago `then` was, by the same clock.
    #[must_use]
    pub fn since(self, then: Instant) -> Duration {
        self.instant().saturating_duration_since(then)
    }

    /// Waits for `time`, or until the user interrupts.
    ///
    /// # Errors
    ///
    /// `interrupted`.
    #[expect(clippy::disallowed_methods, reason = "this is where waiting is done")]
    pub fn wait(self, time: Duration, interrupt: &Interrupt) -> Result<()> {
        let mut left = time;
        while !left.is_zero() {
            interrupt.check()?;
            let nap = left.min(NAP);
            std::thread::sleep(nap);
            left -= nap;
        }
        interrupt.check()
    }
}
