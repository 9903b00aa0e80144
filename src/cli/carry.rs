//! `wt carry`: brings ignored files into a worktree that is there, and says what stays as it is.

use std::fmt::Write;

use clap::Args;

use super::session::Session;
use super::show_carried;
use super::watching::Watching;
use crate::error::Result;
use crate::model::advised::wt;
use crate::ops::carry::{self, Refreshed, Request};
use crate::ops::dry_run::DryRun;
use crate::ui::escape;
use crate::ui::progress::Bar;

/// So many paths that stay are named.
const NAMED: usize = 10;

/// Bring ignored files that are new, or that changed where they were carried from
///
/// The same files as `wt create` carries, from the worktree that they came from. What was changed, deleted or made here stays
/// as it is and is named; --force brings it too and keeps what it replaces. Nothing is deleted.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Whole name, identifier, branch or path; without one the worktree one stands in
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Every linked worktree of the repository
    #[arg(short, long, conflicts_with = "names")]
    pub all: bool,
    /// The same as NAME
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["names", "all"])]
    pub worktree: Option<String>,
    /// Also what was changed, deleted or made here
    #[arg(short, long)]
    pub force: bool,
    /// Show what would be carried, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found`, `usage` for the main worktree; `interrupted`, `disk_full`, `permission`.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = if arguments.dry_run { session.context_as_it_is()? } else { session.context()? };
    let names = arguments.worktree.map_or(arguments.names, |name| vec![name]);
    let request = Request { names, all: arguments.all, force: arguments.force, dry_run: arguments.dry_run };
    let bar = Bar::new(session.ui);
    let mut report = carry::refresh(&context, &request, &Watching(&bar))?;
    drop(bar);
    let ui = session.ui;
    let stopped = report.stopped.take();
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    let status = stopped.as_ref().map_or(0, |failure| failure.code().exit_status());
    if ui.is_json() && request.dry_run {
        ui.answer_json_beside(&DryRun { plan: &report }, stopped.as_ref())?;
        return Ok(status);
    }
    if ui.is_json() {
        ui.answer_json_beside(&report, stopped.as_ref())?;
        return Ok(status);
    }
    let text: String = report.carried.iter().map(|carried| line(session, carried, request.dry_run)).collect();
    ui.answer(&text)?;
    for carried in &report.carried {
        tell_rest(session, carried, report.carried.len() > 1);
    }
    stopped.map_or(Ok(0), Err)
}

fn line(session: &Session<'_>, carried: &Refreshed, dry_run: bool) -> String {
    let paint = session.ui.paint();
    let name = escape::line(&carried.worktree);
    if carried.files == 0 {
        return format!("Nothing to carry into {}\n", paint.strong(&name));
    }
    let verb = if dry_run { "Would carry" } else { "Carried" };
    let mut text = format!(
        "{} into {}: {}",
        paint.done(verb),
        paint.strong(&name),
        show_carried::named(&carried.brought, carried.reflinked > 0)
    );
    if !carried.updated.is_empty() {
        let _ = write!(text, "; updated {}", carried.updated.len());
    }
    text.push('\n');
    text
}

/// Says what stays as it is, what was left out, and where what was replaced is.
fn tell_rest(session: &Session<'_>, carried: &Refreshed, is_one_of_several: bool) {
    let ui = session.ui;
    let of = is_one_of_several.then_some(&*carried.worktree);
    let said = of.map(|name| format!("{}: ", escape::line(name))).unwrap_or_default();
    for kept in carried.kept.iter().take(NAMED) {
        ui.say(&format!("{said}kept {}: it {}", escape::line(&kept.path), kept.reason.words()));
    }
    if let more @ 1.. = carried.kept.len().saturating_sub(NAMED) {
        ui.say(&format!("{said}kept {more} more; `--json` names all"));
    }
    if carried.kept.iter().any(|kept| kept.reason.yields()) {
        let again = wt("carry --force {}", &[&carried.worktree]);
        ui.hint(&format!("`{again}` brings what was kept too, and keeps what it replaces"));
    }
    if let Some(replaced) = &carried.replaced {
        ui.say(&format!("what was replaced is in {}", replaced.display()));
    }
    show_carried::warn(ui, of, &carried.left_out);
}
