//! Runs a command in a worktree, with the variables of its env block.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::process::spawn::{self, SpawnWish};

/// How a command ended.
#[derive(Debug)]
pub enum CommandEnding {
    /// It ran, and this is its exit status (128 + n for a death by signal n).
    Ran(u8),
    /// It could not be started: the status a shell would give, and why.
    NotStarted(u8, Failure),
}

/// What a shell exits with for a program that is not there.
pub const NOT_FOUND: u8 = 127;

/// Returns why `program` cannot be run, where that is known before it is tried: a bare name that no folder of PATH has. One
/// with a `/` may come with the worktree, and so may one where PATH has a folder that is relative.
#[must_use]
pub fn find_missing(context: &Context, program: &OsStr) -> Option<Failure> {
    let name = program.to_str().filter(|name| !name.contains('/'))?;
    let environment = &context.host.environment;
    (environment.is_path_absolute() && environment.find_program(name).is_none())
        .then(|| not_there(name, HINT))
}

const HINT: &str = "the words after `-x` are one command and its arguments, without a shell";

fn not_there(name: &str, hint: &str) -> Failure {
    Failure::new(Code::NotFound, format!("`{name}` cannot be run: there is no such command")).hint(hint)
}

/// Runs `words` in `folder` and waits for the end. Returns how it ended, and the signal that ended it.
///
/// # Errors
///
/// `usage` without a word; `internal` when the system cannot start any process.
pub fn in_worktree(
    folder: &Path,
    variables: &[(String, String)],
    words: &[OsString],
    stdout_to_stderr: bool,
) -> Result<(CommandEnding, Option<i32>)> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::new(Code::Usage, "no command to run was given"));
    };
    let status = spawn::run(&SpawnWish { program, arguments, folder, variables, stdout_to_stderr });
    let signal = status.as_ref().ok().and_then(|exit| exit.signal);
    ending(program, status.map(|exit| exit.code), HINT).map(|ending| (ending, signal))
}

/// Returns how the command `program` ended, `hint` being for one that does not exist.
pub(crate) fn ending(program: &OsStr, status: std::io::Result<u8>, hint: &str) -> Result<CommandEnding> {
    let error = match status {
        Ok(status) => return Ok(CommandEnding::Ran(status)),
        Err(error) => error,
    };
    let name = program.to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => Ok(CommandEnding::NotStarted(NOT_FOUND, not_there(&name, hint))),
        ErrorKind::PermissionDenied => Ok(CommandEnding::NotStarted(
            126,
            Failure::from_io(error, Code::Permission, format!("`{name}` cannot be run")),
        )),
        _ => Err(Failure::from_io(error, Code::Internal, format!("`{name}` cannot be run"))),
    }
}

/// Starts the clean-up of the trash beside us, standing in `folder`, and does not wait for it.
///
/// # Errors
///
/// Fails when the system cannot start any process.
pub fn sweep_later(folder: &Path) -> Result<()> {
    start_sweep(&["sweep", "--background", "--quiet", "--no-input"], folder, false)
}

/// Leaves the terminal's session, so that neither Ctrl-C nor its end reaches us; answers whether we are the one to go on.
/// As the leader of a process group we cannot, and start another in our place, the second of `starts`.
///
/// # Errors
///
/// As [`sweep_later`].
pub fn become_background(starts: u8, folder: &Path) -> Result<bool> {
    if spawn::leave_session() || starts > 1 {
        return Ok(true);
    }
    let words = ["sweep", "--background", "--background", "--quiet", "--no-input"];
    start_sweep(&words, folder, true).map(|()| false)
}

fn start_sweep(words: &[&str], folder: &Path, in_our_group: bool) -> Result<()> {
    spawn::detach(words, folder, in_our_group).map(drop).map_err(|error| {
        Failure::from_io(error, Code::Internal, "the clean-up of the trash cannot be started")
    })
}
