//! Asks the command of `[resolve] strategy` what is to be done about a conflict: it reads the row that `wt ports conflicts --json`
//! shows, answers one line, and has five seconds in the main worktree.

use std::ffi::OsString;
use std::time::Duration;

use super::conflicts::Conflict;
use crate::context::Context;
use crate::host::git::Repository;
use crate::host::process::ask;
use crate::host::process::spawn::SpawnWish;
use crate::model::port::choice::{self, Choice};
use crate::model::words;

/// How long it has.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks the command `text`; the error says why it gave no answer that counts.
///
/// # Errors
///
/// In words.
pub fn ask(context: &Context, text: &str, row: &Conflict) -> Result<Choice, String> {
    let said = |why: String| {
        let program = text.split_whitespace().next().unwrap_or_default();
        format!("`{program}` of `resolve.strategy` on port {}: {why}; it is left", row.ruling.port)
    };
    asked(context, text, row).map_err(said)
}

fn asked(context: &Context, text: &str, row: &Conflict) -> Result<Choice, String> {
    let all: Vec<OsString> = words::split(text)?.into_iter().map(Into::into).collect();
    let Some((program, arguments)) = all.split_first() else { return Err("names no command".to_owned()) };
    let line = serde_json::to_vec(row).map_err(|error| error.to_string())?;
    let about = [&line[..], b"\n"].concat();
    let folder = context.repository.as_ref().map_or(&*context.folder, Repository::root);
    let wish = SpawnWish { program, arguments, folder, variables: &[], stdout_to_stderr: false };
    let answer = ask::ask_about(&wish, Some(&about), LIMIT, &context.host.interrupt)?;
    choice::read(&answer)
}
