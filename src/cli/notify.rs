//! `wt notify`: a notice to try it out, and the process that sends what is due.

use clap::{Args, Subcommand};

use super::session::Session;
use crate::error::Result;
use crate::ops::notify::{deliver, trial};
use crate::ui::table::{self, TableRow};

/// Try out who is told when something goes wrong
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: NotifyCommand,
}

/// What is done.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a notice by every way there is, whatever `notify.on` and `notify.quiet` say
    #[command(after_help = "Exit codes: 0 all took it, 1 somebody did not.")]
    Test,
    /// Send what is due until nothing is left (what `wt` starts itself)
    #[command(hide = true)]
    Deliver,
}

impl Arguments {
    /// Returns the word that names the command in `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.command {
            NotifyCommand::Test => "notify test",
            NotifyCommand::Deliver => "notify",
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// `not_found` where nobody is to be told; `untrusted`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    if matches!(arguments.command, NotifyCommand::Deliver) {
        let mut context = session.context_as_it_is_whatever_is_configured()?;
        // It is about every repository, wherever it was started.
        context.repository = None;
        return deliver::deliver(&context).map(|()| 0);
    }
    let report = trial::trial(&session.context_as_it_is()?)?;
    let is_well = report.sent.iter().all(|sent| sent.ok);
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
        return Ok(u8::from(!is_well));
    }
    let rows: Vec<TableRow> = report
        .sent
        .iter()
        .map(|sent| {
            let said = match (&sent.reason, sent.status) {
                (Some(reason), _) => reason.clone(),
                (None, Some(status)) => format!("answered {status}"),
                (None, None) => "took it".to_owned(),
            };
            TableRow::plain(vec![sent.via.clone(), sent.to.clone(), said, format!("{} ms", sent.ms)])
        })
        .collect();
    session.ui.answer(&table::render(session.ui, &[], &rows, &[]))?;
    Ok(u8::from(!is_well))
}
