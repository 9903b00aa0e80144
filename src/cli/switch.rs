//! `wt switch`: changes folder through the shell function, or prints the folder; without a name it lets a person choose.

use std::ffi::OsString;

use clap::Args;

use super::session::Session;
use super::{create_chosen, executing, picker};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::resolve::Naming;
use crate::ops::{run, switch};

/// Change to the folder of a worktree (needs the function of `wt shell-init`)
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: with -x that of CMD.")]
pub struct Arguments {
    /// Name, identifier, branch, path, or the beginning of one; `-` the last one of this terminal, `^` the main one, `@` this
    /// one; REPOSITORY/NAME, or a whole name that only one worktree of the registered repositories has; without it you choose
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Run the rest of the line there, without a shell; its exit code is ours
    #[arg(short = 'x', value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    pub execute: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
///
/// `usage` without a name and a terminal; `not_found`, `ambiguous`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_whatever_is_configured()?;
    if let Some(program) = arguments.execute.first()
        && let Some(failure) = run::find_missing(&context, program)
    {
        session.ui.fail(&failure);
        return Ok(run::NOT_FOUND);
    }
    let Some(name) = &arguments.name else { return choose(arguments, session, &context) };
    let naming = if arguments.execute.is_empty() { Naming::Beginning } else { Naming::Whole };
    let report = switch::switch(&context, name, naming)?;
    go(arguments, session, &context, &report)
}

fn choose(arguments: &Arguments, session: &Session<'_>, context: &Context) -> Result<u8> {
    let is_plain = session.host.environment.find("TERM").is_none_or(|terminal| terminal == "dumb");
    if is_plain || !session.ui.is_interactive() {
        return Err(no_name(context));
    }
    let path = match picker::pick(session, context)? {
        picker::Picked::Worktree(path) => path,
        picker::Picked::New(id) => create_chosen::make(session, id.as_deref())?,
        picker::Picked::Nothing => return Ok(Code::Interrupted.exit_status()),
    };
    // Somebody took their time: the world may be another one now.
    let context = session.context_whatever_is_configured()?;
    let report = switch::switch(&context, &path.to_string_lossy(), Naming::Whole)?;
    go(arguments, session, &context, &report)
}

fn go(
    arguments: &Arguments,
    session: &Session<'_>,
    context: &Context,
    report: &switch::Report,
) -> Result<u8> {
    if !arguments.execute.is_empty() {
        let variables = report.variables(context)?;
        session.leave_folder(&report.folder)?;
        switch::remember(context, &report.path);
        return executing::execute(session, &report.folder, &variables, &arguments.execute, report);
    }
    if session.ui.is_json() {
        session.ui.answer_json(report)?;
        session.change_folder(&report.folder)?;
    } else if !session.go(context, &report.path, &report.folder)? {
        session.ui.answer_path(&report.folder)?;
    }
    Ok(0)
}

/// Nobody is there who could choose.
fn no_name(context: &Context) -> Failure {
    let names = switch::names(context).unwrap_or_default();
    let known: Vec<&str> = names.iter().take(10).map(String::as_str).collect();
    let more = names.len().saturating_sub(known.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = match known[..] {
        [] => "no worktree was named, and there is none".to_owned(),
        _ => format!("no worktree was named; there are {}{more}", known.join(", ")),
    };
    Failure::new(Code::Usage, message)
        .hint("`wt switch NAME` takes one of them; on a terminal `wt switch` lets you choose")
        .detail("names", names)
}
