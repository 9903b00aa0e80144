//! `wt adopt`: records worktrees that something else made.

use std::path::PathBuf;

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Record worktrees that git, an editor or an agent made
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folders of worktrees; without one, every unregistered worktree of the repository
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Their purpose [default: what the branch's name says]
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<String>,
    /// Allocate ports: for the purpose's services, that many, or for the services named
    #[arg(long, value_name = "N|SERVICE,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub ports: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt adopt` is not there yet"))
}
