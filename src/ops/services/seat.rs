//! The seat of a supervisor, taken so that none begins meanwhile.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::context::Context;
use crate::error::Result;
use crate::host::services::record_file::SupervisorSeat;
use crate::ops::services::internal::internal;

/// How long a supervisor with nothing left to supervise may take to leave: longer than it waits itself for checks that were
/// given up, and for the registry.
pub(super) const LEAVING: Duration = Duration::from_secs(5);

/// Between two looks whether it has left.
const PAUSE: Duration = Duration::from_millis(2);

/// Takes the seat of a supervisor that may be about to leave; `None` when it does not.
///
/// # Errors
///
/// `interrupted`, or the folder cannot be opened.
pub(super) fn seat(context: &Context, folder: &Path, patience: Duration) -> Result<Option<SupervisorSeat>> {
    let begun = context.host.clock.instant();
    loop {
        match SupervisorSeat::take(folder) {
            Ok(None) if context.host.clock.since(begun) < patience => {
                context.host.clock.wait(PAUSE, &context.host.interrupt)?;
            }
            Ok(seat) => return Ok(seat),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(internal("the services cannot be forgotten")(error)),
        }
    }
}
