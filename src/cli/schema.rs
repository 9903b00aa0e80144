//! `wt schema`: the JSON schema of what a command answers with `--json`.

use std::ffi::OsStr;

use clap::Args;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::answers::SCHEMAS;
use super::session::Session;
use crate::error::Result;
use crate::ops::schema;

/// Print the JSON schema of a command's answers, or list the commands that have one
#[derive(Args, Debug)]
pub struct Arguments {
    /// The command, such as `create` or `ports check`; without one, lists them
    #[arg(value_name = "COMMAND", num_args = 0..=2, add = ArgValueCompleter::new(commands))]
    pub command: Vec<String>,
}

/// Returns the commands that fit what was typed; a second word may follow the first.
fn commands(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let mut words: Vec<&str> = SCHEMAS.iter().flat_map(|(command, _)| command.split(' ')).collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().filter(|word| word.starts_with(typed)).map(CompletionCandidate::new).collect()
}

/// Runs the command.
///
/// # Errors
///
/// `usage` for a command that is none.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let ui = session.ui;
    if arguments.command.is_empty() {
        let known = schema::commands(SCHEMAS);
        if ui.is_json() {
            ui.answer_json(&known)?;
        } else {
            ui.answer(&known.commands.join("\n"))?;
        }
        return Ok(0);
    }
    let text = schema::require(SCHEMAS, &arguments.command.join(" "))?;
    if ui.is_json() {
        ui.answer_json(&schema::answer(text)?)?;
    } else {
        ui.answer(text)?;
    }
    Ok(0)
}
