//! What tells the time beside the clock: how long the machine has run, the registry's last write, a file made just now.

use std::path::Path;

use jiff::Timestamp;

use super::clock::Clock;
use crate::model::passage::Witnesses;

/// Reads all of them.
#[must_use]
pub fn read(registry: &Path) -> Witnesses {
    let written = registry.metadata().and_then(|found| found.modified()).ok();
    Witnesses {
        now: Clock.now(),
        here: Clock.moment(),
        written: written.and_then(|time| Timestamp::try_from(time).ok()),
        made: time_of_new_file(),
    }
}

/// Makes a file that has no name anywhere and returns its time: the kernel's, whatever our own library says.
#[cfg(target_os = "linux")]
fn time_of_new_file() -> Option<Timestamp> {
    let file = rustix::fs::memfd_create("wt-time", rustix::fs::MemfdFlags::CLOEXEC).ok()?;
    let time = std::fs::File::from(file).metadata().ok()?.modified().ok()?;
    Timestamp::try_from(time).ok()
}

#[cfg(not(target_os = "linux"))]
fn time_of_new_file() -> Option<Timestamp> {
    None
}
