//! Commands that go on until somebody stops them, or until nobody reads any more.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Code, Result};
use crate::ui::output::Ui;

/// How often it is looked whether anybody still reads.
pub const GLANCE: Duration = Duration::from_millis(250);

/// Returns what such a command exits with: Ctrl-C is how it ends, and no failure to speak of.
///
/// # Errors
///
/// Every other failure.
pub fn ended(how: Result<()>) -> Result<u8> {
    match how {
        Err(failure) if failure.code() == Code::Interrupted => Ok(Code::Interrupted.exit_status()),
        how => how.map(|()| 0),
    }
}

/// Waits until it is time for the next look; false once nobody reads any more.
///
/// # Errors
///
/// `interrupted`.
pub fn rest(context: &Context, ui: &Ui, interval: Duration) -> Result<bool> {
    let mut left = interval;
    while !left.is_zero() {
        if ui.is_abandoned() {
            return Ok(false);
        }
        let wait = left.min(GLANCE);
        context.host.clock.wait(wait, &context.host.interrupt)?;
        left -= wait;
    }
    Ok(true)
}
