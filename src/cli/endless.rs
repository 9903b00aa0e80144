//! Commands that go on until somebody stops them, or until nobody reads any more.

use std::time::Duration;

use crate::context::Context;
use crate::error::{Code, Result};
use crate::ui::output::Ui;

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

/// Waits until it is time for the next look, with `sleep`, which ends early where nobody reads on; false once nobody reads any more.
///
/// # Errors
///
/// `interrupted`; `internal` when the system will not wait.
pub fn rest(
    context: &Context,
    ui: &Ui,
    sleep: &dyn Fn(Duration) -> Result<()>,
    interval: Duration,
) -> Result<bool> {
    let clock = context.host.clock;
    let begun = clock.instant();
    // Nothing wakes it but the end of the pause, a signal, and that nobody reads on.
    loop {
        if ui.is_abandoned() {
            return Ok(false);
        }
        let left = interval.saturating_sub(clock.since(begun));
        if left.is_zero() {
            return Ok(true);
        }
        sleep(left)?;
    }
}
