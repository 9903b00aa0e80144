//! `wt sweep`, which wt itself starts in the background: deletes for good what can no longer be restored.

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::ops::sweep;

/// Delete for good what can no longer be restored
#[derive(Args, Debug)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
///
/// Fails at the first worktree that cannot be deleted; a later sweep goes on.
pub fn run(session: &Session<'_>) -> Result<u8> {
    let report = sweep::sweep(&session.context_as_it_is()?)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        session.ui.say(&format!("{} deleted for good", report.deleted.len()));
    }
    Ok(0)
}
