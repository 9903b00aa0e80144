//! `wt list`: worktrees at a glance.

use crate::model::variables::speaks_http;
use clap::Args;

use super::session::Session;
use super::{show, show_far};
use crate::error::Result;
use crate::model::config::settings::Config;
use crate::model::services::state::ServiceState;
use crate::model::view::WorktreeView;
use crate::ops::far::Whose;
use crate::ops::list;
use crate::ui::{
    link,
    table::{self, Column},
};

/// List worktrees with their branch, purpose, ports and state
#[derive(Args, Debug)]
pub struct Arguments {
    /// Of every registered repository
    #[arg(short, long)]
    pub all: bool,
    /// Also changes, and commits ahead and behind
    #[arg(short, long)]
    pub status: bool,
    /// Also what each takes on disk, and what of it is caches that `wt clean` deletes
    #[arg(long)]
    pub size: bool,
    /// What another host has, as its `wt` lists it over ssh (`wt team hosts`)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["all", "status", "size"])]
    pub host: Vec<String>,
    /// What all other hosts have
    #[arg(long, conflicts_with_all = ["all", "status", "size", "host"])]
    pub hosts: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless `--all` is given.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    if arguments.hosts || !arguments.host.is_empty() {
        let whose = if arguments.hosts { Whose::All } else { Whose::Named(arguments.host.clone()) };
        return show_far::list(session, &whose);
    }
    let context = session.context_with_records_true_whatever_is_configured()?;
    let report = list::list(
        &context,
        list::Request { all: arguments.all, status: arguments.status, size: arguments.size, remembers: true },
    )?;
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    let now = context.now();
    let (all, status) = (arguments.all, arguments.status);
    let mut columns = show::columns(all, status, arguments.size);
    let mut rows: Vec<_> =
        report.worktrees.iter().map(|worktree| show::row(worktree, now, all, status)).collect();
    // For eyes; programs find the same words in the state.
    if let Some(width) = ui.width() {
        columns.insert(0, Column::new(""));
        for (row, worktree) in rows.iter_mut().zip(&report.worktrees) {
            row.cells[show::PORTS] = show::ports_with_marks(worktree, now);
            row.cells.insert(0, show::mark(worktree).to_owned());
        }
        if table::needed(&columns, &rows) > width {
            for (row, worktree) in rows.iter_mut().zip(&report.worktrees) {
                row.cells[show::PORTS + 1] = show::compact_ports(worktree, now);
            }
        }
    }
    if rows.is_empty() {
        ui.say("no worktrees are registered");
    } else {
        let text = table::render_columns(ui, &columns, &rows, true);
        ui.answer(&if ui.links() { with_links(&text, &report.worktrees, &context.config) } else { text })?;
    }
    Ok(0)
}

/// Lets the port of a web service that is ready lead to its URL. The lines of `text` are in the order of the worktrees, of which
/// each may have several.
fn with_links(text: &str, worktrees: &[WorktreeView], config: &Config) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut at = 0;
    for port in worktrees.iter().flat_map(|worktree| &worktree.ports) {
        let is_ready = port.live.is_some_and(|live| live.state == Some(ServiceState::Ready));
        let url = port.url.as_ref().filter(|_| is_ready && speaks_http(config, &port.service));
        let word = show::port(port);
        let Some(found) = lines.iter().skip(at).position(|line| line.contains(&word)) else { continue };
        at += found;
        if let Some(url) = url {
            lines[at] = link::linked(&lines[at], &word, url);
        }
    }
    lines.join("\n") + "\n"
}
