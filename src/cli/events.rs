//! `wt events`: what happened, and what happens.

use std::time::Duration;

use clap::Args;

use super::endless;
use super::session::Session;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::event::filter::EventFilter;
use crate::model::event::{Event, EventKind};
use crate::model::history;
use crate::ops::events::{self, Follower};
use crate::ui::output::Ui;
use crate::ui::table::{self, TableRow};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(100);

const HEADINGS: [&str; 6] = ["WHEN", "KIND", "EVENT", "WORKTREE", "WHAT", "BY"];

/// What goes first where a terminal is narrow: the rest says what happened to what.
const EXPENDABLE: [&str; 2] = ["KIND", "BY"];

/// Show what happened to worktrees, ports, services and setups, the newest last
#[derive(Args, Debug)]
pub struct Arguments {
    /// Go on: show each event as it happens, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// Only since then: `2h`, `3d`, `2026-11-01` (UTC), or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only this worktree; also one that is gone, by its name
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Only these kinds: conflict, service, health, worktree, port, setup, notify, other
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<EventKind>,
    /// Of every repository
    #[arg(short, long)]
    pub all: bool,
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
        Some(wanted) => {
            let (repository, name) = events::subject(&context, &wanted, arguments.all)?;
            (repository, Some(name))
        }
        None => (events::scope(&context, arguments.all), None),
    };
    let filter = EventFilter { repository, worktree, kinds: arguments.kind, since: since.transpose()? };
    let ui = session.ui;
    if arguments.follow {
        return endless::ended(follow(&context, filter, ui));
    }
    let report = events::events(&context, &filter)?;
    if report.unreadable > 0 {
        ui.say_more(&format!("{} lines of the log could not be read", report.unreadable));
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else if report.events.is_empty() {
        ui.say("no such events are on record");
    } else {
        let rows: Vec<TableRow> = report.events.iter().map(row).collect();
        ui.answer(&table::render(ui, &HEADINGS, &rows, &EXPENDABLE))?;
    }
    Ok(0)
}

fn follow(context: &Context, filter: EventFilter, ui: &Ui) -> Result<()> {
    let mut follower = Follower::begin(context, filter)?;
    let mut is_first = true;
    loop {
        let news = follower.read_on()?;
        if ui.is_json() {
            news.iter().try_for_each(|event| ui.answer_json_line(event))?;
        } else if !news.is_empty() {
            let rows: Vec<TableRow> = news.iter().map(row).collect();
            let text = if is_first {
                table::render(ui, &HEADINGS, &rows, &EXPENDABLE)
            } else {
                table::render_without_heading(ui, &HEADINGS, &rows, &EXPENDABLE)
            };
            ui.answer(&text)?;
            is_first = false;
        }
        if ui.is_abandoned() {
            return Ok(());
        }
        context.host.clock.wait(LOOK, &context.host.interrupt)?;
    }
}

fn row(event: &Event) -> TableRow {
    let by = event.by.as_ref().map(|by| format!("{} ({}, pid {})", by.user, by.command, by.pid));
    TableRow::plain(vec![
        format!("{:.0}", event.at),
        event.kind.to_string(),
        event.event.clone(),
        event.worktree.clone().unwrap_or_default(),
        history::words(event),
        by.unwrap_or_default(),
    ])
}
