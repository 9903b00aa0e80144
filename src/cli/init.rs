//! `wt init`: writes a commented starter configuration.

use clap::Args;

use super::session::Session;
use crate::context::not_a_repository;
use crate::error::Result;
use crate::ops::init;

/// Write a commented starter .wt.toml
#[derive(Args, Debug)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let Arguments {} = arguments;
    let surroundings = session.surroundings()?;
    let root = surroundings.configured_folder().ok_or_else(|| not_a_repository(&surroundings.folder))?;
    let report = init::run(root)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        session.ui.say(&format!("Wrote {}", report.path));
    }
    Ok(0)
}
