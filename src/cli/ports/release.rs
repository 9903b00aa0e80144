//! `wt ports release`: gives ports up.

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::ops::ports::release::{self, Request};
use crate::ops::services::sleepers;

/// Give ports up: these, or all of a worktree, or all of the repository
#[derive(Args, Debug)]
pub struct Arguments {
    /// The ports
    #[arg(value_name = "PORT")]
    pub ports: Vec<Port>,
    /// The worktree whose ports, or whose claim to them, end
    #[arg(short, long, value_name = "WORKTREE")]
    pub worktree: Option<String>,
    /// Every port of this repository's worktrees; needs --force
    #[arg(long, conflicts_with_all = ["ports", "worktree"])]
    pub all: bool,
    /// Agrees to --all
    #[arg(short, long)]
    pub force: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `usage` when nothing is named, and for `--all` without `--force`.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let Arguments { ports, worktree, all, force } = arguments;
    if ports.is_empty() && worktree.is_none() && !all {
        return Err(Failure::new(Code::Usage, "no port was named")
            .hint("`wt ports release PORT`, or `--worktree NAME` for all of its ports"));
    }
    let context = session.context_whatever_is_configured()?;
    if all && !force {
        let listed = release::all_in_words(&context)?;
        let what = "`--all` gives up every port of every worktree here";
        let message = if listed.is_empty() {
            format!("{what}; there is none now")
        } else {
            format!("{what}:\n{}", listed.join("\n"))
        };
        return Err(Failure::new(Code::Usage, message)
            .hint("`wt ports release --all --force` does")
            .detail("ports", listed));
    }
    let mut report = release::release(&context, &Request { ports, worktree })?;
    let ui = session.ui;
    let worktrees: BTreeSet<String> = report.released.iter().map(|gone| gone.worktree.clone()).collect();
    for name in worktrees {
        // Its supervisor finds out by itself where it cannot be told.
        let slept = sleepers::follow(&context, Some(&name)).unwrap_or_default();
        // Nobody but we listened for one that slept.
        for gone in report.released.iter_mut().filter(|gone| gone.worktree == name) {
            gone.listening &= !slept.contains(&gone.service);
        }
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    for gone in &report.released {
        ui.answer(&format!("Released {} ({} of {})", gone.port, gone.service, gone.worktree))?;
        if gone.listening {
            ui.warn(&format!(
                "a server still listens on {}: `{owner}`",
                gone.port,
                owner = wt("ports owner {}", &[&gone.port])
            ));
        }
    }
    if report.released.is_empty() {
        ui.say("nothing to release");
    }
    Ok(0)
}
