//! `wt init`: writes a commented starter configuration, with the services that it found.

use clap::Args;

use super::session::Session;
use crate::context::not_a_repository;
use crate::error::Result;
use crate::ops::init;

/// Write a commented starter .wt.toml, with the services that other tools' files describe
///
/// Reads what there is of process-compose.yaml, Procfile.dev or Procfile, package.json (its scripts dev, start, serve,
/// dev:NAME) and a compose file. For published ports of the compose file it also writes compose.override.yaml, which is to be
/// committed: Compose reads the one in the worktree. Nothing is ever overwritten.
#[derive(Args, Debug)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let Arguments {} = arguments;
    let surroundings = session.surroundings()?;
    let root = surroundings.configured_folder().ok_or_else(|| not_a_repository(&surroundings.folder))?;
    let report = init::run(root)?;
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        session.ui.say(&format!("Wrote {}", report.path));
        for proposed in &report.services {
            session.ui.say(&format!("  {}, from {}", proposed.service, proposed.from));
        }
        if let Some(path) = &report.compose_override {
            session.ui.say(&format!("Wrote {path}: its ports come from .env"));
            session.ui.hint(
                "commit it with the compose file: a worktree has what its branch has, and Compose reads the override \
                 in the worktree",
            );
        }
        for warning in &report.warnings {
            session.ui.warn(warning);
        }
        if !report.services.is_empty() {
            session.ui.hint(
                "look at it, then `wt trust`, and in a worktree that `wt create --ports` made: `wt up`",
            );
        }
    }
    Ok(0)
}
