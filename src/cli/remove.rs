//! `wt remove`: takes worktrees back, and asks before anything is given up.

use std::fmt::Write;

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::advised::wt;
use crate::model::policy::{self, Before};
use crate::model::quoting;
use crate::ops::arrival::Arrival;
use crate::ops::dry_run::DryRun;
use crate::ops::remove::{self, Plan, Removed, Request};
use crate::ui::age::left;
use crate::ui::{escape, prompt};

/// Take worktrees back: ports released, files kept restorable for a while
#[derive(Args, Debug)]
pub struct Arguments {
    /// Whole name, identifier, branch or path; without one the worktree one stands in
    #[arg(value_name = "NAME|PATH|BRANCH")]
    pub names: Vec<String>,
    /// Give up what would be lost; twice for a locked worktree
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub force: u8,
    /// Delete the branch too, unless another worktree has it; the default branch only with --force
    #[arg(short = 'D', long)]
    pub delete_branch: bool,
    /// A NAME that no worktree has is no error
    #[arg(long, requires = "names")]
    pub if_exists: bool,
    /// Show what would be done and lost, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `dirty`, `unpushed` or `locked`, naming what would be lost; `not_found`, `ambiguous`.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = if arguments.dry_run {
        session.context_as_it_is_whatever_is_configured()?
    } else {
        session.context_whatever_is_configured()?
    };
    if arguments.force > 0 && !arguments.dry_run {
        let leave = context.config.policy.remove_force;
        let before = policy::before(leave, "policy.remove_force", false, session.ui.is_interactive())?;
        if before == Before::Asking && !prompt::confirm(session.ui, "Give up what would be lost?")? {
            session.ui.say("nothing was removed");
            return Ok(1);
        }
    }
    let request = Request {
        wanted: arguments.names,
        force: arguments.force,
        delete_branch: arguments.delete_branch,
        if_exists: arguments.if_exists,
        tells: arguments.dry_run,
    };
    let mut plan = remove::plan(&context, &request)?;
    for name in &plan.absent {
        session.ui.say(&format!("there is no worktree `{name}` here: nothing to remove"));
    }
    if arguments.dry_run {
        show_plan(session, &plan, request.force)?;
        return Ok(0);
    }
    if let (Err(refusal), true) = (plan.require_safe(), session.ui.is_interactive()) {
        session.ui.warn(refusal.message());
        if !prompt::confirm(session.ui, "Remove all the same?")? {
            session.ui.say("nothing was removed");
            return Ok(1);
        }
        plan = plan.given_up();
    }
    let mut report = remove::apply(&context, &plan)?;
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    let stopped = report.stopped.take();
    if !ui.is_json() {
        let now = context.now();
        let texts: String = report.removed.iter().map(|removed| line(session, removed, now)).collect();
        ui.answer(&texts)?;
    } else if stopped.is_none() {
        ui.answer_json(&report)?;
    }
    session.arrive(&context, Arrival::Removal);
    // A shell in a folder that is gone would only stumble.
    if let (Some(repository), true) =
        (&context.repository, report.removed.iter().any(|removed| context.folder.starts_with(&removed.path)))
    {
        let changes = session.leave_folder(repository.root())?;
        if !changes && session.global.directories.is_empty() {
            let cd = quoting::word_sh(&repository.root().to_string_lossy());
            ui.hint(&format!("your shell stood in it: cd {cd}"));
        }
    }
    stopped.map_or(Ok(0), Err)
}

fn line(session: &Session<'_>, removed: &Removed, now: jiff::Timestamp) -> String {
    let paint = session.ui.paint();
    let mut text = format!("{} {}", paint.done("Removed"), paint.strong(escape::line(&removed.name)));
    if let (Some(branch), true) = (&removed.branch, removed.branch_deleted) {
        let _ = write!(text, " and branch {}", escape::line(branch));
    }
    if !removed.ports.is_empty() {
        let ports: Vec<String> = removed.ports.iter().map(u16::to_string).collect();
        let _ = write!(text, "; released {}", ports.join(", "));
    }
    text.push('\n');
    if let Some(until) = removed.restorable_until.filter(|_| removed.restorable) {
        let left = left(until, now);
        let name = escape::line(&removed.name);
        let _ = writeln!(
            text,
            "  {} `{restore}` brings it back for {left}",
            paint.faint("undo"),
            restore = wt("restore {}", &[&name])
        );
    }
    text
}

fn show_plan(session: &Session<'_>, plan: &Plan, force: u8) -> Result<()> {
    if session.ui.is_json() {
        return session.ui.answer_json(&DryRun { plan });
    }
    let mut text = String::new();
    for target in &plan.worktrees {
        let name = escape::line(&target.name);
        let path = target.path.to_string_lossy();
        let would = if target.refused(force).is_empty() { "Would remove" } else { "Would refuse to remove" };
        let _ = writeln!(text, "{would} {name}  {}", escape::line(&path));
        for loss in &target.losses {
            let _ = writeln!(text, "  loses {}", escape::line(&loss.to_string()));
        }
        let Some(branch) = target.branch.as_ref().filter(|_| plan.delete_branch) else { continue };
        let said = match &target.branch_kept {
            Some(kept) => format!("branch `{branch}` stays: {kept}"),
            None => format!("branch `{branch}` goes too"),
        };
        let _ = writeln!(text, "  {}", escape::line(&said));
    }
    session.ui.answer(&text)
}
