//! `wt supervise`: the process behind `wt up`, started by it.

use std::path::PathBuf;

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::ops::services::supervise;
use crate::ops::services::wish::SupervisorWish;

/// Supervise the services of a worktree (started by `wt up`)
#[derive(Args, Debug)]
pub struct Arguments {
    #[arg(long)]
    pub folder: PathBuf,
    #[arg(long)]
    pub worktree: PathBuf,
    #[arg(long)]
    pub marker: String,
    #[arg(long)]
    pub sequence: u64,
}

/// Runs the command.
///
/// # Errors
///
/// What keeps it from supervising.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let Arguments { folder, worktree, marker, sequence } = arguments;
    supervise::supervise(session.host, SupervisorWish { folder, marker, worktree, sequence })?;
    Ok(0)
}
