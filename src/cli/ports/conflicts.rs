//! `wt ports conflicts`: the three kinds, each row with the command that resolves it.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;

use crate::cli::session::Session;
use crate::error::Result;
use crate::ops::ports::conflicts::{self, Conflict, ConflictKind, Report};
use crate::ui::age::{age, moment};
use crate::ui::escape;
use crate::ui::paint::Paint;

/// Show conflicts over ports, each with the command that resolves it; exit 1 when there are any
#[derive(Args, Debug)]
pub struct Arguments {}

const HEADINGS: [(ConflictKind, &str); 3] = [
    (ConflictKind::Registry, "REGISTRY CONFLICT"),
    (ConflictKind::System, "SYSTEM CONFLICT"),
    (ConflictKind::Mismatch, "ALLOCATION MISMATCH"),
];

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
        session.ui.answer(&shown(&report, context.now(), session.ui.paint()))?;
    }
    Ok(u8::from(report.summary.conflicts > 0))
}

fn shown(report: &Report, now: Timestamp, paint: Paint) -> String {
    let mut text = String::new();
    for (kind, heading) in HEADINGS {
        let mut rows = report.conflicts.iter().filter(|conflict| conflict.kind == kind).peekable();
        if rows.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "{}", paint.strong(heading));
        rows.for_each(|conflict| row(&mut text, conflict, now, paint));
        text.push('\n');
    }
    let _ = writeln!(text, "{}", paint.strong("Summary"));
    let low = match report.summary.low {
        0 => String::new(),
        low => format!(" (and {low} of level low, which nothing has to be done about)"),
    };
    let _ = writeln!(text, "  Total conflicts: {}{low}", report.summary.conflicts);
    let _ = writeln!(text, "  Total mismatches: {}", report.summary.mismatches);
    text
}

fn row(text: &mut String, conflict: &Conflict, now: Timestamp, paint: Paint) {
    let ruling = &conflict.ruling;
    let level = conflict.level.as_str();
    let level = if conflict.kind == ConflictKind::Mismatch { String::new() } else { format!(" [{level}]") };
    // Of a doubled port the decision is the news, whoever holds it.
    let said = if conflict.kind == ConflictKind::Registry { &conflict.level_reason } else { &ruling.reason };
    let _ = writeln!(text, "  {}{level} {}", ruling.port, escape::line(said));
    for known in &conflict.worktrees {
        let _ = writeln!(
            text,
            "    {} ({}), allocated at {} ({})",
            escape::line(&known.worktree),
            known.service,
            moment(known.allocated_at),
            age(known.allocated_at, now)
        );
    }
    for owner in &ruling.owners {
        let since = owner.since.map(|since| format!(", since {} ({})", moment(since), age(since, now)));
        let line = format!("{}{}", owner.named(), since.unwrap_or_default());
        let _ = writeln!(text, "    {}", escape::line(&line));
    }
    let _ = writeln!(text, "    {}", paint.hint(escape::line(&conflict.fix)));
}
