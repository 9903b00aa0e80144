//! `wt monitor`: a standing watch that says what changes.

use std::time::Duration;

use clap::Args;

use super::endless;
use super::session::Session;
use super::units;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::news::News;
use crate::model::quantity;
use crate::ops::monitor::{Look, MonitorMemory, Permit, Stand};
use crate::ops::notify::start;
use crate::ops::units::UnitsWish;
use crate::ui::output::Ui;
use crate::ui::table::{self, TableRow};

/// The shortest interval.
const LEAST: Duration = Duration::from_secs(1);

/// Watch the health, the ports and the records of every worktree, and say what changes
#[derive(Args, Debug)]
#[command(after_help = "\
It heals what every command heals. Exit codes: with --once 0 all is well, 1 something is not; else 130 by Ctrl-C, 1 another one \
watches.")]
pub struct Arguments {
    /// Look once
    #[arg(long)]
    pub once: bool,
    /// How often to look where nothing changes [default: `monitor.interval`, 30s]
    #[arg(long, value_name = "TIME", conflicts_with = "once")]
    pub interval: Option<String>,
    /// Act on conflicts, as `wt ports resolve` does where nobody can be asked
    #[arg(long)]
    pub resolve: bool,
    /// Write a unit for the user's service manager, and enable nothing
    #[arg(long, group = "unit", conflicts_with_all = ["once", "interval", "resolve"])]
    pub install_unit: bool,
    /// Take the unit away
    #[arg(long, group = "unit", conflicts_with_all = ["once", "interval", "resolve"])]
    pub uninstall_unit: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `already_running` where another one watches; `usage` for an interval that is none.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    if arguments.install_unit {
        return units::install(session, &UnitsWish::Monitor);
    }
    if arguments.uninstall_unit {
        return units::uninstall(session, &UnitsWish::Monitor);
    }
    let interval = arguments.interval.as_deref().map(|text| {
        let long = quantity::duration(text).map_err(|problem| Failure::new(Code::Usage, problem))?;
        if long >= LEAST { Ok(long) } else { Err(Failure::new(Code::Usage, "--interval is at least 1s")) }
    });
    let interval = interval.transpose()?;
    let mut context = session.context_as_it_is_whatever_is_configured()?;
    // It is about every repository, wherever it was started.
    context.repository = None;
    let settings = context.config.monitor;
    let permit =
        Permit { resolves: arguments.resolve || settings.resolve, release_after: settings.release_after };
    if arguments.once {
        let look = MonitorMemory::new(&context, permit).look_once()?;
        return show_once(&look, session.ui);
    }
    let mut stand = Stand::take(&context)?;
    let ended =
        stay(&context, permit, &mut stand, interval.unwrap_or(settings.interval.max(LEAST)), session.ui);
    stand.leave();
    endless::ended(ended)
}

fn stay(context: &Context, permit: Permit, stand: &mut Stand, interval: Duration, ui: &Ui) -> Result<()> {
    let mut watch = MonitorMemory::new(context, permit).announcing();
    let mut is_first = true;
    loop {
        match watch.look_once() {
            Ok(look) => {
                start::wake(&context.host);
                show(&look.news, ui)?;
            }
            Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
            // A registry that is damaged or locked is looked at again.
            Err(failure) => ui.warn(failure.message()),
        }
        if std::mem::take(&mut is_first) {
            stand.is_ready();
        }
        if ui.is_abandoned() {
            return Ok(());
        }
        stand.wait(context, interval)?;
    }
}

fn show(news: &[News], ui: &Ui) -> Result<()> {
    if ui.is_json() {
        return news.iter().try_for_each(|one| ui.answer_json_line(one));
    }
    if news.is_empty() {
        return Ok(());
    }
    let rows: Vec<TableRow> = news
        .iter()
        .map(|one| {
            let sign = if one.gone { "-" } else { "+" };
            TableRow::plain(vec![format!("{:.0}", one.at), sign.to_owned(), one.text.clone()])
        })
        .collect();
    ui.answer(&table::render(ui, &[], &rows, &[]))
}

fn show_once(look: &Look, ui: &Ui) -> Result<u8> {
    if ui.is_json() {
        ui.answer_json(look)?;
    } else {
        show(&look.news, ui)?;
        if look.is_well() {
            ui.say("all is well");
        }
    }
    Ok(u8::from(!look.is_well()))
}
