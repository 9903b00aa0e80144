//! `wt report`: ports, conflicts, services and idle worktrees of some days, and what may be done.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::backlog::size;
use crate::model::history;
use crate::model::report::tables::Service;
use crate::ops::report::{self, Report};
use crate::ui::output::Ui;
use crate::ui::table::flow;
use crate::ui::table::{self, TableRow};

/// Sum up some days: ports, conflicts, services, idle worktrees, and what may be done
#[derive(Args, Debug)]
#[command(after_help = "\
--html writes one page that loads nothing from elsewhere; `-` prints it. A file that is no earlier report is never overwritten.")]
pub struct Arguments {
    /// Since then: `2h`, `3d`, `2026-11-01` (UTC), or an RFC 3339 time
    #[arg(long, value_name = "TIME", default_value = report::PERIOD)]
    pub since: String,
    /// Write a page for a browser into FILE; `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Of every repository
    #[arg(short, long)]
    pub all: bool,
}

impl Arguments {
    /// Returns the file that is written, where one is.
    pub fn file(&self) -> Option<&Path> {
        self.html.as_deref().filter(|file| *file != Path::new("-"))
    }
}

/// Runs the command.
///
/// # Errors
///
/// `usage` for a time that is none, and for --html with --json; `path_not_empty` for a file that is no report.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let ui = session.ui;
    if arguments.html.is_some() && ui.is_json() {
        return Err(
            Failure::new(Code::Usage, "--html and --json exclude each other").hint("choose one of them")
        );
    }
    let mut context = session.context_as_it_is_whatever_is_configured()?;
    if arguments.all {
        context.repository = None;
    }
    let since = history::moment(&arguments.since, context.now())
        .map_err(|problem| Failure::new(Code::Usage, problem))?;
    let found = report::report(&context, since)?;
    match arguments.file() {
        None if arguments.html.is_some() => ui.answer(&report::page(&context, &found)?)?,
        None if ui.is_json() => ui.answer_json(&found)?,
        None => ui.answer(&shown(&found, ui))?,
        Some(file) => {
            report::write(&context, &found, file)?;
            ui.say(&format!("Wrote {}", file.display()));
        }
    }
    Ok(0)
}

fn shown(report: &Report, ui: &Ui) -> String {
    let (ports, conflicts) = (&report.ports, &report.conflicts);
    let mut text = format!("Since {:.0}\n\nPORTS\n", report.since);
    let counts = format!(
        "{} allocated (at most {} at one time), {} of {} free, {} held by others",
        ports.allocated, ports.peak, ports.free, ports.in_ranges, ports.strangers
    );
    for line in flow::unbroken(&counts, ui.width().unwrap_or(usize::MAX)) {
        let _ = writeln!(text, "{line}");
    }
    for range in ports.ranges.iter().filter(|range| range.used > 0) {
        let _ = writeln!(text, "{}: {} of {} taken", range.range, range.used, range.capacity);
    }
    let _ = writeln!(text, "\nCONFLICTS\n{} in all", conflicts.total);
    let mut rows: Vec<TableRow> = Vec::new();
    let mut row = |what: &str, which: &str, count: u64| {
        rows.push(TableRow::plain(vec![what.to_owned(), which.to_owned(), count.to_string()]));
    };
    conflicts.by_kind.iter().for_each(|(kind, count)| row("kind", kind, *count));
    conflicts.by_level.iter().for_each(|(level, count)| row("level", level, *count));
    conflicts.by_holder.iter().for_each(|one| row("held by", &one.holder, one.count));
    for (hour, count) in conflicts.by_hour.iter().enumerate().filter(|(_, count)| **count > 0) {
        row("hour", &format!("{hour:02}:00 UTC"), *count);
    }
    for one in &report.actions {
        row("done", &format!("{}: {}", one.action, one.outcome), one.count);
    }
    text += &table::render(ui, &[], &rows, &[]);
    text += "\nSERVICES\n";
    let rows: Vec<TableRow> = report.services.iter().map(service).collect();
    text += &or_nothing(table::render(
        ui,
        if rows.is_empty() { &[] } else { &SERVICES },
        &rows,
        &["REPOSITORY", "MS"],
    ));
    text += "\nIDLE\n";
    let idle = report.idle.iter().map(|one| {
        let (age, size) = (format!("{} days", one.idle_s / 86_400), size(one.disk_bytes));
        TableRow::plain(vec![one.repository_name.clone(), one.worktree.clone(), age, size])
    });
    text += &or_nothing(table::render(ui, &[], &idle.collect::<Vec<_>>(), &[]));
    text += "\nRECOMMENDED\n";
    let advice = report.recommendations.iter();
    let advice = advice.map(|one| TableRow::plain(vec![one.command.clone(), one.text.clone()]));
    text + &or_nothing(table::render(ui, &[], &advice.collect::<Vec<_>>(), &[]))
}

/// A heading with nothing below it might have been cut off.
fn or_nothing(rows: String) -> String {
    if rows.is_empty() { "nothing\n".to_owned() } else { rows }
}

const SERVICES: [&str; 8] =
    ["REPOSITORY", "WORKTREE", "SERVICE", "HEALTH", "RESTARTS", "MS", "MEMORY", "CPU"];

fn service(one: &Service) -> TableRow {
    let latency = one.latency_ms.map(|taken| format!("{:.1} ({:.1})", taken.median, taken.p95));
    TableRow::plain(vec![
        one.repository_name.clone(),
        one.worktree.clone(),
        one.service.to_string(),
        one.health.as_str().to_owned(),
        one.restarts.to_string(),
        latency.unwrap_or_default(),
        one.memory_bytes.map(size).unwrap_or_default(),
        one.cpu_percent.map(|percent| format!("{percent} %")).unwrap_or_default(),
    ])
}
