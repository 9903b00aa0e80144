//! `wt team`: who has what beside this user and this machine.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::session::Session;
use super::show_team;
use super::team_hosts::{self, HostsCommand};
use super::watch_team;
use crate::error::Result;
use crate::model::advised::wt;
use crate::model::config::settings::TeamKeeper;
use crate::ops::team::{self, Report};
use crate::ui::escape;

/// Show who has which port of this machine, and which branch on the remote
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<TeamCommand>,
    /// Look again and again, and show what changed, until Ctrl-C (exit 130)
    #[arg(long)]
    pub watch: bool,
}

impl Arguments {
    /// Returns the words of the command.
    pub fn word(&self) -> &'static str {
        match &self.command {
            None => "team",
            Some(TeamCommand::Beat) => "team beat",
            Some(TeamCommand::Running { .. }) => "team running",
            Some(TeamCommand::Claim { .. }) => "team claim",
            Some(TeamCommand::Release { .. }) => "team release",
            Some(TeamCommand::Hosts { command }) => team_hosts::word(command.as_ref()),
            Some(TeamCommand::Init { .. }) => "team init",
        }
    }

    /// Answers whether it only looks.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        match &self.command {
            None | Some(TeamCommand::Running { .. }) => true,
            Some(TeamCommand::Hosts { command }) => team_hosts::only_looks(command.as_ref()),
            Some(_) => false,
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
        #[expect(
            clippy::option_option,
            reason = "clap tells a flag without a value from one that is missing"
        )]
        shared_host: Option<Option<PathBuf>>,
    },
    /// The other hosts that you work on, and how they are reached; without more, those that are known
    Hosts {
        #[command(subcommand)]
        command: Option<HostsCommand>,
    },
    /// Have the team see this host live where that is due (what `wt` starts itself)
    #[command(hide = true)]
    Beat,
    /// Show what runs on the hosts of the team, where its etcd has the claims
    Running {
        /// In every repository of the team, not only in this one
        #[arg(long)]
        all: bool,
    },
    /// Claim a branch before there is a worktree of it
    Claim {
        /// The branch
        branch: String,
        /// Take it from whoever has it
        #[arg(long)]
        take_over: bool,
    },
    /// Give the claim on a branch back
    Release {
        /// The branch
        branch: String,
        /// Also one that somebody else has
        #[arg(long)]
        take_over: bool,
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
        None if arguments.watch => return watch_team::run(session),
        None => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            let report = team::survey(&context)?;
            if ui.is_json() {
                ui.answer_json(&report)?;
                return Ok(0);
            }
            report.warnings.iter().for_each(|warning| ui.warn(warning));
            let has_team = report.shared_host.is_some() || report.remote.is_some();
            if has_team && is_empty(&report) {
                ui.say("nobody has claimed anything");
            } else if !has_team && context.config.team.keeper == TeamKeeper::Nobody {
                let init = wt("team init --shared-host", &[]).by_root();
                ui.say(&format!(
                    "there is no team here: `{init}` keeps the ports of this machine's users apart, `[team] claims = \"git\"` has \
                     branches claimed on the remote"
                ));
            }
            ui.answer(&show_team::text(ui, &report, context.now()))?;
        }
        Some(TeamCommand::Beat) => team::beat(&session.context_as_it_is_whatever_is_configured()?)?,
        Some(TeamCommand::Running { all }) => {
            let context = session.context_as_it_is_whatever_is_configured()?;
            let report = team::running(&context, all)?;
            if ui.is_json() {
                ui.answer_json(&report)?;
                return Ok(0);
            }
            report.warnings.iter().for_each(|warning| ui.warn(warning));
            if report.services.is_empty() && report.warnings.is_empty() {
                ui.say("nothing runs on any host of the team");
            }
            ui.answer(&show_team::running(ui, &report, context.now()))?;
        }
        Some(TeamCommand::Claim { branch, take_over }) => {
            changed(session, &team::claim(&session.context()?, &branch, take_over)?, "Claimed")?;
        }
        Some(TeamCommand::Release { branch, take_over }) => {
            changed(session, &team::release(&session.context()?, &branch, take_over)?, "Gave back")?;
        }
        Some(TeamCommand::Hosts { command }) => team_hosts::run(command, session)?,
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

fn changed(session: &Session<'_>, report: &team::ClaimChange, verb: &str) -> Result<()> {
    let ui = session.ui;
    if ui.is_json() {
        return ui.answer_json(report);
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    let paint = ui.paint();
    ui.answer(&format!(
        "{} {} on {}\n",
        paint.done(verb),
        paint.strong(escape::line(&report.branch)),
        report.remote
    ))
}

fn is_empty(report: &Report) -> bool {
    report.ports.is_empty() && report.branches.is_empty() && report.unread.is_empty()
}
