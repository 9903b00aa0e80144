//! `wt doctor`: what on this machine will bite, with the command that helps.

use std::fmt::Write;

use clap::Args;

use super::session::Session;
use super::surroundings::Surroundings;
use crate::error::Result;
use crate::model::diagnosis::{DoctorCheck, Status};
use crate::ops::doctor;
use crate::ui::escape;
use crate::ui::table::flow;
use crate::ui::table::{self, TableRow};

/// Say what on this machine will bite; exit 0 without errors, 1 with
#[derive(Args, Debug)]
pub struct Arguments {}

/// Runs the command. It works with a broken configuration, a damaged registry and outside of a repository.
///
/// # Errors
///
/// `not_found` for a `-C` folder that is not there.
pub fn run(session: &Session<'_>) -> Result<u8> {
    session.host.interrupt.install()?;
    let (surroundings, refusal) = Surroundings::look_at_any_rate(session.host.clone(), session.global)?;
    let (context, faults) = surroundings.into_context_at_any_rate();
    let words = |failure: &crate::error::Failure| {
        (failure.message().to_owned(), failure.next_step().map(str::to_owned))
    };
    let trouble = doctor::DoctorTrouble {
        configuration: faults.iter().map(words).collect(),
        repository: refusal.as_ref().map(words),
    };
    let report = doctor::examine(&context, &trouble);
    session.host.interrupt.check()?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else if let Some(width) = ui.width() {
        let text: String = report.checks.iter().map(|check| block(session, check, width)).collect();
        ui.answer(&text)?;
    } else {
        let rows: Vec<TableRow> = report.checks.iter().map(row).collect();
        ui.answer(&table::render(ui, &["STATUS", "CHECK", "MESSAGE", "HINT"], &rows, &[]))?;
    }
    Ok(u8::from(report.has_errors()))
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Error => "error",
    }
}

fn row(check: &DoctorCheck) -> TableRow {
    let hint = check.hint.clone().unwrap_or_default();
    TableRow::plain(vec![mark(check.status).to_owned(), check.name.to_owned(), check.message.clone(), hint])
}

/// Where messages begin, and the letters that they have there at least; on a narrower terminal they stand below their names.
const MESSAGES: usize = 25;
const LEAST: usize = 40;

fn block(session: &Session<'_>, check: &DoctorCheck, width: usize) -> String {
    let paint = session.ui.paint();
    let padded = format!("{:<8}", mark(check.status));
    let painted = match check.status {
        Status::Ok => paint.done(padded),
        Status::Warning => paint.warning(padded),
        Status::Error => paint.error(padded),
    };
    let is_wide = width >= MESSAGES + LEAST;
    let indent = if is_wide { MESSAGES } else { 2 };
    let mut text = format!("{painted}{:<16} ", check.name);
    if !is_wide {
        text.truncate(text.trim_end().len());
        let _ = write!(text, "\n{:indent$}", "");
    }
    let said = |text: &str, first: usize| {
        let shown = escape::line(text);
        // A command alone is one piece.
        let is_command =
            ["wt ", "git ", "cd ", "sudo ", "export "].iter().any(|word| shown.starts_with(word));
        let lines = if is_command {
            vec![shown.into_owned()]
        } else {
            flow::unbroken(&shown, width - indent - first)
        };
        lines.join(&format!("\n{:1$}", "", indent + first))
    };
    let _ = writeln!(text, "{}", said(&check.message, 0));
    if let Some(hint) = &check.hint {
        let _ = writeln!(text, "{:indent$}{} {}", "", paint.hint("hint:"), said(hint, "hint: ".len()));
    }
    text
}
