//! `wt ports history`: conflicts over ports, and what was done about them.

use clap::Args;

use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::event::Event;
use crate::model::history::{self, HistoryFilter};
use crate::model::port::Port;
use crate::ops::events;
use crate::ops::ports::history as log;
use crate::ui::table::{self, TableRow};

/// Show conflicts over ports and what was done about them, the newest last
#[derive(Args, Debug)]
pub struct Arguments {
    /// Only this port
    #[arg(long, value_name = "PORT")]
    pub port: Option<Port>,
    /// Only this worktree; also one that is gone, by its name
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Only since then: `2h`, `3d`, `2026-11-01` (UTC), or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// `usage` for a time that is none; `not_found` for a worktree that never was; `permission` when the log cannot be read.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    let since = arguments.since.map(|text| {
        history::moment(&text, context.now()).map_err(|problem| Failure::new(Code::Usage, problem))
    });
    let (repository, worktree) = match arguments.worktree {
        // The history is the machine's; a worktree is one of a repository.
        Some(name) => {
            let (repository, name) = events::subject(&context, &name, false)?;
            (repository, Some(name))
        }
        None => (None, None),
    };
    let filter = HistoryFilter { port: arguments.port, repository, worktree, since: since.transpose()? };
    let report = log::history(&context, &filter)?;
    let ui = session.ui;
    if report.unreadable > 0 {
        ui.say_more(&format!("{} lines of the log could not be read", report.unreadable));
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else if report.events.is_empty() {
        ui.say("no conflicts over ports are on record");
    } else {
        let rows: Vec<TableRow> = report.events.iter().map(row).collect();
        let headings = ["WHEN", "EVENT", "PORT", "WORKTREE", "WHAT"];
        ui.answer(&table::render(ui, &headings, &rows, &[]))?;
    }
    Ok(0)
}

fn row(event: &Event) -> TableRow {
    let ports: Vec<String> = history::ports(event).iter().map(ToString::to_string).collect();
    TableRow::plain(vec![
        format!("{:.0}", event.at),
        event.event.clone(),
        ports.join(","),
        event.worktree.clone().unwrap_or_default(),
        history::words(event),
    ])
}
