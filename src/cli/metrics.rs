//! `wt metrics`: how everything stands, as Prometheus reads it.

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::metrics;
use crate::ops::metrics as look;

/// Print metrics in Prometheus' text format
#[derive(Args, Debug)]
pub struct Arguments {
    /// Of every registered repository
    #[arg(short, long)]
    pub all: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Fails when the registry, the log or the machine cannot be read.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    // What is wrong with the configuration is one of the numbers.
    let (mut context, config_problems) = match session.surroundings()?.into_lenient_context() {
        Ok(seen) => seen,
        Err(_) => (session.context_as_it_is_whatever_is_configured()?, Vec::new()),
    };
    if arguments.all {
        context.repository = None;
    }
    let report = look::metrics(&context, config_problems)?;
    report.warning.iter().for_each(|said| session.ui.warn(said));
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        session.ui.answer(&metrics::text(&report.families))?;
    }
    Ok(0)
}
