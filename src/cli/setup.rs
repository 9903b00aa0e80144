//! `wt setup`: makes a worktree ready, once more.

use clap::Args;

use super::session::Session;
use super::setting_up::{set_up, tell};
use crate::error::Result;
use crate::model::setup::SetupState;
use crate::model::view::WorktreeView;
use crate::ops::setup::{self, Report, SetupOutcome, SetupWish};
use crate::ops::{env, view};
use crate::ui::escape;

/// Run the setup of a worktree
///
/// Its commands are those of `[worktree] setup`, one after the other in the worktree, with the variables of its env block,
/// `WT_PATH` and `WT_MAIN`. `wt create` runs them too. What fails leaves the worktree as it is.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The worktree; without one the worktree one stands in
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The same as NAME
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    pub worktree: Option<String>,
    /// Run the commands in the background, as the wt that was started for that
    #[arg(long, hide = true)]
    pub detached: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found`, `untrusted`; `locked` while another one runs. What fails in the setup itself is in the answer.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_with_records_true()?;
    let repository = context.require_repository()?;
    let entry = env::require_entry(&context, arguments.name.as_deref().or(arguments.worktree.as_deref()))?;
    if arguments.detached {
        return setup::run_in_background(&context, repository, &entry).map(|()| 0);
    }
    session.hint_at_own_configuration(&context, &entry.path);
    let outcome = set_up(session, &context, &entry, SetupWish::Asked)?;
    tell(session, &outcome);
    let entry = env::require_entry(&context, Some(&entry.name))?;
    let worktree = view::of_entry(&context, repository, &entry)?;
    answer(session, &outcome, worktree)
}

fn answer(session: &Session<'_>, outcome: &SetupOutcome, worktree: WorktreeView) -> Result<u8> {
    let ui = session.ui;
    let status = outcome.failure.as_ref().map_or(0, |failure| failure.code().exit_status());
    if ui.is_json() {
        ui.answer_json_beside(&Report { worktree }, outcome.failure.as_ref())?;
        return Ok(status);
    }
    let name = escape::line(&worktree.name).into_owned();
    match &outcome.failure {
        Some(failure) => ui.complain(failure),
        None if outcome.setup.state == SetupState::None => {
            ui.say(&format!("`{name}` needs no setup: `[worktree] setup` names no command"));
        }
        None => ui.say(&format!("Set up {name}")),
    }
    Ok(status)
}
