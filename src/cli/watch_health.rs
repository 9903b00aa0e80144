//! `wt health --watch`: the tree drawn again and again on a terminal, only what changed elsewhere, until somebody stops it.

use std::time::Duration;

use super::{endless, show_health};
use crate::context::Context;
use crate::error::Result;
use crate::ops::health::gather::Request;
use crate::ops::health::watch::{Round, Watcher};
use crate::ui::output::Ui;
use crate::ui::screen::Screen;
use crate::ui::table;

/// The shortest time between two rounds.
const LEAST: Duration = Duration::from_millis(50);

/// Watches until Ctrl-C (exit 130), or until nobody reads any more (exit 0).
///
/// # Errors
///
/// What stops a look, such as a worktree that is gone.
pub fn run(context: &Context, request: Request, ui: &Ui) -> Result<u8> {
    endless::ended(watch(context, request, ui))
}

fn watch(context: &Context, request: Request, ui: &Ui) -> Result<()> {
    let mut watcher = Watcher::new(context, request);
    let mut screen = Screen::default();
    let mut is_first = true;
    let pause = context.host.pause()?;
    let interval = context.config.health.interval.max(LEAST);
    loop {
        let round = watcher.look_once()?;
        // Said once: they stay the same while the configurations do, and a screen is no place for them.
        if std::mem::take(&mut is_first) {
            round.report.warnings.iter().for_each(|warning| ui.warn(warning));
        }
        if let (Some(size), false) = (ui.size(), ui.is_json()) {
            screen.draw(ui, size, &show_health::tree(ui, &round.report))?;
        } else {
            show_changes(ui, &round)?;
        }
        if !endless::rest(context, ui, &|time| pause.sleep(time, &ui.stdout()), interval)? {
            return Ok(());
        }
    }
}

fn show_changes(ui: &Ui, round: &Round) -> Result<()> {
    if ui.is_json() {
        return round.changes.iter().try_for_each(|change| ui.answer_json(change));
    }
    let rows: Vec<table::TableRow> = round
        .changes
        .iter()
        .map(|change| {
            let mut row = show_health::row(&change.worktree, &change.service);
            row.cells.insert(0, format!("{:.0}", change.service.checked_at));
            row
        })
        .collect();
    ui.answer(&table::render(ui, &[], &rows, &[]))
}
