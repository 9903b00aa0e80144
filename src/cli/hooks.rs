//! `wt hooks`: installs git's hooks, takes them away, and tells whether they will fire.

use std::fmt::Write;

use clap::{Args, Subcommand};

use super::session::Session;
use crate::error::Result;
use crate::model::hooks::firing::{How, Reached};
use crate::ops::hooks::{self, HookStatus, HooksStatus, Inspection, Report};
use crate::ui::table::{self, TableRow};

/// Have git tell wt about checkouts and pushes
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: HooksCommand,
}

/// What to do about the hooks.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum HooksCommand {
    /// Install post-checkout and pre-push, beside the hooks that are there
    Install,
    /// Take them away, and put back what was there before
    Uninstall,
    /// Whether each hook will fire, here and in each linked worktree, and why not; exit 0 when all will
    Status,
}

impl Arguments {
    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.command {
            HooksCommand::Install => "hooks install",
            HooksCommand::Uninstall => "hooks uninstall",
            HooksCommand::Status => "hooks status",
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// `hook_foreign` for hooks that are not ours to write, `permission` for a folder that cannot be written to.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    match arguments.command {
        HooksCommand::Install => {
            let context = session.context()?;
            let report = hooks::install(&context, context.require_repository()?)?;
            installed(session, &report)?;
            if !session.ui.is_json() {
                warn_of_program(session, &hooks::reached(&context));
            }
            Ok(0)
        }
        HooksCommand::Uninstall => {
            let context = session.context()?;
            let report = hooks::uninstall(&context, context.require_repository()?)?;
            uninstalled(session, &report)?;
            Ok(0)
        }
        HooksCommand::Status => {
            let context = session.context_as_it_is()?;
            status(session, &hooks::inspect(&context, context.require_repository()?)?)
        }
    }
}

fn warn_of_program(session: &Session<'_>, reached: &Reached) {
    match reached {
        Reached::Ours(_) => (),
        Reached::Nothing => session.ui.warn("no `wt` is on PATH: git's hooks will find none and do nothing"),
        Reached::Stranger(program) => {
            let program = program.display();
            session.ui.warn(&format!(
                "{program} comes first on PATH and is another program: git's hooks will do nothing"
            ));
        }
    }
}

fn installed(session: &Session<'_>, report: &Report) -> Result<()> {
    let ui = session.ui;
    if ui.is_json() {
        return ui.answer_json(report);
    }
    let done = ui.paint().done(if report.changed { "Installed" } else { "Already installed" });
    let place = report.folder.display();
    let mut text = match report.how {
        Some(How::Config) => format!("{done} post-checkout and pre-push in git's configuration, {place}\n"),
        _ => format!("{done} post-checkout and pre-push in {place}\n"),
    };
    for hook in &report.hooks {
        if let Some(chained) = &hook.chained {
            let name = hook.hook.name();
            let _ = writeln!(text, "  the {name} hook that was there is called first: {}", chained.display());
        }
    }
    ui.answer(&text)
}

fn uninstalled(session: &Session<'_>, report: &Report) -> Result<()> {
    let ui = session.ui;
    if ui.is_json() {
        return ui.answer_json(report);
    }
    let text = if report.changed { "Uninstalled the hooks" } else { "No hooks of wt were installed" };
    ui.answer(text)
}

fn status(session: &Session<'_>, inspection: &Inspection) -> Result<u8> {
    let ui = session.ui;
    let exit = u8::from(!inspection.is_firing());
    let report = HooksStatus::from(inspection);
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(exit);
    }
    let mut said = None;
    let rows = report.hooks.iter().map(|line| {
        // One setting stops all hooks: people read it once, and programs in every line.
        let is_said = ui.width().is_some() && line.reason.is_some() && line.reason == said;
        said.clone_from(&line.reason);
        row(line, is_said)
    });
    let rows: Vec<TableRow> = rows.collect();
    ui.answer(&table::render(ui, &["HOOK", "WORKTREE", "FIRES", "HOW", "REASON"], &rows, &["HOW"]))?;
    advise(session, inspection);
    Ok(exit)
}

fn row(line: &HookStatus, is_said: bool) -> TableRow {
    let how = match line.how {
        Some(How::File) => "file",
        Some(How::Config) => "config",
        None => "",
    };
    let fires = if line.fires { "yes" } else { "no" };
    let reason = if is_said { Some("as above".to_owned()) } else { line.reason.clone() };
    TableRow::plain(vec![
        line.hook.name().to_owned(),
        line.worktree.clone(),
        fires.to_owned(),
        how.to_owned(),
        reason.unwrap_or_default(),
    ])
}

fn advise(session: &Session<'_>, inspection: &Inspection) {
    let ui = session.ui;
    let path = "for whatever starts git too (an editor, a service)";
    match &inspection.program {
        Reached::Ours(program) => ui.say(&format!("git's hooks run {}", program.display())),
        Reached::Stranger(program) => {
            ui.say(&format!("git's hooks would run {}, which is another program", program.display()));
        }
        Reached::Nothing => (),
    }
    let is_ours = matches!(inspection.program, Reached::Ours(_));
    if inspection.program == Reached::Nothing {
        ui.hint(&format!("put the folder of `wt` on PATH, {path}"));
    } else if !is_ours && !inspection.is_outdated() {
        ui.hint(&format!("put the folder of our `wt` before its own on PATH, {path}"));
    } else if inspection.is_outdated() || !inspection.is_firing() {
        ui.hint("`wt hooks install` installs what can be, and says what to add where it cannot");
    }
}
