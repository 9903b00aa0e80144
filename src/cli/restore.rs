//! `wt restore`: undoes a removal, or lists what can be restored.

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Bring a removed worktree back, with its uncommitted changes
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name of the removed worktree; without one, lists what can be restored
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt restore` is not there yet"))
}
