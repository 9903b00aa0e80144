//! The worktrees of other hosts in words: `wt list --hosts`.

use super::session::Session;
use crate::error::Result;
use crate::ops::far::{self, FarWorktree, Whose};
use crate::ui::table::{self, Column, TableRow};

/// Lists what other hosts have; a host that does not answer is named, and the others are shown.
///
/// # Errors
///
/// As [`far::list`].
pub fn list(session: &Session<'_>, whose: &Whose) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    context.host.interrupt.install()?;
    let report = far::list(&context, whose)?;
    let ui = session.ui;
    report.hosts.iter().filter_map(|host| host.error.as_ref()).for_each(|error| ui.warn(error));
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    let rows = report
        .hosts
        .iter()
        .flat_map(|host| host.worktrees.iter().map(|worktree| TableRow::plain(cells(&host.host, worktree))));
    let rows: Vec<TableRow> = rows.collect();
    if rows.is_empty() {
        ui.say("no worktrees are registered there");
        return Ok(0);
    }
    let columns = [
        Column::new("HOST"),
        Column::new("NAME").cut_in_the_middle(12),
        Column::new("BRANCH").cut_in_the_middle(12).goes(1),
        Column::new("PORTS"),
        Column::new("REPOSITORY").cut_at_the_beginning(),
        Column::new("PATH").cut_at_the_beginning().goes(0),
    ];
    ui.answer(&table::render_columns(ui, &columns, &rows, true))?;
    Ok(0)
}

fn cells(host: &str, worktree: &FarWorktree) -> Vec<String> {
    let port = |port: &far::FarPort| {
        let state = port.state.as_ref().map(|state| format!(" {state}")).unwrap_or_default();
        format!("{}:{}{state}", port.service, port.port)
    };
    let ports: Vec<String> = worktree.ports.iter().map(port).collect();
    let missing = if worktree.missing { " (missing)" } else { "" };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        host.to_owned(),
        format!("{}{missing}", worktree.name),
        text(&worktree.branch),
        ports.join(", "),
        text(&worktree.repository_name),
        worktree.path.clone(),
    ]
}
