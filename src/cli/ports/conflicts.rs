//! `wt ports conflicts`: the three kinds, each row with the command that resolves it.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;

use crate::cli::session::Session;
use crate::error::Result;
use crate::ops::ports::conflicts::{self, Conflict, ConflictKind, Report};
use crate::ui::age::{age, moment};
use crate::ui::escape;
use crate::ui::output::Ui;
use crate::ui::paint::Paint;
use crate::ui::table::flow;

/// Show conflicts over ports, each with the command that resolves it; exit 1 when there are any
#[derive(Args, Debug)]
pub struct Arguments {}

const HEADINGS: [(ConflictKind, &str); 3] = [
    (ConflictKind::Registry, "REGISTRY CONFLICT"),
    (ConflictKind::System, "SYSTEM CONFLICT"),
    (ConflictKind::Mismatch, "ALLOCATION MISMATCH"),
];

/// How far what does not fit on a line is moved in, in columns: of a row, and of what stands below it.
const INDENT: usize = 4;
const DEEPER: usize = 6;

/// Runs the command.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn run(_: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    let report = conflicts::conflicts(&context)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        session.ui.answer(&shown(&report, context.now(), session.ui))?;
    }
    Ok(u8::from(report.summary.conflicts > 0))
}

fn shown(report: &Report, now: Timestamp, ui: &Ui) -> String {
    let (paint, width) = (ui.paint(), ui.width());
    let mut text = String::new();
    for (kind, heading) in HEADINGS {
        let mut rows = report.conflicts.iter().filter(|conflict| conflict.kind == kind).peekable();
        if rows.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "{}", paint.strong(heading));
        rows.for_each(|conflict| row(&mut text, conflict, now, paint, width));
        text.push('\n');
    }
    let _ = writeln!(text, "{}", paint.strong("Summary"));
    let low = match report.summary.low {
        0 => String::new(),
        low => format!("(and {low} of level low, which nothing has to be done about)"),
    };
    let total = format!("  Total conflicts: {}", report.summary.conflicts);
    let line = format!("{total} {low}").trim_end().to_owned();
    let _ = writeln!(text, "{}", flow::fitting(line, &[&total, &low], INDENT, width));
    let _ = writeln!(text, "  Total mismatches: {}", report.summary.mismatches);
    text
}

fn row(text: &mut String, conflict: &Conflict, now: Timestamp, paint: Paint, width: Option<usize>) {
    let ruling = &conflict.ruling;
    let level = conflict.level.as_str();
    let level = if conflict.kind == ConflictKind::Mismatch { String::new() } else { format!(" [{level}]") };
    // Of a doubled port the decision is the news, whoever holds it.
    let said = if conflict.kind == ConflictKind::Registry { &conflict.level_reason } else { &ruling.reason };
    let (port, said) = (format!("  {}{level}", ruling.port), escape::line(said));
    let _ = writeln!(text, "{}", flow::fitting(format!("{port} {said}"), &[&port, &said], INDENT, width));
    for known in &conflict.worktrees {
        let name = format!("    {} ({}),", escape::line(&known.worktree), known.service);
        let since = format!("allocated at {} ({})", moment(known.allocated_at), age(known.allocated_at, now));
        let line = format!("{name} {since}");
        let _ = writeln!(text, "{}", flow::fitting(line, &[&name, &since], DEEPER, width));
    }
    for owner in &ruling.owners {
        let since = owner.since.map(|since| format!("since {} ({})", moment(since), age(since, now)));
        let comma = if since.is_some() { "," } else { "" };
        let (name, since) = (escape::line(&owner.named()).into_owned() + comma, since.unwrap_or_default());
        let line = format!("    {name} {since}").trim_end().to_owned();
        let _ = writeln!(text, "{}", flow::fitting(line, &[&format!("    {name}"), &since], DEEPER, width));
    }
    let _ = writeln!(text, "    {}", paint.hint(escape::line(&conflict.fix)));
}
