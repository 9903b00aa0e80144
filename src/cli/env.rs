//! `wt env`: renders the env block again, checks it, or prints it.

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Render the env block of a worktree again
#[derive(Args, Debug)]
pub struct Arguments {
    /// The worktree; without one the worktree one stands in
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only say whether the block is current; exit 1 when it is not
    #[arg(long, conflicts_with = "print")]
    pub check: bool,
    /// Print the variables, write nothing
    #[arg(long)]
    pub print: bool,
    /// Format of --print
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
}

/// The values of `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    #[default]
    Dotenv,
    Sh,
    Json,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt env` is not there yet"))
}
