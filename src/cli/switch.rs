//! `wt switch`: changes folder through the shell function, or prints the folder.

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::ops::path;

/// Change to the folder of a worktree (needs the function of `wt shell-init`)
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name, identifier, branch, path, or the beginning of one
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found`, `ambiguous`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let found = path::path(&session.context_whatever_is_configured()?, &arguments.name)?;
    if session.ui.is_json() {
        session.ui.answer_json(&found)?;
        session.change_folder(&found.path)?;
    } else if !session.change_folder(&found.path)? {
        session.ui.answer_path(&found.path)?;
    }
    Ok(0)
}
