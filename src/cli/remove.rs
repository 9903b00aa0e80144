//! `wt remove`: takes worktrees back, and asks before anything is given up.

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Take worktrees back: ports released, files kept restorable for a while
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name, identifier, branch or path; without one the worktree one stands in
    #[arg(value_name = "NAME|PATH|BRANCH")]
    pub names: Vec<String>,
    /// Give up what would be lost; twice for a locked worktree
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub force: u8,
    /// Delete the branch too
    #[arg(short = 'D', long)]
    pub delete_branch: bool,
    /// Show what would be done and lost, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt remove` is not there yet"))
}
