//! `wt team`: who has what beside this user and this machine.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::session::Session;
use crate::error::Result;
use crate::ops::team::{self, Report};
use crate::ui::table::{self, Row};
use crate::ui::{age, escape};

/// Show which port of this machine which of its users has
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<TeamCommand>,
}

impl Arguments {
    /// Returns the words of the command.
    pub fn word(&self) -> &'static str {
        match self.command {
            None => "team",
            Some(TeamCommand::Init { .. }) => "team init",
        }
    }
}

/// What is done for the team.
#[derive(Debug, Subcommand)]
pub enum TeamCommand {
    /// Make what a team shares: root makes the folder in which the users of this machine keep their ports apart
    Init {
        /// The folder [default: `team.shared_host`]
        #[arg(long, value_name = "FOLDER", num_args = 0..=1, required = true)]
        #[expect(clippy::option_option, reason = "clap tells a flag without a value from one that is missing")]
        shared_host: Option<Option<PathBuf>>,
    },
}

/// Runs the command.
///
/// # Errors
///
/// `claims_unreachable`; `permission` for whoever is not root and makes the folder.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let ui = session.ui;
    match arguments.command {
        None => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            let report = team::survey(&context)?;
            if ui.is_json() {
                ui.answer_json(&report)?;
                return Ok(0);
            }
            show(session, &report, context.now())?;
        }
        Some(TeamCommand::Init { shared_host }) => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            let made = team::init(&context, shared_host.flatten().as_deref())?;
            if ui.is_json() {
                ui.answer_json(&made)?;
                return Ok(0);
            }
            let path = escape::line(&made.shared_host.display().to_string()).into_owned();
            let paint = ui.paint();
            ui.answer(&if made.made {
                format!(
                    "{} {}: the users of this machine keep their ports apart there\n",
                    paint.done("Made"),
                    path
                )
            } else {
                format!("{path} is there already\n")
            })?;
        }
    }
    Ok(0)
}

fn show(session: &Session<'_>, report: &Report, now: jiff::Timestamp) -> Result<()> {
    let ui = session.ui;
    let Some(folder) = &report.shared_host else {
        ui.say("nobody shares this machine: `sudo wt team init --shared-host` keeps its users' ports apart");
        return ui.answer("");
    };
    let rows: Vec<Row> = report
        .ports
        .iter()
        .map(|row| {
            let since = row.since.map_or_else(String::new, |since| age::age(since, now));
            Row::plain(vec![
                row.port.to_string(),
                row.user.clone(),
                row.worktree.clone(),
                row.host.clone(),
                since,
            ])
        })
        .collect();
    let mut text = table::render(ui, &["PORT", "USER", "WORKTREE", "HOST", "SINCE"], &rows, &["HOST"]);
    if rows.is_empty() && ui.width().is_some() {
        let _ = writeln!(text, "no port is claimed in {}", escape::line(folder));
    }
    ui.answer(&text)
}
