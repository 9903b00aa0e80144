//! `wt trust`: allows what a repository's configuration wants to have run, and what counts of it only once it was seen.

use std::fmt::Write;

use clap::Args;

use super::session::Session;
use super::trust_here;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::visible;
use crate::ops::trust::{self, CommandView, Report, TrustState};
use crate::ui::age::moment;
use crate::ui::output::Ui;
use crate::ui::table::{self, TableRow};
use crate::ui::{prompt, whole};

/// Allow the commands and settings of this repository's configuration, after showing them
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 trusted or nothing to trust, 1 not.")]
pub struct Arguments {
    /// Only say how they stand
    #[arg(long, conflicts_with_all = ["revoke", "list"])]
    pub status: bool,
    /// The code that is checked out where you stand, where it is a stranger's: this one commit of it
    #[arg(long, conflicts_with = "list")]
    pub here: bool,
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
    if arguments.here {
        let wish = match (arguments.revoke, arguments.status) {
            (true, _) => trust_here::TrustWish::Revoke,
            (_, true) => trust_here::TrustWish::Status,
            _ => trust_here::TrustWish::Allow,
        };
        return trust_here::run(wish, session, &context);
    }
    if arguments.list {
        return list(&context, session.ui);
    }
    if arguments.revoke {
        let report = trust::revoke(&context)?;
        for runs in report.running.iter().filter(|_| report.revoked) {
            session.ui.warn(&runs.run_on());
        }
        if session.ui.is_json() {
            session.ui.answer_json(&report)?;
        } else {
            session.ui.say(if report.revoked {
                "Nothing of this repository is trusted any more"
            } else {
                "Nothing was trusted"
            });
        }
        return Ok(0);
    }
    let report = trust::status(&context)?;
    if arguments.status || report.state != TrustState::Untrusted {
        answer(session.ui, &report)?;
        return Ok(u8::from(report.state == TrustState::Untrusted));
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
        return Err(trust::untrusted(report, "nobody has allowed what this configuration wants"));
    }
    session.ui.say(&format!("{} wants these to count:", report.owner.display()));
    session.ui.say(&blocks(&report.commands, session.ui.talk_width()));
    if prompt::confirm(session.ui, "Allow them?")? {
        return Ok(());
    }
    Err(Failure::new(Code::Untrusted, "nothing was allowed"))
}

/// The exact text of each command, whole: what changed, what is new, and what was allowed before stand apart.
fn blocks(commands: &[CommandView], width: Option<usize>) -> String {
    let changed = |view: &&CommandView| !view.trusted && view.formerly.is_some();
    let new = |view: &&CommandView| !view.trusted && view.formerly.is_none();
    let mut text = String::new();
    let groups = [
        ("Changed since they were allowed", commands.iter().filter(changed).collect::<Vec<_>>()),
        ("Not allowed yet", commands.iter().filter(new).collect()),
        ("Allowed", commands.iter().filter(|view| view.trusted).collect()),
    ];
    for (title, group) in groups.iter().filter(|(_, group)| !group.is_empty()) {
        let _ = writeln!(text, "{title}:");
        for view in group {
            let _ = writeln!(text, "  {}  ({})", view.command.key, view.command.origin);
            text.push_str(&shown_whole(&view.command.command, width));
            if let Some(meaning) = &view.meaning {
                let _ = writeln!(text, "    ({})", visible::exact(meaning));
            }
            if let Some(formerly) = &view.formerly {
                text.push_str("    formerly:\n");
                text.push_str(&shown_whole(formerly, width));
            }
        }
    }
    text
}

fn shown_whole(command: &str, width: Option<usize>) -> String {
    let mark = visible::mixture(command).map(|mark| format!("    ({mark})\n"));
    whole::wrapped(&visible::exact(command), width) + &mark.unwrap_or_default()
}

fn answer(ui: &Ui, report: &Report) -> Result<()> {
    if ui.is_json() {
        return ui.answer_json(report);
    }
    let said = match report.state {
        TrustState::Nothing => "nothing needs to be trusted",
        TrustState::Trusted => "trusted",
        TrustState::Untrusted => "not trusted",
    };
    if ui.width().is_some() {
        ui.answer(&blocks(&report.commands, ui.width()))?;
    } else {
        let rows = report.commands.iter().map(|view| {
            let state = if view.trusted { "trusted" } else { "untrusted" };
            row([&view.command.key, state, &view.command.origin.to_string()], &view.command.command)
        });
        ui.answer(&table::render(ui, &[], &rows.collect::<Vec<_>>(), &[]))?;
    }
    ui.say(&format!("{}: {said}", report.owner.display()));
    Ok(())
}

/// A row for programs: the last field but one is the exact text, the last what is unusual about its letters.
fn row(cells: [&str; 3], command: &str) -> TableRow {
    let cells = cells.into_iter().map(str::to_owned);
    TableRow::plain(
        cells.chain([visible::exact(command), visible::mixture(command).unwrap_or_default()]).collect(),
    )
}

fn list(context: &Context, ui: &Ui) -> Result<u8> {
    let listed = trust::list(context)?;
    if ui.is_json() {
        ui.answer_json(&listed)?;
        return Ok(0);
    }
    let listed = listed.repositories;
    if listed.iter().all(|repository| repository.commands.is_empty()) {
        ui.say("nothing was trusted yet");
        return Ok(0);
    }
    let mut text = String::new();
    let mut rows = Vec::new();
    for repository in &listed {
        let usual = repository.repository.to_string_lossy();
        let owner = repository.file.as_deref().unwrap_or(&usual);
        let _ = writeln!(text, "{}  (since {})", visible::exact(owner), moment(repository.approved_at));
        for approved in &repository.commands {
            let _ = writeln!(text, "  {}", approved.key);
            text.push_str(&shown_whole(&approved.command, ui.width()));
            rows.push(row([owner, &approved.key, &repository.approved_at.to_string()], &approved.command));
        }
    }
    if ui.width().is_none() {
        text = table::render(ui, &[], &rows, &[]);
    }
    ui.answer(&text)?;
    Ok(0)
}
