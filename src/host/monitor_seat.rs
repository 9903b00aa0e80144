//! The one place of a user's `wt monitor`: who has it.

use std::path::Path;

use crate::error::Result;
use crate::host::process::identity;
use crate::host::sole_seat::{self, SoleSeat};
use crate::model::process::ProcessId;

const NAME: &str = "monitor";

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

/// Returns the pid of who monitors; `None` where nobody does, whatever a killed one left.
#[must_use]
pub fn find(state: &Path) -> Option<u32> {
    sole_seat::find(state, NAME, |process: &ProcessId| process).map(|process| process.pid)
}
