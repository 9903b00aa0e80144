//! The worktree that is made out of the picker: as `wt create [ID]` makes it, asking nothing, its talk on stderr.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use super::create::{self, Arguments};
use super::session::Session;
use super::watching::Watching;
use super::{setting_up, show, show_carried};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::ops::create as operation;
use crate::ui::escape;
use crate::ui::progress::Bar;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

/// Looks whether a worktree called `id` could be made, and makes nothing.
///
/// # Errors
///
/// What would stop the create.
pub fn check(session: &Session<'_>, context: &Context, id: Option<&str>) -> Result<()> {
    let ui = session.ui.without_prompts();
    let session = session.again(&ui, session.global);
    operation::plan(context, &create::request(&arguments(id)?, context, &session)?).map(drop)
}

/// Makes a worktree called `id`, or by the next number, and returns its folder.
///
/// # Errors
///
/// Everything that stops a create; where its setup fails the worktree stays, and that is said.
pub fn make(session: &Session<'_>, id: Option<&str>) -> Result<PathBuf> {
    let ui = session.ui.without_prompts();
    let session = session.again(&ui, session.global);
    let context = session.context_with_records_true()?;
    let request = create::request(&arguments(id)?, &context, &session)?;
    let plan = operation::plan(&context, &request)?;
    let bar = Bar::new(&ui);
    let mut report = operation::apply(&context, plan, &Watching(&bar))?;
    drop(bar);
    report.said.iter().for_each(|said| ui.say(&escape::line(said)));
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    report.carried.iter().for_each(|carried| show_carried::warn(&ui, None, &carried.left_out));
    let outcome = setting_up::along(&session, &context, &report.worktree, true)?;
    report.worktree.setup = Some(outcome.setup);
    ui.say_shown(&show::created(ui.talk_paint(), &report, context.now()));
    if let Some(failure) = &outcome.failure {
        ui.complain(failure);
    }
    Ok(report.worktree.path)
}

fn arguments(id: Option<&str>) -> Result<Arguments> {
    let words = ["wt", "--"].into_iter().chain(id).map(OsString::from);
    let line = Line::try_parse_from(words)
        .map_err(|error| Failure::new(Code::NameInvalid, "that is no name").caused_by(error))?;
    Ok(line.arguments)
}
