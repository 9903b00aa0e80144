//! `wt ports allocate`: a port for a service of a worktree that is there.

use clap::Args;

use crate::cli::session::Session;
use crate::cli::wishes::OnConflict;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::ops::create::WayOut;
use crate::ops::ports::allocate::{self, Request};
use crate::ops::services::sleepers;
use crate::ui::escape;

/// Give a worktree a port for a service; the same service again has the same port
#[derive(Args, Debug)]
pub struct Arguments {
    /// The worktree; the one you stand in when left out
    #[arg(short, long, value_name = "WORKTREE")]
    pub worktree: Option<String>,
    /// The services, with commas between them
    #[arg(short, long, value_name = "SERVICE,…", value_delimiter = ',', required = true)]
    pub service: Vec<ServiceName>,
    /// This port and no other, never moved
    #[arg(long, value_name = "PORT")]
    pub port: Option<Port>,
    /// What to do when a port that is free in the registry is busy on the system
    #[arg(long, value_name = "POLICY", value_enum)]
    pub on_conflict: Option<OnConflict>,
}

/// Runs the command; with `-q` the numbers alone.
///
/// # Errors
///
/// The failures of the operation; nothing was changed then.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let Arguments { worktree, service, port, on_conflict } = arguments;
    let mut context = session.context()?;
    if let Some(policy) = on_conflict {
        context.config.conflict.policy = policy.into();
    }
    let mut services: Vec<ServiceName> = Vec::new();
    for one in service {
        if !services.contains(&one) {
            services.push(one);
        }
    }
    let named = worktree.clone();
    let report = allocate::allocate(
        &context,
        &Request { worktree, services, port, gives_way: false, way_out: WayOut::OnConflict },
    )?;
    let ui = session.ui;
    report.said.iter().for_each(|said| ui.say(&escape::line(said)));
    if report.ports.iter().any(|given| given.new)
        && let Err(failure) = sleepers::follow(&context, named.as_deref())
    {
        ui.warn(&format!("a service that slept is stopped: {}", failure.message()));
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    let line = |given: &allocate::GivenPort| {
        if session.global.quiet {
            given.port.to_string()
        } else {
            format!("{}\t{}", given.service, given.port)
        }
    };
    let lines: Vec<String> = report.ports.iter().map(line).collect();
    ui.answer(&lines.join("\n"))?;
    if let Some(env) = &report.env {
        ui.say(&format!("{} is written again", env.display()));
    }
    Ok(0)
}
