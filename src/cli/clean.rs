//! `wt clean`: deletes caches of worktrees, once that is agreed, and says what brings them back.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use clap::Args;

use super::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::backlog::size;
use crate::model::cache::Stays;
use crate::model::command_line::CommandLine;
use crate::model::process::killing::{self, Consent};
use crate::model::quantity;
use crate::ops::clean::{self, Cleaned, LeftFolder, Report, Request};
use crate::ops::dry_run::DryRun;
use crate::ui::table::{self, TableRow};
use crate::ui::{escape, prompt};

/// Delete caches of worktrees: what git ignores, and `remove.caches` names
///
/// Only real folders go, which git ignores whole, in which no process works and no repository lies, on the worktree's own file
/// system; `target` only with its CACHEDIR.TAG, by its signature. They are deleted for good; the answer names the command that brings each back.
/// Names from a repository's file count once `wt trust` has shown them. --idle and --merged choose among the linked worktrees that
/// are not locked. On a terminal it asks; elsewhere it needs --yes.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Whole name, identifier, branch or path; without one the worktree one stands in
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Only worktrees in which no file was changed, caches aside, and nothing committed for so long
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    pub idle: Option<Duration>,
    /// Only worktrees whose branch is merged
    #[arg(short, long)]
    pub merged: bool,
    /// Show what would be deleted, change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found`; `usage` where nobody agreed; `interrupted`.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = if arguments.dry_run { session.context_as_it_is()? } else { session.context()? };
    let ui = session.ui;
    let request = Request { names: arguments.names, idle: arguments.idle, merged: arguments.merged };
    if !arguments.dry_run {
        clean::settle_leftovers(&context, &request)?.iter().for_each(|warning| ui.warn(warning));
    }
    let plan = clean::plan(&context, &request)?;
    if arguments.dry_run {
        let report = plan.report();
        if ui.is_json() {
            ui.answer_json(&DryRun { plan: &report })?;
        } else {
            show(session, &report, "Would delete")?;
            if plan.is_empty() {
                ui.say("nothing to clean");
            }
        }
        return Ok(0);
    }
    if plan.is_empty() {
        let report = plan.report();
        if ui.is_json() {
            ui.answer_json(&report)?;
        } else {
            show(session, &report, "Deleted")?;
            ui.say("nothing to clean");
        }
        return Ok(0);
    }
    match killing::consent(false, session.global.yes, ui.is_interactive()) {
        Consent::Given => {}
        Consent::Ask => {
            ui.say_shown(&listed(session, &plan.report().cleaned));
            if !prompt::confirm(ui, "Delete them for good?")? {
                ui.say("nothing was deleted");
                return Ok(1);
            }
        }
        Consent::Missing => {
            let yes = context.host.typed.clone().with(&["--yes"]);
            return refused(session, &plan.report(), &yes);
        }
    }
    let mut report = clean::apply(&context, &plan)?;
    let stopped = report.stopped.take();
    let status = stopped.as_ref().map_or(0, |failure| failure.code().exit_status());
    if ui.is_json() {
        ui.answer_json_beside(&report, stopped.as_ref())?;
        return Ok(status);
    }
    show(session, &report, "Deleted")?;
    stopped.map_or(Ok(0), Err)
}

/// Nobody is there to be asked: the caches are named, and stay.
fn refused(session: &Session<'_>, report: &Report, agreeing: &CommandLine) -> Result<u8> {
    let ui = session.ui;
    let failure = Failure::new(Code::Usage, "caches were found, and nobody was asked: none was deleted")
        .hint(format!("`{agreeing}` deletes them for good"))
        .detail("needs", "--yes");
    if ui.is_json() {
        let caches = serde_json::to_value(&report.cleaned).unwrap_or_default();
        let report =
            Report { left: report.left.clone(), warnings: report.warnings.clone(), ..Report::default() };
        ui.answer_json_beside(&report, Some(&failure.detail("caches", caches)))?;
    } else {
        ui.answer(&listed(session, &report.cleaned))?;
        ui.complain(&failure);
    }
    Ok(1)
}

fn listed(session: &Session<'_>, caches: &[Cleaned]) -> String {
    let row = |cache: &Cleaned| {
        let back = cache.back_with.unwrap_or_default().to_owned();
        TableRow::plain(vec![
            cache.worktree.clone(),
            cache.path.to_string_lossy().into_owned(),
            size(cache.bytes),
            back,
        ])
    };
    let rows: Vec<TableRow> = caches.iter().map(row).collect();
    table::render(session.ui, &["WORKTREE", "CACHE", "SIZE", "BACK WITH"], &rows, &["BACK WITH"])
}

fn show(session: &Session<'_>, report: &Report, verb: &str) -> Result<()> {
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    let paint = ui.paint();
    let mut text = String::new();
    for worktree in report.cleaned.iter().map(|cleaned| &cleaned.worktree).collect::<BTreeSet<_>>() {
        let of_it: Vec<&Cleaned> =
            report.cleaned.iter().filter(|cleaned| cleaned.worktree == *worktree).collect();
        let bytes = of_it.iter().map(|cleaned| cleaned.bytes).sum();
        let done = if verb == "Deleted" { paint.done(verb) } else { verb.to_owned() };
        let _ = writeln!(text, "{done} {} in {}", size(bytes), paint.strong(escape::line(worktree)));
        for cleaned in of_it {
            let path = cleaned.path.to_string_lossy();
            let back = cleaned.back_with.map(|back| format!("; `{back}` brings it back")).unwrap_or_default();
            let _ = writeln!(text, "  {} ({}){back}", escape::line(&path), size(cleaned.bytes));
        }
    }
    ui.answer(&text)?;
    for left in &report.left {
        let path = left.path.to_string_lossy();
        let by = left.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
        let worktree = escape::line(&left.worktree);
        let inside = left.caches.map(|count| format!(" ({count} caches, {})", size(left.bytes.unwrap_or(0))));
        let inside = inside.unwrap_or_default();
        ui.say(&format!(
            "left {} in {worktree}: it {}{inside}{by}",
            escape::line(&path),
            left.reason.words()
        ));
    }
    // Without a pid it is a supervisor's.
    let is_served = |left: &&LeftFolder| left.reason == Stays::InUse && left.pid.is_none();
    if let Some(left) = report.left.iter().find(is_served) {
        let down = wt("down --worktree {}", &[&left.worktree]);
        ui.hint(&format!("services run there: `{down}` stops them"));
    }
    Ok(())
}
