//! `wt down`: stops what `wt up` started.

use clap::Args;

use super::session::Session;
use super::show_services::Teller;
use crate::error::Result;
use crate::model::process::kinship;
use crate::model::service::ServiceName;
use crate::ops::services::down::Request;
use crate::ops::services::shared_down;

/// Stop the services of the worktree you stand in
#[derive(Args, Debug)]
pub struct Arguments {
    /// Those to stop; everything, where none is named
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Forget what is on record about them too: processes, and setups that were done
    #[arg(long, conflicts_with = "services")]
    pub reset: bool,
    /// Stop what was named although it serves other worktrees too
    #[arg(long, requires = "services")]
    pub force: bool,
}

/// Runs the command.
///
/// # Errors
///
/// As [`shared_down::down`].
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_whatever_is_configured()?.of_worktree(arguments.worktree.as_deref());
    let ui = session.ui;
    let request = Request { services: arguments.services, reset: arguments.reset };
    let report = shared_down::down(&context, &request, arguments.force, &mut Teller::new(ui, &context))?;
    if let Some(said) = kinship::said_of_doubtful(&report.left) {
        ui.warn(&said);
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    if !report.remains.is_empty() {
        let pids: Vec<String> = report.remains.iter().map(ToString::to_string).collect();
        ui.say(&format!("ended what no supervisor knew of any more: pid {}", pids.join(", ")));
    }
    if report.stopped.is_empty() && report.remains.is_empty() {
        let is_served = report.services.iter().any(|service| !service.managed);
        ui.say(if is_served { "nothing ran that `wt up` had started" } else { "nothing ran" });
    }
    if !report.stopped.is_empty() {
        let names: Vec<&str> = report.stopped.iter().map(ServiceName::as_str).collect();
        ui.answer(&format!("stopped {}", names.join(", ")))?;
    }
    Ok(0)
}
