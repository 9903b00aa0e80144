//! Who has what beside this user and this machine, as tables.

use crate::ops::team::{Report, RunningReport};
use crate::ui::age;
use crate::ui::output::Ui;
use crate::ui::table::{self, TableRow};

/// Returns the tables of who has what.
#[must_use]
pub fn text(ui: &Ui, report: &Report, now: jiff::Timestamp) -> String {
    let mut text = String::new();
    let since = |since: Option<jiff::Timestamp>| since.map_or_else(String::new, |since| age::age(since, now));
    if report.shared_host.is_some() || !report.ports.is_empty() {
        let rows = report.ports.iter().map(|row| {
            let cells = [row.port.to_string(), row.user.clone(), row.worktree.clone(), row.host.clone()];
            TableRow::plain(cells.into_iter().chain([since(row.since)]).collect())
        });
        let rows: Vec<TableRow> = rows.collect();
        text.push_str(&table::render(ui, &["PORT", "USER", "WORKTREE", "HOST", "SINCE"], &rows, &["HOST"]));
    }
    if report.remote.is_some() {
        let rows = report.branches.iter().map(|row| {
            let cells = [row.branch.clone(), row.user.clone(), row.worktree.clone(), row.host.clone()];
            TableRow::plain(cells.into_iter().chain([since(Some(row.since))]).collect())
        });
        let unread = report.unread.iter().map(|row| {
            let cells = [row.branch.as_str(), "?", "", "", ""];
            TableRow::plain(cells.map(str::to_owned).into())
        });
        let rows: Vec<TableRow> = rows.chain(unread).collect();
        if !text.is_empty() && ui.width().is_some() {
            text.push('\n');
        }
        text.push_str(&table::render(ui, &["BRANCH", "USER", "WORKTREE", "HOST", "SINCE"], &rows, &["HOST"]));
    }
    if !report.hosts.is_empty() {
        let rows = report.hosts.iter().map(|row| {
            let stale = if row.stale { "stale" } else { "" };
            let cells = [row.host.clone(), row.user.clone(), row.branches.to_string(), since(Some(row.seen))];
            TableRow::plain(cells.into_iter().chain([stale.to_owned()]).collect())
        });
        let rows: Vec<TableRow> = rows.collect();
        if !text.is_empty() && ui.width().is_some() {
            text.push('\n');
        }
        text.push_str(&table::render(ui, &["HOST", "USER", "BRANCHES", "SEEN", ""], &rows, &[]));
    }
    text
}

/// Returns the table of what runs where; nothing where nothing runs.
#[must_use]
pub fn running(ui: &Ui, report: &RunningReport, now: jiff::Timestamp) -> String {
    let rows = report.services.iter().map(|row| {
        let port = row.port.map_or_else(String::new, |port| port.to_string());
        let url = row.url.clone().unwrap_or_default();
        let cells = [&row.host, &row.user, &row.worktree, &row.service, &row.state, &port, &url];
        TableRow::plain(cells.into_iter().cloned().chain([age::age(row.seen, now)]).collect())
    });
    let rows: Vec<TableRow> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = ["HOST", "USER", "WORKTREE", "SERVICE", "STATE", "PORT", "URL", "SEEN"];
    table::render(ui, &head, &rows, &["URL", "USER"])
}
