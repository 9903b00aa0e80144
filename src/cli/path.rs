//! `wt path`: where a worktree is.

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Print the folder of a worktree
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
    Err(Failure::new(Code::Internal, "`wt path` is not there yet"))
}
