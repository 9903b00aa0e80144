//! `wt wait`: returns when the services of a worktree are healthy and its own.

use std::time::Duration;

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::quantity;
use crate::model::service::ServiceName;
use crate::ops::health::reach;

/// Wait until the services of the worktree you stand in are healthy, and its own
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 all are healthy, 1 somebody else has a port (`port_conflict`, at once) or the time is over \
                  (`service_failed`); 130 Ctrl-C."
)]
pub struct Arguments {
    /// Those to wait for; all that have a port, where none is named
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// How long to wait
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = quantity::duration)]
    pub timeout: Duration,
}

/// Runs the command.
///
/// # Errors
///
/// As [`reach::wait`]; `interrupted`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?.of_worktree(arguments.worktree.as_deref());
    let report = reach::wait(&context, &arguments.services, arguments.timeout)?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        let names: Vec<&str> = report.services.iter().map(|service| service.service.as_str()).collect();
        let are = if names.len() == 1 { "is" } else { "are" };
        ui.say(&format!("{} of `{}` {are} healthy", names.join(", "), report.worktree));
    }
    Ok(0)
}
