//! `wt selftest`: the promises, tried out on this machine, in a place of their own.

use std::ffi::OsString;
use std::fmt::Write;

use clap::Args;

use super::session::Session;
use crate::error::Result;
use crate::model::port::Port;
use crate::ops::selftest::{self, Tried};
use crate::ui::table::{self, TableRow};

/// Try out on this machine what is promised, in a place of its own
#[derive(Args, Debug)]
#[command(after_help = "\
It has a repository, a state folder and, where that is allowed, a network of its own; nothing of yours is touched and nothing is \
left. Exit codes: 0 all is as promised, 1 something is not.")]
pub struct Arguments {
    /// Listen on this port instead (what the test itself starts)
    #[arg(long, value_name = "PORT", hide = true)]
    pub listen: Option<Port>,
    /// The network is its own already
    #[arg(long, hide = true)]
    pub inside: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `interrupted`; `internal` where no place can be made for it.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let ui = session.ui;
    if let Some(port) = arguments.listen {
        return selftest::listen(port, || ui.answer("listening")).map(|()| 0);
    }
    let context = session.context_as_it_is_whatever_is_configured()?;
    if !arguments.inside {
        let mut words: Vec<OsString> = vec!["selftest".into(), "--inside".into()];
        words.extend(ui.is_json().then(|| "--json".into()));
        if let Some(status) = selftest::enter_namespace(&context.host, &words) {
            return Ok(status);
        }
    }
    let tell = |tried: &Tried| if ui.is_json() { Ok(()) } else { ui.answer(&line(tried, session)) };
    let report = selftest::selftest(&context, tell)?;
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else {
        ui.say(&format!("{} passed, {} failed", report.passed, report.failed));
    }
    Ok(u8::from(report.failed > 0))
}

fn line(tried: &Tried, session: &Session<'_>) -> String {
    let word = if tried.ok { "ok" } else { "FAILED" };
    let row = TableRow::plain(vec![word.to_owned(), tried.name.clone(), format!("{} ms", tried.ms)]);
    let mut text = table::render(session.ui, &[], &[row], &[]);
    if let (Some(expected), Some(got)) = (&tried.expected, &tried.got) {
        let _ = writeln!(text, "  expected: {expected}\n  got: {got}");
    }
    text
}
