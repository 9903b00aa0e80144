//! `wt ports`: its subcommands, and the way to each.

use clap::{Args, Subcommand};

use super::{cleanup, history, kill, owner, resolve};
use crate::cli::session::Session;
use crate::error::Result;

/// Who holds which port, whose it is, and what to do about it
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: PortsCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum PortsCommand {
    Owner(owner::Arguments),
    Kill(kill::Arguments),
    Cleanup(cleanup::Arguments),
    Resolve(resolve::Arguments),
    History(history::Arguments),
}

impl Arguments {
    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.command {
            PortsCommand::Owner(_) => "ports owner",
            PortsCommand::Kill(_) => "ports kill",
            PortsCommand::Cleanup(_) => "ports cleanup",
            PortsCommand::Resolve(_) => "ports resolve",
            PortsCommand::History(_) => "ports history",
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    match arguments.command {
        PortsCommand::Owner(arguments) => owner::run(&arguments, session),
        PortsCommand::Kill(arguments) => kill::run(&arguments, session),
        PortsCommand::Cleanup(arguments) => cleanup::run(&arguments, session),
        PortsCommand::Resolve(arguments) => resolve::run(&arguments, session),
        PortsCommand::History(arguments) => history::run(arguments, session),
    }
}
