//! `wt ports owner`: who holds a port.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;

use crate::cli::session::Session;
use crate::error::Result;
use crate::model::port::Port;
use crate::ops::ports::holders::Profile;
use crate::ops::ports::owners;
use crate::ui::age::{age, moment};
use crate::ui::escape;
use crate::ui::paint::Paint;

/// Show who holds a port: process, folder, user, start time, parents, worktree
#[derive(Args, Debug)]
pub struct Arguments {
    /// The port
    #[arg(value_name = "PORT")]
    pub port: Port,
}

/// Runs the command; exit 1 when nobody holds the port.
///
/// # Errors
///
/// The failures of the operation.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    let port = arguments.port;
    let found = owners::owners(&context, port)?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&found)?;
    } else if found.owners.is_empty() {
        ui.say(&format!("nobody listens on port {port}"));
        if found.busy {
            ui.say("it is not free all the same: a connection that goes out from it has it, or a process out of sight");
        }
    } else {
        let now = context.now();
        let shown: Vec<String> = found
            .owners
            .iter()
            .zip(&found.relations)
            .map(|(holder, relation)| described(holder, relation, port, now, ui.paint()))
            .collect();
        ui.answer(&shown.join("\n"))?;
        if let Some(hint) = &found.hint {
            ui.hint(hint);
        }
    }
    Ok(u8::from(found.owners.is_empty()))
}

/// One holder, a fact to each line.
fn described(holder: &Profile, relation: &str, port: Port, now: Timestamp, paint: Paint) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {}{}", paint.faint(format!("{label:<10}")), escape::line(value));
        }
    };
    let command = holder.command.as_deref().unwrap_or("a process out of sight");
    let verb = if holder.listening { "listens on" } else { "is bound to" };
    let pid = holder.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    let addresses: Vec<String> = holder.addresses.iter().map(ToString::to_string).collect();
    line("command", &holder.command_line.join(" "));
    line("folder", &holder.folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default());
    line("worktree", relation);
    line("user", holder.user.as_deref().unwrap_or_default());
    let since = holder.since.map(|since| match age(since, now).as_str() {
        "now" => format!("{} (just now)", moment(since)),
        age => format!("{} ({age} ago)", moment(since)),
    });
    line("since", &since.unwrap_or_default());
    line("address", &addresses.join(", "));
    let parents: Vec<String> =
        holder.parents.iter().map(|parent| format!("{} ({})", parent.command, parent.pid)).collect();
    line("parents", &parents.join(" < "));
    format!("{} {verb} port {port}\n{text}", paint.strong(escape::line(&format!("{command}{pid}"))))
}
