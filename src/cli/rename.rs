//! `wt rename`: gives a worktree another name, its folder, branch and env block with it.

use clap::Args;

use super::session::Session;
use super::{show, wishes};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::command_line::CommandLine;
use crate::model::quoting;
use crate::ops::rename::{self, Plan, Report, Request, Unasked};
use crate::ui::{escape, prompt};

/// Rename a worktree: name, folder, branch and env block together, or not at all
///
/// NEW is an identifier, as for `wt create`: the configured templates make name, branch and folder of it. A branch or a folder
/// that is not what they made of the old name stays, and that is said. Ports stay, uncommitted work stays, and so does the
/// name of the Compose project, whose volumes would be left behind, unless --new-project is given.
///
/// It is refused while services or processes run there, while git is in the middle of something, for a locked worktree and one
/// with submodules, and where a name is taken. Variables of `[env.set]` that depend on the name are shown, and need consent.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The worktree, by its whole name, identifier, branch or folder
    #[arg(value_name = "NAME")]
    pub old: String,
    /// Its new identifier
    #[arg(value_name = "NEW")]
    pub new: String,
    /// Have Compose keep its containers under the new name; those under the old one are left alone
    #[arg(long)]
    pub new_project: bool,
    /// Take the claim on the new branch from whoever has it
    #[arg(long)]
    pub take_over: bool,
}

/// Runs the command.
///
/// # Errors
///
/// As [`rename::plan`]; and what stops a step: then everything is as it was.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_with_records_true()?.taking_over(arguments.take_over);
    let new = wishes::identifier(&arguments.new)?;
    let request = Request { old: arguments.old.clone(), new, new_project: arguments.new_project };
    let plan = rename::plan(&context, &request)?;
    if !plan.changed.is_empty() && !session.global.yes {
        show_changed(session, &plan);
        if !session.ui.is_interactive() {
            let yes = context.host.typed.clone().with(&["--yes"]);
            return unasked(session, plan, &yes);
        }
        if !prompt::confirm(session.ui, "Rename all the same?")? {
            session.ui.say("nothing was renamed");
            return Ok(1);
        }
    }
    let before = plan.place().to_path_buf();
    let report = rename::apply(&context, plan)?;
    answer(session, &report)?;
    if report.renamed.folder_moved {
        lead(session, &context, &before, &report)?;
    }
    Ok(0)
}

fn show_changed(session: &Session<'_>, plan: &Plan) {
    for changed in &plan.changed {
        let (before, after) = (escape::line(&changed.before), escape::line(&changed.after));
        session.ui.say(&format!("{}: {before} becomes {after}", escape::line(&changed.variable)));
    }
}

/// Nobody is there to be asked.
fn unasked(session: &Session<'_>, plan: Plan, agreeing: &CommandLine) -> Result<u8> {
    let message = format!(
        "the env block of `{}` would have other values, and nobody was asked: nothing was renamed",
        plan.name()
    );
    let failure = Failure::new(Code::Usage, message)
        .hint(format!(
            "what these values name, a database say, keeps its old name: `{agreeing}` renames all the same"
        ))
        .detail("needs", "--yes");
    if session.ui.is_json() {
        session.ui.answer_json_beside(&Unasked { changed: plan.changed }, Some(&failure))?;
    } else {
        session.ui.complain(&failure);
    }
    Ok(1)
}

fn answer(session: &Session<'_>, report: &Report) -> Result<()> {
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        return ui.answer_json(report);
    }
    let verb = format!("Renamed {} to", escape::line(&report.renamed.from));
    ui.answer(&show::lines(ui.paint(), &verb, &report.worktree))
}

/// A shell that stood in the old folder goes along.
fn lead(session: &Session<'_>, context: &Context, before: &std::path::Path, report: &Report) -> Result<()> {
    let Ok(inside) = context.folder.strip_prefix(before) else { return Ok(()) };
    let folder = report.worktree.path.join(inside);
    let changes = session.leave_folder(&folder)?;
    if !changes && session.global.directories.is_empty() {
        let cd = quoting::word_sh(&folder.to_string_lossy());
        session.ui.hint(&format!("your shell stands in the old folder: cd {cd}"));
    }
    Ok(())
}
