//! `wt switch`: changes folder through the shell function, or prints the folder.

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Change to the folder of a worktree (needs the function of `wt shell-init`)
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name, identifier, branch, path, or the beginning of one
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt switch` is not there yet"))
}
