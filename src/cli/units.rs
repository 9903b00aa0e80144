//! Units of the service manager in words: `wt health --install-timer`, `wt serve --install-unit`, and taking them away.

use std::fmt::Write;

use super::session::Session;
use crate::error::Result;
use crate::ops::units::{self, Report, UnitsWish};

/// Writes the units and says how to enable them.
///
/// # Errors
///
/// `path_not_empty` when a file of somebody else has the name.
pub fn install(session: &Session<'_>, wish: &UnitsWish) -> Result<u8> {
    let report = units::install(&session.context_as_it_is()?, wish)?;
    say(session, &report, "Wrote", "now enable it:")
}

/// Takes the units away and says how to stop what runs.
///
/// # Errors
///
/// `permission`.
pub fn uninstall(session: &Session<'_>, wish: &UnitsWish) -> Result<u8> {
    let report = units::uninstall(&session.context_as_it_is()?, wish)?;
    for path in &report.foreign {
        session.ui.warn(&format!("{path} is not ours, and was left as it is"));
    }
    say(session, &report, "Removed", "stop what was enabled:")
}

fn say(session: &Session<'_>, report: &Report, done: &str, then: &str) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(report)?;
        return Ok(0);
    }
    let mut text = String::new();
    for file in &report.files {
        let _ = writeln!(text, "{done} {file}");
    }
    for file in &report.unchanged {
        let _ = writeln!(text, "Unchanged: {file}");
    }
    ui.answer(&text)?;
    if report.files.is_empty() && report.unchanged.is_empty() {
        ui.say("nothing was installed");
    }
    if !report.next.is_empty() {
        ui.hint(&format!("{then}\n{}", report.next.join("\n")));
    }
    if let Some(line) = &report.crontab {
        ui.hint(&format!("or, with cron instead (`crontab -e`):\n{line}"));
    }
    Ok(0)
}
