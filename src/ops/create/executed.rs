//! The answer of a create or a switch that ran a command in the worktree.

use std::ffi::OsString;

use schemars::JsonSchema;
use serde::Serialize;

/// The worktree that was made or found, and how the command after `-x` ended.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Executed<R> {
    #[serde(flatten)]
    pub report: R,
    pub status: CommandStatus,
}

/// How the command ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct CommandStatus {
    pub command: Vec<String>,
    /// The exit status, which is ours too.
    pub exit: u8,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl CommandStatus {
    /// Returns how `words` ended.
    #[must_use]
    pub fn of(words: &[OsString], exit: u8, signal: Option<i32>) -> Self {
        let command = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Self { command, exit, signal }
    }
}
