//! `wt trust`: allows the commands that a repository's configuration wants to have run.

use std::fmt::Write;

use clap::Args;
use serde_json::json;

use super::session::Session;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::ops::services::down;
use crate::ops::trust::{self, Report, State};
use crate::ui::escape;
use crate::ui::output::Ui;
use crate::ui::prompt;
use crate::ui::table::{self, Row};

/// Allow the commands of this repository's configuration, after showing them
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 trusted or nothing to trust, 1 not.")]
pub struct Arguments {
    /// Only say how the commands stand
    #[arg(long, conflicts_with_all = ["revoke", "list"])]
    pub status: bool,
    /// Take back what was allowed
    #[arg(long, conflicts_with = "list")]
    pub revoke: bool,
    /// Show what was allowed, for every repository
    #[arg(long)]
    pub list: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `untrusted` where nobody agreed; `not_a_repository`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    if arguments.list {
        return list(&context, session.ui);
    }
    if arguments.revoke {
        let revoked = trust::revoke(&context)?;
        let running = down::running_in_repository(&context)?;
        for runs in running.iter().filter(|_| revoked) {
            session.ui.warn(&format!(
                "in `{}` {} still runs, and is not started again: `wt down` there ends it",
                runs.worktree,
                runs.services.join(", ")
            ));
        }
        if session.ui.is_json() {
            session.ui.answer_json(&json!({ "revoked": revoked, "running": running }))?;
        } else {
            session.ui.say(if revoked {
                "No command of this repository is trusted any more"
            } else {
                "Nothing was trusted"
            });
        }
        return Ok(0);
    }
    let report = trust::status(&context)?;
    if arguments.status || report.state != State::Untrusted {
        answer(session.ui, &report)?;
        return Ok(u8::from(report.state == State::Untrusted));
    }
    require_consent(session, &report)?;
    let report = trust::approve(&context, report)?;
    answer(session.ui, &report)?;
    Ok(0)
}

/// Somebody who saw the commands agrees, or said beforehand that they would.
fn require_consent(session: &Session<'_>, report: &Report) -> Result<()> {
    if session.global.yes {
        return Ok(());
    }
    if session.global.quiet || !session.ui.is_interactive() {
        return Err(trust::untrusted(report, "nobody has allowed these commands"));
    }
    session.ui.say(&format!("{} wants these commands to be run:\n{}", report.owner.display(), lines(report)));
    if prompt::confirm(session.ui, "Allow them?")? {
        return Ok(());
    }
    Err(Failure::new(Code::Untrusted, "nothing was allowed"))
}

/// The exact text of each command; what was allowed before stands below where it was another.
fn lines(report: &Report) -> String {
    let mut text = String::new();
    for view in &report.commands {
        let command = &view.command;
        let _ = writeln!(text, "  {} = {}", command.key, escape::exact(&command.command));
        if let Some(formerly) = &view.formerly {
            let _ = writeln!(text, "    formerly: {}", escape::exact(formerly));
        }
    }
    text
}

fn answer(ui: &Ui, report: &Report) -> Result<()> {
    if ui.is_json() {
        return ui.answer_json(report);
    }
    let said = match report.state {
        State::Nothing => "no command needs to be trusted",
        State::Trusted => "trusted",
        State::Untrusted => "not trusted",
    };
    let rows: Vec<Row> = report
        .commands
        .iter()
        .map(|view| {
            let state = if view.trusted { "trusted" } else { "untrusted" };
            Row::plain(vec![
                view.command.key.clone(),
                state.to_owned(),
                view.command.origin.to_string(),
                escape::exact(&view.command.command).into_owned(),
            ])
        })
        .collect();
    ui.answer(&table::render(ui, &["COMMAND", "STATE", "FROM", "TEXT"], &rows, &["FROM"]))?;
    ui.say(&format!("{}: {said}", report.owner.display()));
    Ok(())
}

fn list(context: &Context, ui: &Ui) -> Result<u8> {
    let listed = trust::list(context)?;
    if ui.is_json() {
        ui.answer_json(&json!({ "repositories": listed }))?;
        return Ok(0);
    }
    let mut rows = Vec::new();
    for repository in &listed {
        for approved in &repository.commands {
            rows.push(Row::plain(vec![
                repository
                    .file
                    .clone()
                    .unwrap_or_else(|| repository.repository.to_string_lossy().into_owned()),
                approved.key.clone(),
                repository.approved_at.to_string(),
                escape::exact(&approved.command).into_owned(),
            ]));
        }
    }
    if rows.is_empty() {
        ui.say("nothing was trusted yet");
        return Ok(0);
    }
    ui.answer(&table::render(ui, &["REPOSITORY", "COMMAND", "SINCE", "TEXT"], &rows, &["SINCE"]))?;
    Ok(0)
}
