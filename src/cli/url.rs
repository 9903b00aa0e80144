//! `wt url`: where a service of a worktree is reached, and whether it is its own that answers.

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::service::ServiceName;
use crate::ops::health::reach;

/// Print the URL of a service of the worktree you stand in
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 it was printed, 1 there is none; with --check also where somebody else has the port \
                  (`port_conflict`), or nobody answers (`service_failed`)."
)]
pub struct Arguments {
    /// The service [default: the one that PORT names]
    #[arg(value_name = "SERVICE")]
    pub service: Option<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Print it only where this worktree's own process answers there
    #[arg(long)]
    pub check: bool,
}

/// Runs the command.
///
/// # Errors
///
/// As [`reach::address`].
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?.of_worktree(arguments.worktree.as_deref());
    let address = reach::address(&context, arguments.service.as_ref(), arguments.check)?;
    if session.ui.is_json() {
        session.ui.answer_json(&address)?;
    } else {
        session.ui.answer(&address.url)?;
    }
    Ok(0)
}
