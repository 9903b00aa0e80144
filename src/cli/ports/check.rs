//! `wt ports check`: one verdict about a port, with its reason and what to do next.

use clap::Args;

use crate::cli::session::Session;
use crate::error::Result;
use crate::model::port::Port;
use crate::ops::ports::{advice, sight};
use crate::ui::age::{age, moment};
use crate::ui::escape;

/// Say what a port is: free, whose, held by whom, and why; exit 0 when it is free
#[derive(Args, Debug)]
pub struct Arguments {
    /// The port
    #[arg(value_name = "PORT")]
    pub port: Port,
}

/// Runs the command; exit 1 when the port is not free.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    let ruling = sight::judge(&context, arguments.port)?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&ruling)?;
    } else {
        let since = ruling.owners.iter().find_map(|owner| owner.since);
        let since = since.map(|since| format!(", since {} ({})", moment(since), age(since, context.now())));
        let text = format!("{}: {}{}", ruling.port, ruling.told(), since.unwrap_or_default());
        ui.answer(&escape::line(&text))?;
        if let Some(next) = advice::next_step(&context, &ruling)? {
            ui.hint(&next);
        }
    }
    Ok(u8::from(!ruling.verdict.is_free()))
}
