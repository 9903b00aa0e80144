//! A second try after room was made: records that are gone together with their repository hold ports that no other command
//! will ever release.

use crate::context::Context;
use crate::error::Result;
use crate::ops::vanished::room;

/// Runs `attempt`, and once more where its outcome wants for ports and some became free.
///
/// # Errors
///
/// Those of `attempt`; `interrupted`.
pub fn with_room<T>(
    context: &Context,
    attempt: impl Fn() -> Result<T>,
    is_wanting: impl Fn(&T) -> bool,
) -> Result<T> {
    let outcome = attempt()?;
    // What is on record by now is followed, or taken back, by whoever asked for it: also where it was interrupted.
    if !is_wanting(&outcome) {
        return Ok(outcome);
    }
    context.host.interrupt.check()?;
    if room::make(context)? { attempt() } else { Ok(outcome) }
}
