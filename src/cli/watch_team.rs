//! `wt team --watch`: who has what, drawn again and again on a terminal, written when it changed elsewhere.

use std::fmt::Write;
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
    session.host.interrupt.install()?;
    endless::ended(watch(session))
}

fn watch(session: &Session<'_>) -> Result<()> {
    let mut watch = Watch { session, screen: Screen::default(), shown: None, told: Vec::new() };
    let pause = session.host.pause()?;
    loop {
        // Each look is a command of its own: with the settings, the time and the patience of now.
        let context = session.context_as_it_is_whatever_is_configured()?;
        match survey(&context) {
            Ok(report) => watch.show(&context, report)?,
            Err(failure) if failure.code() == Code::ClaimsUnreachable => {
                watch.miss(&context, failure.message())?;
            }
            Err(failure) => return Err(failure),
        }
        let interval = context.config.monitor.interval.max(LEAST);
        if !endless::rest(&context, session.ui, &|time| pause.sleep(time, &session.ui.stdout()), interval)? {
            return Ok(());
        }
    }
}

/// What was shown so far.
struct Watch<'a> {
    session: &'a Session<'a>,
    screen: Screen,
    shown: Option<Report>,
    /// The warnings, each once: that a claim was lost is told by one look alone.
    told: Vec<String>,
}

impl Watch<'_> {
    fn show(&mut self, context: &Context, mut report: Report) -> Result<()> {
        let ui = self.session.ui;
        let new: Vec<String> = std::mem::take(&mut report.warnings)
            .into_iter()
            .filter(|warning| !self.told.contains(warning))
            .collect();
        self.told.extend(new.iter().cloned());
        if ui.size().is_some() && !ui.is_json() {
            self.shown = Some(report);
            return self.draw(context, None);
        }
        for warning in &new {
            ui.warn(warning);
        }
        // That a host was seen again is no change of who has what.
        let same = |one: &Report| {
            (one.ports == report.ports, one.branches == report.branches, one.unread == report.unread)
        };
        if self.shown.as_ref().is_some_and(|one| same(one) == (true, true, true)) {
            return Ok(());
        }
        if ui.is_json() {
            report.warnings = new;
            ui.answer_json(&report)?;
        } else {
            ui.answer(&show_team::text(ui, &report, context.now()))?;
        }
        self.shown = Some(report);
        Ok(())
    }

    /// Tells that nobody answered: what was seen last stays.
    fn miss(&mut self, context: &Context, why: &str) -> Result<()> {
        let ui = self.session.ui;
        if ui.size().is_some() && !ui.is_json() {
            return self.draw(context, Some(why));
        }
        ui.warn(why);
        Ok(())
    }

    /// Draws what was seen last, and below it what was warned of since the beginning.
    fn draw(&mut self, context: &Context, missed: Option<&str>) -> Result<()> {
        let ui = self.session.ui;
        let Some(size) = ui.size() else { return Ok(()) };
        let mut text =
            self.shown.as_ref().map_or_else(String::new, |report| show_team::text(ui, report, context.now()));
        let mark = ui.paint().warning("warning:");
        for warning in self.told.iter().map(String::as_str).chain(missed) {
            let _ = writeln!(text, "{mark} {warning}");
        }
        self.screen.draw(ui, size, &text)
    }
}
