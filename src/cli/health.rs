//! `wt health`: do the services answer.

use clap::Args;

use super::session::Session;
use super::{show_health, units, watch_health};
use crate::error::Result;
use crate::model::service::ServiceName;
use crate::ops::health::gather::Request;
use crate::ops::health::report;
use crate::ops::units::UnitsWish;

/// Ask whether the services of worktrees answer
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 nothing is unhealthy, 1 something is; 130 Ctrl-C ended a watch.")]
pub struct Arguments {
    /// Only this worktree
    #[arg(short, long, value_name = "NAME")]
    pub worktree: Option<String>,
    /// Only services of this name
    #[arg(short, long, value_name = "SERVICE")]
    pub service: Option<ServiceName>,
    /// Of every registered repository
    #[arg(short, long)]
    pub all: bool,
    /// Look again and again; in a pipe only what changed is printed
    #[arg(long)]
    pub watch: bool,
    /// Write user-level units that look every 15 minutes, and say how to enable them
    #[arg(long, conflicts_with_all = ["worktree", "service", "all", "watch", "uninstall_timer"])]
    pub install_timer: bool,
    /// Take these units away again
    #[arg(long, conflicts_with_all = ["worktree", "service", "all", "watch"])]
    pub uninstall_timer: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_a_repository` outside of one, unless `--all` is given; `not_found`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    if arguments.install_timer {
        return units::install(session, &UnitsWish::Health);
    }
    if arguments.uninstall_timer {
        return units::uninstall(session, &UnitsWish::Health);
    }
    let request = Request {
        worktree: arguments.worktree.clone(),
        service: arguments.service.clone(),
        all: arguments.all,
    };
    let context = session.context()?;
    if arguments.watch {
        return watch_health::run(&context, request, session.ui);
    }
    let report = report::check(&context, &request)?;
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    for worktree in &report.worktrees {
        for service in &worktree.services {
            let (of, looked_at) = (&worktree.name, &service.looked_at);
            ui.say_more(&format!("{} of {of}: looked at {looked_at}", service.service));
        }
    }
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else if report.worktrees.is_empty() {
        ui.say("no service has a port here; `wt create --ports` gives one");
    } else if ui.width().is_some() {
        ui.answer(&show_health::tree(ui, &report))?;
    } else {
        ui.answer(&show_health::lines(ui, &report))?;
        ui.say(&show_health::summary(report.summary));
    }
    Ok(u8::from(report.summary.unhealthy > 0))
}
