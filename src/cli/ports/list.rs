//! `wt ports list`: allocations by worktree, and how full each range is.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;

use crate::cli::session::Session;
use crate::error::Result;
use crate::model::health::recorded::HealthRecord;
use crate::model::port::verdict::PortVerdict;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;
use crate::ops::create;
use crate::ops::ports::Capacity;
use crate::ops::ports::list::{self, Allotted, Report, Request};
use crate::ui::paint::Paint;
use crate::ui::table::flow;
use crate::ui::{age, escape};

/// List which worktree has which port, and how full each range is
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[group(skip)]
pub struct Arguments {
    /// Of this worktree only
    #[arg(short, long, value_name = "WORKTREE")]
    pub worktree: Option<String>,
    /// Of this service only
    #[arg(short, long, value_name = "SERVICE")]
    pub service: Option<ServiceName>,
    /// Of this purpose only
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// Of every registered repository
    #[arg(short, long, conflicts_with = "worktree")]
    pub all: bool,
}

/// How far what does not fit on a line is moved in, in columns.
const INDENT: usize = 4;

/// How many letters a bar has.
const BAR: usize = 20;

/// Runs the command.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless `--all` is given.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_whatever_is_configured()?;
    let Arguments { worktree, service, purpose, all } = arguments;
    if let Some(purpose) = &purpose {
        create::require_purpose(&context, Some(purpose))?;
    }
    let report = list::list(&context, &Request { worktree, service, purpose, all })?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    ui.answer(&match ui.width() {
        Some(width) => drawn(&report, ui.paint(), context.now(), all, width),
        None => plain(&report, all),
    })?;
    Ok(0)
}

fn plain(report: &Report, all: bool) -> String {
    let mut text = String::new();
    for worktree in &report.worktrees {
        for port in &worktree.ports {
            let url = port.url.as_deref().unwrap_or("-");
            let line = [
                worktree.name.as_str(),
                port.service.as_str(),
                &port.port.to_string(),
                port.verdict.as_str(),
                url,
                if port.pinned { "pinned" } else { "-" },
                recorded(port).map_or("-", |last| last.state.as_str()),
            ];
            let mut line = line.map(escape::line).join("\t");
            if all {
                let _ = write!(line, "\t{}", escape::line(&worktree.repository.to_string_lossy()));
            }
            let _ = writeln!(text, "{line}");
        }
    }
    for range in &report.ranges {
        let _ = writeln!(text, "{}", taken(range));
    }
    text
}

fn drawn(report: &Report, paint: Paint, now: Timestamp, all: bool, width: usize) -> String {
    let folded = |line: String, pieces: &[&str]| flow::fitting(line, pieces, INDENT, Some(width));
    let mut text = String::new();
    for worktree in &report.worktrees {
        let repository = worktree.repository.to_string_lossy();
        let repository = if all { paint.faint(escape::line(&repository)) } else { String::new() };
        let name = paint.strong(escape::line(&worktree.name));
        let line = if all { format!("{name}  {repository}") } else { name.clone() };
        let _ = writeln!(text, "{}", folded(line, &[&name, &repository]));
        for port in &worktree.ports {
            let url = port.url.as_deref().unwrap_or_default();
            let (mark, mut words) = mark(port, paint);
            let pinned = port.pinned.then(|| "pinned".to_owned());
            let health = recorded(port)
                .map(|last| format!("last {} ({})", last.state.words(), age::ago(last.checked_at, now)));
            for more in [pinned, health].into_iter().flatten() {
                words = format!("{words}, {more}");
            }
            let (url, words) = (escape::line(url), paint.faint(escape::line(&words)));
            let line = format!("  {mark} {:<10} {:<6} {url}  {words}", port.service, port.port);
            let name = format!("  {mark} {} {}", port.service, port.port);
            let _ = writeln!(text, "{}", folded(line, &[&name, &url, &words]));
        }
    }
    if !report.worktrees.is_empty() {
        text.push('\n');
    }
    for range in &report.ranges {
        let room = (range.used + range.free).max(1);
        let full = (range.used * BAR).div_ceil(room).min(BAR);
        let bar = format!("{}{}", "█".repeat(full), paint.faint("░".repeat(BAR - full)));
        let excluded =
            if range.excluded == 0 { String::new() } else { format!(" ({} excluded)", range.excluded) };
        let line = format!("{bar} {}{}", taken(range), paint.faint(&excluded));
        let _ =
            writeln!(text, "{}", folded(line, &[&taken(range), &paint.faint(excluded.trim_start()), &bar]));
    }
    text
}

/// `feature 5000-5099: 3 of 98 taken`.
fn taken(range: &Capacity) -> String {
    let name = range.drawer.name();
    format!("{name} {}-{}: {} of {} taken", range.first, range.last, range.used, range.used + range.free)
}

/// What the last look at its health found.
fn recorded(port: &Allotted) -> Option<HealthRecord> {
    port.health.as_ref().and_then(HealthRecord::find)
}

/// The sign, and the verdict with its own word first; what the list shows by itself is not said again.
fn mark(port: &Allotted, paint: Paint) -> (String, String) {
    let word = port.verdict.sentence().to_owned();
    match port.verdict {
        PortVerdict::OwnListener => (paint.done("●"), word),
        PortVerdict::Allocated => (paint.faint("○"), word),
        _ => (paint.error("✗"), port.verdict.told(&port.reason)),
    }
}
