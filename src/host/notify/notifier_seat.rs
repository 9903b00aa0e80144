//! The one place of whoever sends notices for a user.

use std::path::Path;

use crate::error::Result;
use crate::host::process::identity;
use crate::host::sole_seat::{self, SoleSeat};
use crate::model::process::ProcessId;

const NAME: &str = "notifier";

/// Takes the place and says who has it; `None` when somebody has it.
///
/// # Errors
///
/// `permission` or `disk_full`.
pub fn take(state: &Path) -> Result<Option<SoleSeat>> {
    let Some(seat) = SoleSeat::take(state, NAME)? else { return Ok(None) };
    seat.announce(&identity::current()?)?;
    Ok(Some(seat))
}

/// Answers whether somebody has the place.
#[must_use]
pub fn is_taken(state: &Path) -> bool {
    sole_seat::find(state, NAME, |process: &ProcessId| process).is_some()
}
