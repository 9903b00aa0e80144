//! The command behind `-x`: run in a worktree, its exit status ours.

use std::ffi::OsString;
use std::path::Path;

use serde::Serialize;

use super::session::Session;
use crate::error::Result;
use crate::ops::create::{CommandStatus, Executed};
use crate::ops::run::{self, CommandEnding};

/// Runs `words` in `folder`. With `--json` stdout has our answer, which is whole once the command has ended; else stdout is
/// the command's.
///
/// # Errors
///
/// Fails when the system cannot start any process.
pub fn execute<R: Serialize>(
    session: &Session<'_>,
    folder: &Path,
    variables: &[(String, String)],
    words: &[OsString],
    report: &R,
) -> Result<u8> {
    let ui = session.ui;
    let _ours_to_pass_on = session.host.interrupt.hold();
    let (ending, signal) = run::in_worktree(folder, variables, words, ui.is_json())?;
    let (exit, failure) = match ending {
        CommandEnding::Ran(exit) => (exit, None),
        CommandEnding::NotStarted(exit, failure) => (exit, Some(failure)),
    };
    if ui.is_json() {
        let status = CommandStatus::of(words, exit, signal);
        ui.answer_json_beside(&Executed { report, status }, failure.as_ref())?;
    }
    if let Some(failure) = &failure {
        ui.complain(failure);
    }
    Ok(exit)
}
