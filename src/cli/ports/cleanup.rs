//! `wt ports cleanup`: stops our own strays, once that is agreed.

use std::fmt::Write;

use clap::Args;

use super::kill::named;
use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::process::killing::{self, Consent};
use crate::ops::ports::cleanup::{self, Plan, Report};
use crate::ops::ports::strays::Stray;
use crate::ui::table::{self, TableRow};
use crate::ui::{escape, prompt};

/// Stop our own strays: what worktrees that are gone left listening in our ranges
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ask nothing
    #[arg(short, long)]
    pub force: bool,
}

/// Runs the command; exit 0 when no stray is left.
///
/// # Errors
///
/// `interrupted`; fails when the machine cannot be asked.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_with_records_true()?;
    let ui = session.ui;
    let plan = cleanup::plan(&context)?;
    if plan.strays.is_empty() {
        if !ui.is_json() && plan.refused.is_empty() {
            ui.say("no strays of ours listen in our ranges");
        }
        return ended(session, &Report { refused: plan.refused, ..Report::default() });
    }
    // Without a terminal nothing is ended unasked: what is a stray is found by evidence, not by order.
    match killing::consent(false, session.global.yes || arguments.force, ui.is_interactive()) {
        Consent::Given => {}
        Consent::Ask => {
            ui.say(&listed(session, &plan));
            if !prompt::confirm(ui, "Stop them?")? {
                ui.say("nothing was stopped");
                return Ok(1);
            }
        }
        Consent::Missing => return left(session, plan),
    }
    ended(session, &cleanup::apply(&context, plan)?)
}

fn listed(session: &Session<'_>, plan: &Plan) -> String {
    let rows: Vec<TableRow> = plan.strays.iter().map(row).collect();
    table::render(session.ui, &["PORT", "PROCESS", "WORKTREE", "WHY"], &rows, &["WORKTREE"])
}

fn row(stray: &Stray) -> TableRow {
    TableRow::plain(vec![
        stray.port.to_string(),
        named(stray.holder.command.as_deref(), stray.holder.pid),
        stray.stray_of.clone(),
        stray.why.as_str().to_owned(),
    ])
}

/// Nobody is there to be asked: the strays are named, and left.
fn left(session: &Session<'_>, plan: Plan) -> Result<u8> {
    let ui = session.ui;
    let failure =
        Failure::new(Code::Usage, "strays of ours were found, and nobody was asked: none was stopped")
            .hint("`wt ports cleanup --yes` stops them")
            .detail("needs", "--yes");
    if ui.is_json() {
        let report = Report { strays: plan.strays, refused: plan.refused, ..Report::default() };
        ui.answer_json_beside(&report, Some(&failure))?;
    } else {
        ui.answer(&listed(session, &plan))?;
        ui.complain(&failure);
    }
    Ok(1)
}

fn ended(session: &Session<'_>, report: &Report) -> Result<u8> {
    let ui = session.ui;
    let status = u8::from(!report.is_clean());
    if ui.is_json() {
        ui.answer_json(report)?;
        return Ok(status);
    }
    let paint = ui.paint();
    let mut text = String::new();
    for killed in &report.killed {
        let by = killed.signal.map(|signal| format!(" by {signal}")).unwrap_or_default();
        let who = named(Some(&killed.command), Some(killed.pid));
        let _ = writeln!(text, "{} {}{by}", paint.done("Stopped"), escape::line(&who));
    }
    if !report.free.is_empty() {
        let ports: Vec<String> = report.free.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "Free again: {}", ports.join(", "));
    }
    ui.answer(&text)?;
    let refused = report.refused.iter().map(|refused| {
        format!("{} is left alone: {}", named(refused.command.as_deref(), refused.pid), refused.reason)
    });
    let survived = report
        .survivors
        .iter()
        .map(|survivor| format!("{} survived", named(Some(&survivor.command), Some(survivor.pid))));
    let lines: Vec<String> = refused.chain(survived).collect();
    if !lines.is_empty() {
        let hint = "`wt ports kill PORT --force` ends one that is refused";
        ui.complain(&Failure::new(Code::PortConflict, lines.join("\n")).hint(hint));
    }
    Ok(status)
}
