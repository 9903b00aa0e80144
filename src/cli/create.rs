//! `wt create`: the flags of the main job.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Create a branch, its worktree, its ports and its .env in one go
#[derive(Args, Debug)]
pub struct Arguments {
    /// Short name for the work, such as `login` or `GH-42`; without it the next free number
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Why the worktree exists; chooses the port range [default: feature]
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<String>,
    /// The same as ID
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub identifier: Option<String>,
    /// Branch to check out instead of PURPOSE/ID
    #[arg(short, long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// Where a new branch starts [default: HEAD]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Insist that the branch does not exist yet
    #[arg(long, conflicts_with = "detach")]
    pub new_branch: bool,
    /// No branch: check out the commit itself
    #[arg(short, long)]
    pub detach: bool,
    /// Allocate ports: for the purpose's services, that many, or for the services named
    #[arg(long, value_name = "N|SERVICE,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub ports: Option<String>,
    /// Allocate that many ports
    #[arg(long, value_name = "N")]
    pub port_count: Option<u16>,
    /// What to do about a port that the registry calls free and somebody holds
    #[arg(long, value_name = "POLICY", value_enum)]
    pub on_conflict: Option<OnConflict>,
    /// Folder of the worktree
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// Write no env block
    #[arg(long)]
    pub no_env: bool,
    /// Do not run git's post-checkout hooks
    #[arg(long)]
    pub no_hooks: bool,
    /// Lock the worktree, as `git worktree lock` does
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub lock: Option<String>,
    /// Change to the new worktree (needs the function of `wt shell-init`)
    #[arg(long)]
    pub switch: bool,
    /// Show what would be done, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Run the rest of the line in the new worktree, without a shell; its exit code is ours
    #[arg(short = 'x', value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    pub execute: Vec<OsString>,
}

/// The values of `--on-conflict`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnConflict {
    /// Stop before anything is created
    Fail,
    /// Take the next port
    Retry,
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt create` is not there yet"))
}
