//! The answer of a command that prints a script for a shell.

use schemars::JsonSchema;
use serde::Serialize;

/// A script, ready to be run by the shell that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Script {
    pub script: String,
}
