//! `wt config`: the effective configuration, each value with its origin.

use clap::{Args, Subcommand};

use super::session::Session;
use crate::error::{Code, Failure, Result};

/// Show the effective configuration
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to show.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every value and where it comes from
    Show,
    /// The files that are read
    Path,
    /// Every key with its type and meaning
    Schema,
}

impl Arguments {
    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.command {
            ConfigCommand::Show => "config show",
            ConfigCommand::Path => "config path",
            ConfigCommand::Schema => "config schema",
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let _ = (arguments, session.global);
    Err(Failure::new(Code::Internal, "`wt config` is not there yet"))
}
