//! A container followed by a process of ours, which the supervisor can watch and stop as any other.

use std::path::Path;

use crate::error::{Code, Failure, Result};
use crate::host::clock::Clock;
use crate::host::interrupt::Interrupt;
use crate::host::services::compose::ComposeService;
use crate::model::services::compose::Container;

/// The exit status of what SIGTERM ended (128 and its number), which is what the supervisor sent.
const TERMINATED: u8 = 143;

/// Starts `service`, stays as long as its container lives, and returns the container's exit status. Told to stop, it stops
/// the container, which has `seconds` for it.
///
/// # Errors
///
/// `not_found` where there is no `docker`, or no Compose in it; `service_failed` where its engine does not answer;
/// `internal` where it fails otherwise.
pub fn run(name: &str, folder: &Path, seconds: u64, clock: &Clock, interrupt: &Interrupt) -> Result<u8> {
    interrupt.install()?;
    // The container is stopped before we end.
    let _held = interrupt.hold();
    let service = ComposeService { name, folder };
    let mut since = clock.now().to_string();
    let is_up = match service.up(interrupt) {
        // Whatever was begun is stopped below.
        Err(_) if interrupt.is_raised() => false,
        answer => answer?,
    };
    while is_up && !interrupt.is_raised() {
        service.follow(&since, interrupt)?;
        since = clock.now().to_string();
        match service.container(interrupt) {
            Ok(Container::Ended(status)) => return Ok(status),
            Ok(Container::Absent) => return Ok(1),
            // Whoever wrote the log went away, and the container did not.
            Ok(_) => {}
            // The signal that is for us reaches docker too.
            Err(_) if interrupt.is_raised() => {}
            Err(failure) => return Err(failure),
        }
    }
    if interrupt.is_raised() {
        return if service.stop(seconds)? { Ok(TERMINATED) } else { Ok(1) };
    }
    service.require_engine(interrupt)?;
    // What it could not start is not left half-started.
    service.stop(seconds)?;
    Ok(1)
}

/// Fails with the reason where the container is not well.
///
/// # Errors
///
/// As [`run`].
pub fn check(name: &str, folder: &Path, interrupt: &Interrupt) -> Result<()> {
    interrupt.install()?;
    match (ComposeService { name, folder }).container(interrupt)? {
        Container::Well => Ok(()),
        other => Err(Failure::new(Code::Internal, format!("{name}: {}", other.reason()))),
    }
}
