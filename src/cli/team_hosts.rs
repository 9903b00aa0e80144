//! `wt team hosts`: the other hosts that a user works on, and the identity of this one.

use clap::Subcommand;

use super::session::Session;
use crate::error::Result;
use crate::ops::{far, team};
use crate::ui::escape;
use crate::ui::table::{self, TableRow};

/// What is done about hosts.
#[derive(Debug, Subcommand)]
pub enum HostsCommand {
    /// Show the hosts that are known
    List,
    /// Make another host known: `wt list --host NAME` and `wt forward NAME:WORKTREE` reach it then
    Add {
        /// What it is called here
        name: String,
        /// How it is reached: ssh://[USER@]HOST[:PORT][/PATH/TO/WT]
        address: String,
    },
    /// Forget a host
    Remove {
        /// What it is called here
        name: String,
    },
    /// Give this host an identity of its own, where it is a copy of another one; what nobody claims of its worktrees is claimed anew
    Renew,
}

/// Returns the words of the command.
pub fn word(command: Option<&HostsCommand>) -> &'static str {
    match command {
        None => "team hosts",
        Some(HostsCommand::List) => "team hosts list",
        Some(HostsCommand::Add { .. }) => "team hosts add",
        Some(HostsCommand::Remove { .. }) => "team hosts remove",
        Some(HostsCommand::Renew) => "team hosts renew",
    }
}

/// Answers whether it only looks.
pub fn only_looks(command: Option<&HostsCommand>) -> bool {
    matches!(command, None | Some(HostsCommand::List))
}

/// Runs the command.
///
/// # Errors
///
/// `not_found`, `name_invalid`, `usage`; `permission` and `disk_full`.
pub fn run(command: Option<HostsCommand>, session: &Session<'_>) -> Result<()> {
    let ui = session.ui;
    let context = session.context_as_it_is_whatever_is_configured()?;
    match command {
        None | Some(HostsCommand::List) => {
            let known = far::hosts(&context)?;
            if ui.is_json() {
                return ui.answer_json(&known);
            }
            if known.hosts.is_empty() {
                ui.say("no other host is known: `wt team hosts add NAME ssh://HOST` makes one known");
            }
            let row = |host: &far::HostAdded| TableRow::plain(vec![host.name.clone(), host.address.clone()]);
            let rows: Vec<TableRow> = known.hosts.iter().map(row).collect();
            ui.answer(&table::render(ui, &["HOST", "ADDRESS"], &rows, &[]))
        }
        Some(HostsCommand::Add { name, address }) => {
            let added = far::add(&context, &name, &address)?;
            if ui.is_json() {
                return ui.answer_json(&added);
            }
            let done = ui.paint().done("Added");
            let former = added.former.map(|former| format!(" (it was {former})")).unwrap_or_default();
            ui.answer(&format!("{done} {} at {}{former}\n", added.name, escape::line(&added.address)))
        }
        Some(HostsCommand::Remove { name }) => {
            let removed = far::remove(&context, &name)?;
            if ui.is_json() {
                return ui.answer_json(&removed);
            }
            let done = ui.paint().done("Removed");
            ui.answer(&format!("{done} {} ({})\n", removed.name, escape::line(&removed.address)))
        }
        Some(HostsCommand::Renew) => {
            let renewed = team::renew(&context)?;
            if ui.is_json() {
                return ui.answer_json(&renewed);
            }
            let done = ui.paint().done("Renewed");
            ui.answer(&format!("{done} the identity of {}\n", escape::line(&renewed.host)))?;
            if renewed.branches > 0 {
                ui.hint(
                    "`wt team` claims anew what nobody claims of its worktrees; what the other machine claimed stays its own until \
                     `wt team claim --take-over BRANCH`",
                );
            }
            Ok(())
        }
    }
}
