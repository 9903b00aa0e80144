//! `wt logs`: what the services of a worktree have written, and write.

use std::time::Duration;

use clap::Args;

use super::endless;
use super::session::Session;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::history;
use crate::model::service::ServiceName;
use crate::ops::env;
use crate::ops::services::down;
use crate::ops::services::logs::{self, Lines, Logs, Request, WrittenLine};
use crate::ui::escape;
use crate::ui::output::Ui;

/// How often it is looked whether more was written.
const GLANCE: Duration = Duration::from_millis(100);

/// Show what the services of this worktree have written
#[derive(Args, Debug)]
pub struct Arguments {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// What the setup of the worktree wrote instead, and its commands in the background
    #[arg(long, conflicts_with = "services")]
    pub setup: bool,
    /// Go on showing what is added, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// All runs that wrote since then, not the last run alone: `2h`, `3d`, `2026-11-01` (UTC), or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only the last N lines of each service
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true, value_parser = count)]
    pub tail: Option<usize>,
}

fn count(text: &str) -> std::result::Result<usize, String> {
    text.parse().map_err(|_| "say how many lines, from 0".to_owned())
}

/// Runs the command.
///
/// # Errors
///
/// `usage` for a time that is none, `not_found` for an unknown service; `permission` when a log cannot be read.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_whatever_is_configured()?.of_worktree(arguments.worktree.as_deref());
    let since = arguments.since.map(|text| {
        history::moment(&text, context.now()).map_err(|problem| Failure::new(Code::Usage, problem))
    });
    let follow = arguments.follow;
    let is_narrowed = arguments.tail.is_some() || since.is_some();
    let request = Request {
        services: arguments.services,
        is_setup: arguments.setup,
        since: since.transpose()?,
        tail: arguments.tail,
        follow,
    };
    let mut logs = logs::open(&context, request)?;
    for service in logs.silent.iter().filter(|_| arguments.setup) {
        session
            .ui
            .say(&format!("the {service} of `{}` has not been run yet: there is no log", logs.worktree()));
    }
    for service in logs.silent.iter().filter(|_| !arguments.setup) {
        session.ui.say(&format!("`{service}` has not been started yet: there is no log"));
    }
    if logs.is_empty() && logs.silent.is_empty() {
        let then = if follow {
            "what they write will be shown once `wt up` starts them"
        } else {
            "`wt up` starts them"
        };
        session.ui.say(&format!("no service of `{}` has been started yet: {then}", logs.worktree()));
    }
    for path in &logs.strange {
        let path = path.display();
        session.ui.say(&format!("{path} is no file, and is not shown; `wt restart` begins a new log there"));
    }
    if follow && !arguments.setup {
        let entry = env::require_entry(&context, None)?;
        if !logs.is_empty() && down::up(&context, &entry)?.is_empty() {
            session.ui.say(&format!(
                "no service of `{}` runs now: what they write will be shown once `wt up` starts them",
                logs.worktree()
            ));
        }
    }
    if follow {
        return endless::ended(show_on(&context, &mut logs, session.ui));
    }
    if session.ui.is_json() {
        show_as_one(&mut logs, session.ui)?;
    } else {
        let mut is_silent = true;
        while show(&mut logs, session.ui)? {
            is_silent = false;
            context.host.interrupt.check()?;
        }
        if is_silent && !is_narrowed && !arguments.setup && !logs.is_empty() {
            session.ui.say("they have written nothing; `wt status` shows how the services stand");
        }
    }
    Ok(0)
}

/// Shows what there is and what is added, until somebody stops it or nobody reads any more.
fn show_on(context: &Context, logs: &mut Logs, ui: &Ui) -> Result<()> {
    while !ui.is_abandoned() {
        if show(logs, ui)? {
            context.host.interrupt.check()?;
        } else if logs.is_gone() {
            ui.say(&format!("worktree `{}` was removed or moved away: nothing follows", logs.worktree()));
            return Ok(());
        } else {
            context.host.clock.wait(GLANCE, &context.host.interrupt)?;
        }
    }
    Ok(())
}

/// Shows one batch; false when there was none.
pub(super) fn show(logs: &mut Logs, ui: &Ui) -> Result<bool> {
    let lines = logs.next_lines()?;
    if ui.is_json() {
        lines.iter().try_for_each(|line| ui.answer_json(line))?;
    } else if ui.width().is_some() {
        let width = logs.width();
        let text: String = lines.iter().map(|line| on_terminal(line, width, ui)).collect();
        ui.answer(&text)?;
    } else {
        let is_one = logs.width().is_none();
        let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.bytes.len() + 32).sum());
        for line in &lines {
            if !is_one {
                bytes.extend_from_slice(line.service.as_str().as_bytes());
                bytes.push(b'\t');
            }
            bytes.extend_from_slice(&line.bytes);
            bytes.push(b'\n');
        }
        ui.answer_bytes(&bytes)?;
    }
    Ok(!lines.is_empty() && !ui.is_abandoned())
}

fn on_terminal(line: &WrittenLine, width: Option<usize>, ui: &Ui) -> String {
    let text = escape::colored_line(&String::from_utf8_lossy(&line.bytes), ui.is_painted());
    // What a line turns on ends with it.
    let reset = if text.contains('\u{1b}') { "\u{1b}[0m" } else { "" };
    match width {
        None => format!("{text}{reset}\n"),
        Some(width) => {
            let label = ui.paint().faint(format!("{:width$} |", line.service.as_str()));
            format!("{label} {text}{reset}\n")
        }
    }
}

fn show_as_one(logs: &mut Logs, ui: &Ui) -> Result<()> {
    let mut all = Lines { lines: Vec::new() };
    loop {
        let lines = logs.next_lines()?;
        if lines.is_empty() {
            return ui.answer_json(&all);
        }
        all.lines.extend(lines);
    }
}
