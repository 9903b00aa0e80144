//! `wt status`: how the services of a worktree stand.

use std::time::Duration;

use clap::Args;

use super::endless;
use super::session::Session;
use super::show_samples;
use super::show_services::{self, Teller};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::history;
use crate::model::service::ServiceName;
use crate::ops::services::status::Looker;
use crate::ui::output::Ui;
use crate::ui::screen::Screen;

/// How often a watched screen is drawn anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Show how the services of a worktree stand
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 it was shown, 1 with --check where something that should run is not ready; 130 Ctrl-C ended a watch."
)]
pub struct Arguments {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// Of this worktree instead of the one you stand in
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Look again and again
    #[arg(long)]
    pub watch: bool,
    /// Also what each took, and how fast it answered, since then: `1h`, `2026-11-01` (UTC), or an RFC 3339 time
    #[arg(long, value_name = "TIME", conflicts_with = "watch")]
    pub since: Option<String>,
    /// Exit 1 unless all of them are ready, or have completed
    #[arg(long, conflicts_with = "watch")]
    pub check: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded and a service that is not there.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_whatever_is_configured()?;
    let ui = session.ui;
    let since = arguments.since.map(|text| {
        history::moment(&text, context.now()).map_err(|problem| Failure::new(Code::Usage, problem))
    });
    let since = since.transpose()?;
    let mut looker = Looker::new(&context, arguments.worktree.as_deref(), arguments.services)?.since(since);
    if arguments.watch {
        return endless::ended(watch(&context, &mut looker, ui));
    }
    let report = looker.ask(&context, &mut Teller::new(ui, &context))?;
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else if report.services.is_empty() {
        ui.say("no service says how it is run; `run` under [service.NAME] in .wt.toml does");
    } else {
        ui.answer(&show_services::table(ui, &report.services))?;
        ui.answer(&show_samples::lines(ui, &report.services))?;
    }
    Ok(u8::from(arguments.check && !report.is_up()))
}

fn watch(context: &Context, looker: &mut Looker, ui: &Ui) -> Result<()> {
    let mut screen = Screen::default();
    let mut shown = None;
    loop {
        let report = looker.ask(context, &mut Teller::new(ui, context))?;
        match ui.size() {
            Some(size) if !ui.is_json() => {
                screen.draw(ui, size, &show_services::table(ui, &report.services))?;
            }
            // In a pipe only what changed is worth a line.
            _ => {
                let states: Vec<_> = report
                    .services
                    .iter()
                    .map(|service| (service.service.clone(), service.state, service.pid))
                    .collect();
                if shown.as_ref() != Some(&states) {
                    shown = Some(states);
                    if ui.is_json() {
                        ui.answer_json(&report)?;
                    } else {
                        ui.answer(&show_services::table(ui, &report.services))?;
                    }
                }
            }
        }
        if ui.is_abandoned() {
            return Ok(());
        }
        context.host.clock.wait(PAUSE, &context.host.interrupt)?;
    }
}
