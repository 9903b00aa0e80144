//! `wt compose-service`, which wt itself starts: a container as a process that can be watched.

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::ops::compose_service;

/// Run a service of the compose file and stay as long as it lives (started by `wt up`)
#[derive(Args, Debug)]
pub struct Arguments {
    /// The service of the compose file
    pub service: String,
    /// Only say whether its container is well
    #[arg(long)]
    pub check: bool,
    /// Seconds that it has to end
    #[arg(long, default_value_t = 10, conflicts_with = "check")]
    pub stop_timeout: u64,
}

/// Runs the command.
///
/// # Errors
///
/// Where docker cannot be run, or with `--check` the container is not well.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let Arguments { service, check, stop_timeout } = arguments;
    let folder = session.host.current_folder()?;
    if *check {
        return compose_service::check(service, &folder, &session.host.interrupt).map(|()| 0);
    }
    let host = session.host;
    compose_service::run(service, &folder, *stop_timeout, &host.clock, &host.interrupt)
}
