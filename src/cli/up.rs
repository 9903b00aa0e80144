//! `wt up`: every branch runs.

use clap::Args;

use super::session::Session;
use super::show_services::{self, Teller};
use crate::error::Result;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::ops::services::up::{self, Request};

/// Start the services of the worktree you stand in, on its ports
#[derive(Args, Debug)]
#[command(
    after_help = "What a service needs is started with it. When one does not start, those started for it are stopped again.\n\
                  Exit codes: 0 all are ready, 1 one is not."
)]
pub struct Arguments {
    /// Those to start; all that say how they are run, where none is named
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Wait until everything has stayed well for a while
    #[arg(long)]
    pub wait: bool,
    /// Give the one service this port
    #[arg(long, value_name = "PORT")]
    pub port: Option<Port>,
}

/// Runs the command.
///
/// # Errors
///
/// As [`up::up`].
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_with_records_true()?;
    let ui = session.ui;
    let request = Request { services: arguments.services, wait: arguments.wait, port: arguments.port };
    let report = up::up(&context, &request, &mut Teller::new(ui))?;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        ui.answer(&show_services::table(ui, &report.services))?;
    }
    Ok(0)
}
