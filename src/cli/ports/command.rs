//! `wt ports`: its subcommands, and the way to each.

use clap::{Args, Subcommand};

use super::{
    allocate, available, check, cleanup, conflicts, exclude, history, kill, list, owner, release, resolve,
    scan,
};
use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};

/// Who holds which port, whose it is, and what to do about it
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<PortsCommand>,
    #[command(flatten)]
    pub list: list::Arguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum PortsCommand {
    List(list::Arguments),
    Allocate(allocate::Arguments),
    Release(release::Arguments),
    Check(check::Arguments),
    Available(available::Arguments),
    Next(available::NextArguments),
    Conflicts(conflicts::Arguments),
    Scan(scan::Arguments),
    Owner(owner::Arguments),
    Kill(kill::Arguments),
    Cleanup(cleanup::Arguments),
    Resolve(resolve::Arguments),
    History(history::Arguments),
    Exclude(exclude::Arguments),
    Include(exclude::IncludeArguments),
}

impl Arguments {
    /// Returns the name behind `-w` of a list or an allocation.
    pub fn worktree(&mut self) -> Option<&mut String> {
        match &mut self.command {
            None => self.list.worktree.as_mut(),
            Some(PortsCommand::List(list)) => list.worktree.as_mut(),
            Some(PortsCommand::Allocate(allocate)) => allocate.worktree.as_mut(),
            Some(_) => None,
        }
    }

    /// Answers whether the command changes nothing, whatever it finds.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        self.command.as_ref().is_none_or(|command| match command {
            PortsCommand::List(_)
            | PortsCommand::Check(_)
            | PortsCommand::Available(_)
            | PortsCommand::Next(_)
            | PortsCommand::Conflicts(_)
            | PortsCommand::Scan(_)
            | PortsCommand::Owner(_)
            | PortsCommand::History(_) => true,
            PortsCommand::Resolve(resolve) => resolve.dry_run,
            PortsCommand::Allocate(_)
            | PortsCommand::Release(_)
            | PortsCommand::Kill(_)
            | PortsCommand::Cleanup(_)
            | PortsCommand::Exclude(_)
            | PortsCommand::Include(_) => false,
        })
    }

    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let Some(command) = &self.command else { return "ports list" };
        match command {
            PortsCommand::List(_) => "ports list",
            PortsCommand::Allocate(_) => "ports allocate",
            PortsCommand::Release(_) => "ports release",
            PortsCommand::Scan(_) => "ports scan",
            PortsCommand::Check(_) => "ports check",
            PortsCommand::Available(_) => "ports available",
            PortsCommand::Next(_) => "ports next",
            PortsCommand::Conflicts(_) => "ports conflicts",
            PortsCommand::Exclude(_) => "ports exclude",
            PortsCommand::Include(_) => "ports include",
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
    let word = arguments.word();
    let Some(command) = arguments.command else { return list::run(arguments.list, session) };
    if arguments.list != list::Arguments::default() {
        // `--worktree` before `release` would narrow nothing, and be thought to.
        return Err(Failure::new(
            Code::Usage,
            format!("a flag of `wt ports list` stands before `wt {word}`"),
        )
        .hint(format!("put the flags behind the command: `wt {word} …`")));
    }
    match command {
        PortsCommand::List(arguments) => list::run(arguments, session),
        PortsCommand::Allocate(arguments) => allocate::run(arguments, session),
        PortsCommand::Release(arguments) => release::run(arguments, session),
        PortsCommand::Scan(arguments) => scan::run(&arguments, session),
        PortsCommand::Check(arguments) => check::run(&arguments, session),
        PortsCommand::Available(arguments) => available::run(&arguments, session),
        PortsCommand::Next(arguments) => available::run_next(&arguments, session),
        PortsCommand::Conflicts(arguments) => conflicts::run(&arguments, session),
        PortsCommand::Exclude(arguments) => exclude::run(&arguments, session),
        PortsCommand::Include(arguments) => exclude::run_include(&arguments, session),
        PortsCommand::Owner(arguments) => owner::run(&arguments, session),
        PortsCommand::Kill(arguments) => kill::run(&arguments, session),
        PortsCommand::Cleanup(arguments) => cleanup::run(&arguments, session),
        PortsCommand::Resolve(arguments) => resolve::run(&arguments, session),
        PortsCommand::History(arguments) => history::run(arguments, session),
    }
}
