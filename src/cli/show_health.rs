//! Health in words: a tree for eyes, lines for programs.

use std::fmt::Write;

use crate::model::health::state::Health;
use crate::ops::health::report::{HealthSummary, Report, ServiceHealth, WorktreeHealth};
use crate::ui::escape;
use crate::ui::output::Ui;
use crate::ui::paint::Paint;
use crate::ui::table::{self, TableRow};

/// Returns the worktrees with their services, what to do where something is not well, and the counts.
#[must_use]
pub fn tree(ui: &Ui, report: &Report) -> String {
    let paint = ui.paint();
    let mut text = String::new();
    for worktree in &report.worktrees {
        branch(&mut text, paint, worktree);
    }
    let _ = writeln!(text, "{}", summary(report.summary));
    text
}

fn branch(text: &mut String, paint: Paint, worktree: &WorktreeHealth) {
    let path = worktree.path.to_string_lossy();
    let _ = writeln!(
        text,
        "{}  {}",
        paint.strong(escape::line(&worktree.name)),
        paint.faint(escape::line(&path))
    );
    let widest = worktree.services.iter().map(|service| service.service.as_str().len()).max().unwrap_or(0);
    for (index, service) in worktree.services.iter().enumerate() {
        let is_last = index + 1 == worktree.services.len();
        let (twig, below) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
        let pid = service.pid.map(|pid| format!("  pid {pid}")).unwrap_or_default();
        let latency = service.latency_ms.map(|time| format!("  {time} ms")).unwrap_or_default();
        let state = format!("{} {:<11}", service.health.mark(), service.health.words());
        let line = format!("{}{pid}{latency}", painted(paint, service.health, &state));
        let _ = writeln!(
            text,
            "{} {:<widest$}  {:<5}  {}",
            paint.faint(twig),
            service.service.as_str(),
            service.port,
            line.trim_end()
        );
        if let Some(reason) = &service.reason {
            let _ = writeln!(text, "{}   {}", paint.faint(below), escape::line(reason));
        }
        if let Some(action) = &service.action {
            let _ = writeln!(text, "{}   {} {}", paint.faint(below), paint.hint("→"), escape::line(action));
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
