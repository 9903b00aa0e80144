//! The answer of a command that prints a script for a shell.

use serde::Serialize;

/// A script, ready to be run by the shell that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Script {
    pub script: String,
}
