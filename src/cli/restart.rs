//! `wt restart`: stops services and starts them as they are configured now.

use clap::Args;

use super::session::Session;
use super::show_services::{self, Teller};
use crate::error::Result;
use crate::model::service::ServiceName;
use crate::ops::services::shared;

/// Stop services and start them as they are configured now
#[derive(Args, Debug)]
#[command(
    after_help = "They keep the environment of the shell whose `wt up` started the first service of the worktree: for another \
                  one `wt down`, then `wt up`."
)]
pub struct Arguments {
    /// Those to restart; all that say how they are run, where none is named
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// As [`shared::restart`].
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_with_records_true()?.of_worktree(arguments.worktree.as_deref());
    let ui = session.ui;
    session.hint_at_own_configuration_here(&context);
    let report = shared::restart(&context, &arguments.services, &mut Teller::new(ui, &context))?;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        ui.answer(&show_services::table(ui, &report.services))?;
    }
    Ok(0)
}
