//! `wt run`: one command with the worktree's variables and a port that is kept for it.

use std::ffi::OsString;

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::service::ServiceName;
use crate::ops::services::run::{self, Request};

/// Run one command with the env block's variables, its port kept until it listens
#[derive(Args, Debug)]
#[command(
    after_help = "A stranger or a sibling on a port of the worktree, with --service on one of that service, is refused: the command \
                  would talk to the wrong server.\n\
                  Exit codes: those of the command; 1 refused, 126 it may not be run, 127 there is none."
)]
pub struct Arguments {
    /// Whose port it is for [default: the one that PORT names]
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<ServiceName>,
    /// In the root of this worktree instead of the folder you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Run it although somebody else has a port of the worktree
    #[arg(long)]
    pub no_check: bool,
    /// The command and its arguments, without a shell; its exit code is ours
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
///
/// What stops the command from being started.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?.of_worktree(arguments.worktree.as_deref());
    session.hint_at_own_configuration_here(&context);
    let ui = session.ui;
    let request = Request {
        service: arguments.service,
        words: arguments.words,
        stdout_to_stderr: ui.is_json(),
        unchecked: arguments.no_check,
    };
    let ready = run::prepare(&context, &request)?;
    if let Some(note) = &ready.note {
        ui.warn(note);
    }
    let (report, failure) = ready.run()?;
    let status = report.status;
    for left in &report.left {
        ui.warn(&format!(
            "`{}` (pid {}) still listens on port {}: the command left it; `kill {}` ends it",
            left.command, left.pid, left.port, left.pid
        ));
    }
    match failure {
        Some(failure) => {
            ui.fail(&failure);
        }
        None if ui.is_json() => ui.answer_json(&report)?,
        None => {}
    }
    Ok(status)
}
