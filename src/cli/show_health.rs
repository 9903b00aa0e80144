//! Health in words: a tree for eyes, lines for programs.

use std::fmt::Write;

use crate::model::health::state::Health;
use crate::ops::health::report::{HealthSummary, Report, ServiceHealth, WorktreeHealth};
use crate::ui::escape;
use crate::ui::output::Ui;
use crate::ui::paint::Paint;
use crate::ui::table::{self, TableRow, flow};

/// How far what does not fit on a line is moved in, in columns.
const INDENT: usize = 4;

/// Returns the worktrees with their services, what to do where something is not well, and the counts.
#[must_use]
pub fn tree(ui: &Ui, report: &Report) -> String {
    let paint = ui.paint();
    let mut text = String::new();
    for worktree in &report.worktrees {
        branch(&mut text, paint, worktree, ui.width());
    }
    let counts = summary(report.summary);
    let _ = writeln!(text, "{}", flow::fitting(counts.clone(), &[&counts], 0, ui.width()));
    text
}

fn branch(text: &mut String, paint: Paint, worktree: &WorktreeHealth, width: Option<usize>) {
    let path = paint.faint(escape::line(&worktree.path.to_string_lossy()));
    let name = paint.strong(escape::line(&worktree.name));
    let _ = writeln!(text, "{}", flow::fitting(format!("{name}  {path}"), &[&name, &path], INDENT, width));
    let widest = worktree.services.iter().map(|service| service.service.as_str().len()).max().unwrap_or(0);
    for (index, service) in worktree.services.iter().enumerate() {
        let is_last = index + 1 == worktree.services.len();
        let (twig, below) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
        let pid = service.pid.map(|pid| format!("pid {pid}")).unwrap_or_default();
        let latency = service.latency_ms.map(|time| format!("{time} ms")).unwrap_or_default();
        let more = [pid.as_str(), &latency].into_iter().filter(|word| !word.is_empty());
        let more = more.fold(String::new(), |line, word| line + "  " + word);
        let state = |padded: usize| {
            let state = format!("{} {:<padded$}", service.health.mark(), service.health.words());
            painted(paint, service.health, &state)
        };
        let (twig, name, port) = (paint.faint(twig), service.service.as_str(), service.port);
        let line =
            format!("{twig} {name:<widest$}  {port:<5}  {}", format!("{}{more}", state(11)).trim_end());
        let pieces = [format!("{twig} {name}  {port}"), state(0), pid, latency];
        let _ =
            writeln!(text, "{}", flow::fitting(line, &pieces.each_ref().map(String::as_str), INDENT, width));
        let mut under = |mark: &str, said: &str| {
            let first = format!("{}   {mark}", paint.faint(below));
            let said = escape::line(said);
            // A command alone is one piece.
            let is_command = said.starts_with("wt ");
            let room = width.filter(|_| !is_command).map(|width| width.saturating_sub(INDENT + 3));
            let lines = room.map_or_else(|| vec![said.to_string()], |room| flow::unbroken(&said, room));
            let next = format!("\n{}{:1$}", paint.faint(below), INDENT + 1);
            let _ = writeln!(text, "{first}{}", lines.join(&next));
        };
        if let Some(reason) = &service.reason {
            under("", reason);
        }
        if let Some(action) = &service.action {
            under(&format!("{} ", paint.hint("→")), action);
        }
    }
}

fn painted(paint: Paint, health: Health, text: &str) -> String {
    match health {
        Health::Healthy => paint.done(text),
        Health::Unhealthy => paint.error(text),
        Health::NotRunning => paint.faint(text),
        Health::Unknown => paint.warning(text),
    }
}

/// Returns a line for each service: worktree, service, port, state, level, pid, milliseconds, reason, action.
#[must_use]
pub fn lines(ui: &Ui, report: &Report) -> String {
    let rows: Vec<TableRow> = report
        .worktrees
        .iter()
        .flat_map(|worktree| worktree.services.iter().map(|service| row(&worktree.name, service)))
        .collect();
    table::render(ui, &[], &rows, &[])
}

/// Returns the fields about one service.
#[must_use]
pub fn row(worktree: &str, service: &ServiceHealth) -> TableRow {
    TableRow::plain(vec![
        worktree.to_owned(),
        service.service.to_string(),
        service.port.to_string(),
        service.health.as_str().to_owned(),
        service.level.to_string(),
        service.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        service.latency_ms.map(|time| time.to_string()).unwrap_or_default(),
        service.reason.clone().unwrap_or_default(),
        service.action.clone().unwrap_or_default(),
    ])
}

/// Returns the four counts in words.
#[must_use]
pub fn summary(summary: HealthSummary) -> String {
    format!(
        "{} healthy, {} unhealthy, {} not running, {} unknown",
        summary.healthy, summary.unhealthy, summary.not_running, summary.unknown
    )
}
