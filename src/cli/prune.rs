//! `wt prune`: takes away what is done with, everything restorable.

use std::fmt::Write;
use std::time::Duration;

use clap::Args;

use super::session::Session;
use super::tearing_down;
use crate::context::Context;
use crate::error::Result;
use crate::model::advised::wt;
use crate::model::quantity;
use crate::ops::arrival::Arrival;
use crate::ops::dry_run::DryRun;
use crate::ops::prune::{self, KeptWorktree, PruneCandidate, PruneKind, Pruned, Request};
use crate::ops::teardown;
use crate::ui::age::left;
use crate::ui::{escape, prompt};

/// Drop records of vanished worktrees; with --merged also remove worktrees whose branch is merged
///
/// A vanished worktree is one whose folder was deleted: its record goes, its ports are free again, and git's own record
/// goes too. What was staged or committed there is kept: `wt restore NAME` brings it back. Locked worktrees, and those
/// on a disk that is not mounted or recorded on another machine, stay. One that wt never recorded goes where what is left of
/// its path is on the repository's file system, or on that of another worktree.
///
/// --merged also removes worktrees whose branch is merged into the default branch or its upstream, also by squash or
/// rebase, and says how that shows. What was reverted afterwards was merged. Kept are: the worktree one stands in,
/// locked ones, those with anything that is nowhere else (changed, staged, untracked, ignored files, stashes), those
/// whose processes run, branches nobody ever committed to, and worktrees made, switched or committed to less than
/// --min-age ago. The branch stays, unless --delete-branch is given. `wt restore NAME` undoes it.
///
/// The default branch is `[git] default_branch`, else the recorded HEAD of the remote that the main worktree's branch
/// follows, or of the only remote; where none of that tells, --merged is refused.
///
/// On a terminal it asks before it removes merged worktrees; elsewhere, and with --yes, it goes on. It says of each of the
/// others why it stays (without --merged -v does).
/// A teardown that is due, and one that failed before, is run now; one that fails again stays owed.
/// With NAMEs only those go, each by its whole name, identifier, branch or folder, and no evidence is asked for: also one
/// on a disk that is not mounted here, of another machine, or of a repository that is gone. What is there, moved or
/// locked is refused.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Vanished worktrees that are gone for good, whatever is known of where they lay
    #[arg(value_name = "NAME", conflicts_with = "merged")]
    pub names: Vec<String>,
    /// Also remove worktrees whose branch is merged
    #[arg(short, long)]
    pub merged: bool,
    /// With --merged: how long a worktree must have stood unchanged
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = quantity::duration)]
    pub min_age: Duration,
    /// With --merged: delete the branch too
    #[arg(short = 'D', long, requires = "merged")]
    pub delete_branch: bool,
    /// Never run the teardown of this worktree that failed or still waits, and do nothing else
    #[arg(long, value_name = "NAME", conflicts_with_all = ["names", "merged", "dry_run"])]
    pub forget_teardown: Option<String>,
    /// Show what would be done, change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_a_repository`; `branch_not_found`: nothing tells the default branch; or the records or the history cannot be read.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = if arguments.dry_run {
        session.context_as_it_is_whatever_is_configured()?
    } else {
        session.context_whatever_is_configured()?
    };
    if let Some(name) = &arguments.forget_teardown {
        return give_up(session, &context, name);
    }
    let request = Request {
        merged: arguments.merged,
        min_age: arguments.min_age,
        delete_branch: arguments.delete_branch,
    };
    let ui = session.ui;
    let mut plan = prune::plan(&context, request, &arguments.names)?;
    if arguments.dry_run {
        if ui.is_json() {
            ui.answer_json(&DryRun { plan: plan.shown() })?;
            return Ok(0);
        }
        let text: String =
            plan.candidates.iter().map(|candidate| would(candidate, arguments.delete_branch)).collect();
        tell_kept(session, &plan.kept, &plan.compared_with);
        tearing_down::tell(session, &plan.shown().teardown);
        return finish(session, &text, 0);
    }
    let mut status = 0;
    if ui.is_interactive() && !plan.merged().is_empty() && !is_wanted(session, &plan.merged())? {
        plan = plan.without_merged();
        status = 1;
    }
    let report = prune::apply(&context, &plan)?;
    if report.is_refused {
        status = 1;
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
        session.arrive(&context, Arrival::Prune);
        return Ok(status);
    }
    tearing_down::tell(session, &report.teardown);
    let now = context.now();
    let text: String = report.pruned.iter().map(|pruned| line(session, pruned, now)).collect();
    tell_kept(session, &report.kept, &report.compared_with);
    session.arrive(&context, Arrival::Prune);
    finish(session, &text, status)
}

fn give_up(session: &Session<'_>, context: &Context, name: &str) -> Result<u8> {
    let teardown = teardown::give_up(context, name)?;
    if session.ui.is_json() {
        session.ui.answer_json(&prune::Report { teardown, ..prune::Report::default() })?;
    } else {
        tearing_down::tell(session, &teardown);
    }
    Ok(0)
}

fn finish(session: &Session<'_>, text: &str, status: u8) -> Result<u8> {
    if text.is_empty() {
        session.ui.say(if status == 0 { "nothing to prune" } else { "nothing was removed" });
    } else {
        session.ui.answer(text)?;
    }
    Ok(status)
}

fn is_wanted(session: &Session<'_>, merged: &[&PruneCandidate]) -> Result<bool> {
    for candidate in merged {
        session.ui.say(&format!("{}  {}", escape::line(&candidate.name), escape::line(&candidate.reason)));
    }
    let question = match merged.len() {
        1 => "Remove this merged worktree?".to_owned(),
        count => format!("Remove these {count} merged worktrees?"),
    };
    prompt::confirm(session.ui, &question)
}

/// Says which worktrees stay, and why: where they were compared, that is the answer.
fn tell_kept(session: &Session<'_>, kept: &[KeptWorktree], compared_with: &[String]) {
    let ui = session.ui;
    for kept in kept {
        let text = format!("kept {}: {}", escape::line(&kept.name), escape::line(&kept.reason));
        if compared_with.is_empty() { ui.say_more(&text) } else { ui.say(&text) }
    }
    if !compared_with.is_empty() {
        ui.say(&format!("compared with {}", escape::line(&compared_with.join(" and "))));
    }
}

fn reason(kind: PruneKind, reason: &str) -> String {
    match kind {
        PruneKind::Vanished | PruneKind::Damaged => escape::line(reason).into_owned(),
        PruneKind::Merged => format!("merged: {}", escape::line(reason)),
    }
}

fn would(candidate: &PruneCandidate, delete_branch: bool) -> String {
    let verb = match candidate.kind {
        PruneKind::Vanished | PruneKind::Damaged => "Would prune",
        PruneKind::Merged => "Would remove",
    };
    let branch = match (&candidate.branch, candidate.kind) {
        (Some(branch), PruneKind::Merged) if delete_branch => format!(" and branch {}", escape::line(branch)),
        _ => String::new(),
    };
    format!(
        "{verb} {}{branch}  {}\n",
        escape::line(&candidate.name),
        reason(candidate.kind, &candidate.reason)
    )
}

fn line(session: &Session<'_>, pruned: &Pruned, now: jiff::Timestamp) -> String {
    let paint = session.ui.paint();
    let verb = match pruned.kind {
        PruneKind::Vanished | PruneKind::Damaged => "Pruned",
        PruneKind::Merged => "Removed",
    };
    let name = escape::line(&pruned.name);
    let mut text = format!("{} {}", paint.done(verb), paint.strong(&name));
    if let (Some(branch), true) = (&pruned.branch, pruned.branch_deleted) {
        let _ = write!(text, " and branch {}", escape::line(branch));
    }
    let _ = write!(text, "  {}", reason(pruned.kind, &pruned.reason));
    if !pruned.ports.is_empty() {
        let ports: Vec<String> = pruned.ports.iter().map(u16::to_string).collect();
        let _ = write!(text, "; released {}", ports.join(", "));
    }
    text.push('\n');
    if let Some(until) = pruned.restorable_until.filter(|_| pruned.restorable) {
        let left = left(until, now);
        let what = match pruned.kind {
            PruneKind::Vanished | PruneKind::Damaged => "brings back what git knew of it",
            PruneKind::Merged => "brings it back",
        };
        let _ = writeln!(
            text,
            "  {} `{restore}` {what}, for {left}",
            paint.faint("undo"),
            restore = wt("restore {}", &[&name])
        );
    }
    text
}
