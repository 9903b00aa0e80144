//! Has the team see this host live, and what runs here, as a process of its own: what starts it waits for nobody.

use super::running;
use crate::context::Context;
use crate::error::Result;
use crate::model::host_entry::BEAT;
use crate::model::registry::entry::Entry;

/// What the process is started with, in a folder of the repository.
pub const WORDS: [&str; 4] = ["team", "beat", "--quiet", "--no-input"];

/// Answers whether the worktree has a claim that others see over a network: whoever has none has nobody to be seen by.
#[must_use]
pub fn has_claims_of_branch(entry: &Entry) -> bool {
    entry.notes.claims.read_each().iter().any(|claim| !claim.is_of_port())
}

/// Writes this host's entry anew where it is due, and what runs here where that can be shown; nothing where nobody keeps claims.
///
/// # Errors
///
/// `claims_unreachable`: others see by its age that it did not come through.
pub fn beat(context: &Context) -> Result<()> {
    let Some(claims) = context.network_claims() else { return Ok(()) };
    claims.beat(BEAT)?;
    running::tell(context, claims)
}
