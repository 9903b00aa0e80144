//! `wt sweep`, which wt itself starts in the background: deletes for good what can no longer be restored.

use clap::Args;

use super::session::Session;
use super::tearing_down;
use crate::error::Result;
use crate::ops::{run, sweep};

/// Delete for good what can no longer be restored
#[derive(Args, Debug)]
pub struct Arguments {
    /// Outlive the terminal, and let everything else go first; twice where another was started for that
    #[arg(long, action = clap::ArgAction::Count)]
    background: u8,
}

/// Runs the command.
///
/// # Errors
///
/// `interrupted`, or the registry cannot be read; a later sweep goes on.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is()?;
    if arguments.background > 0 && !run::become_background(arguments.background, &context.folder)? {
        return Ok(0);
    }
    let report = sweep::sweep(&context, arguments.background == 0)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        report.warnings.iter().for_each(|warning| session.ui.warn(warning));
        if !report.waiting.is_empty() {
            session.ui.say(&format!(
                "kept, since only the clock says that their time is over: {}",
                report.waiting.join(", ")
            ));
        }
        tearing_down::tell(session, &report.teardown);
        session.ui.say(&format!("{} deleted for good", report.deleted.len()));
    }
    Ok(u8::from(!report.warnings.is_empty()))
}
