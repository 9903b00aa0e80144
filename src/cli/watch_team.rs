//! `wt team --watch`: who has what, drawn again and again on a terminal, written when it changed elsewhere.

use std::time::Duration;

use super::session::Session;
use super::{endless, show_team};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::ops::team::{Report, survey};
use crate::ui::screen::Screen;

/// The shortest time between two looks.
const LEAST: Duration = Duration::from_millis(250);

/// Watches until Ctrl-C (exit 130), or until nobody reads any more (exit 0).
///
/// # Errors
///
/// What stops a look for good; a remote that does not answer is asked again.
pub fn run(session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    context.host.interrupt.install()?;
    endless::ended(watch(session, &context))
}

fn watch(session: &Session<'_>, context: &Context) -> Result<()> {
    let ui = session.ui;
    let mut screen = Screen::default();
    let mut shown: Option<Report> = None;
    let pause = context.host.pause()?;
    let interval = context.config.monitor.interval.max(LEAST);
    loop {
        if let Some(claims) = context.network_claims() {
            claims.keeper.patience().renew();
        }
        match survey(context) {
            Ok(report) => show(session, context, &mut screen, &mut shown, report)?,
            Err(failure) if failure.code() == Code::ClaimsUnreachable => ui.warn(failure.message()),
            Err(failure) => return Err(failure),
        }
        if !endless::rest(context, ui, &pause, interval)? {
            return Ok(());
        }
    }
}

fn show(
    session: &Session<'_>,
    context: &Context,
    screen: &mut Screen,
    shown: &mut Option<Report>,
    report: Report,
) -> Result<()> {
    let ui = session.ui;
    if let (Some(size), false) = (ui.size(), ui.is_json()) {
        return screen.draw(ui, size, &show_team::text(ui, &report, context.now()));
    }
    // That a host was seen again is no change of who has what.
    let same = |one: &Report| {
        (one.ports == report.ports, one.branches == report.branches, one.unread == report.unread)
    };
    if shown.as_ref().is_some_and(|one| same(one) == (true, true, true)) {
        return Ok(());
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        ui.answer(&show_team::text(ui, &report, context.now()))?;
    }
    *shown = Some(report);
    Ok(())
}
