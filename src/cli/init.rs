//! `wt init`: writes a commented starter configuration.

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Write a commented starter .wt.toml
#[derive(Args, Debug)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt init` is not there yet"))
}
