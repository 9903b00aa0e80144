//! `wt ports exclude` and `wt ports include`: what people keep out of every allocation.

use clap::Args;

use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::port::PortRange;
use crate::ops::ports::exclusions::{self, Report};

/// Never allocate these ports, for a reason that is shown when it matters
#[derive(Args, Debug)]
pub struct Arguments {
    /// A port, or a range of ports
    #[arg(value_name = "FIRST[-LAST]")]
    pub range: PortRange,
    /// Why
    #[arg(short, long, value_name = "REASON")]
    pub reason: String,
}

/// Allow ports again that were excluded
#[derive(Args, Debug)]
pub struct IncludeArguments {
    /// A port, or a range of ports
    #[arg(value_name = "FIRST[-LAST]")]
    pub range: PortRange,
}

/// Runs `wt ports exclude`.
///
/// # Errors
///
/// `usage` without a reason.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let reason = arguments.reason.trim();
    if reason.is_empty() {
        return Err(Failure::new(Code::Usage, "an exclusion needs a reason").hint(format!(
            "`{exclude}`",
            exclude = wt("ports exclude {} --reason 'the office printer'", &[&arguments.range])
        )));
    }
    let context = session.context()?;
    let report = exclusions::exclude(&context, arguments.range, reason)?;
    answered(session, arguments.range, &report, "Excluded", "was excluded already")
}

/// Runs `wt ports include`.
///
/// # Errors
///
/// `port_excluded` for what only the program or the configuration excludes.
pub fn run_include(arguments: &IncludeArguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    let report = exclusions::include(&context, arguments.range)?;
    answered(session, arguments.range, &report, "Included", "was not excluded")
}

fn answered(session: &Session<'_>, range: PortRange, report: &Report, done: &str, idle: &str) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(report)?;
        return Ok(0);
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if report.changed {
        ui.answer(&format!("{} {range}", ui.paint().done(done)))?;
    } else {
        ui.say(&format!("{range} {idle}"));
    }
    Ok(0)
}
