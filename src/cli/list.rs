//! `wt list`: worktrees at a glance.

use clap::Args;

use super::session::Session;
use super::show;
use crate::error::Result;
use crate::ops::list;
use crate::ui::table;

/// List worktrees with their branch, purpose, ports and state
#[derive(Args, Debug)]
pub struct Arguments {
    /// Of every registered repository
    #[arg(short, long)]
    pub all: bool,
    /// Also changes, and commits ahead and behind
    #[arg(short, long)]
    pub status: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless `--all` is given.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_with_records_true()?;
    let report = list::list(&context, list::Request { all: arguments.all, status: arguments.status })?;
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    let now = context.now();
    let (all, status) = (arguments.all, arguments.status);
    let mut headings = show::headings(all, status);
    let mut rows: Vec<_> =
        report.worktrees.iter().map(|worktree| show::row(worktree, now, all, status)).collect();
    // For eyes; programs find the same words in the state.
    if ui.width().is_some() {
        headings.insert(0, "");
        for (row, worktree) in rows.iter_mut().zip(&report.worktrees) {
            row.cells.insert(0, show::mark(worktree).to_owned());
        }
    }
    if rows.is_empty() {
        ui.say("no worktrees are registered");
    } else {
        ui.answer(&table::render(ui, &headings, &rows, &["PATH", "PURPOSE", "AGE"]))?;
    }
    Ok(0)
}
