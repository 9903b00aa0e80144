//! `wt list`: worktrees at a glance.

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// List worktrees with their branch, purpose, ports and state
#[derive(Args, Debug)]
pub struct Arguments {
    /// Of every registered repository
    #[arg(short, long)]
    pub all: bool,
    /// Also changes, and commits ahead and behind
    #[arg(short, long)]
    pub status: bool,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt list` is not there yet"))
}
