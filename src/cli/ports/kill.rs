//! `wt ports kill`: frees a port by ending who holds it, once that is agreed.

use std::fmt::Write;
use std::time::Duration;

use clap::Args;

use crate::cli::session::Session;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::policy::Before;
use crate::model::port::Port;
use crate::model::port::words::Words;
use crate::model::process::killing::{self, Consent};
use crate::model::quantity;
use crate::model::signal::EndSignal;
use crate::ops::ports::holders::Profile;
use crate::ops::ports::kill::{self, KillWay, Plan, RefusedHolder, Report};
use crate::ops::ports::owners;
use crate::ui::{escape, prompt};

/// Free a port: end the processes that listen on it, gently first
#[derive(Args, Debug)]
pub struct Arguments {
    /// The port
    #[arg(value_name = "PORT")]
    pub port: Port,
    /// The first signal, by name or number
    #[arg(long, value_name = "SIGNAL", default_value = "TERM")]
    pub signal: EndSignal,
    /// How long they may take to end before they are killed
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = quantity::duration)]
    pub timeout: Duration,
    /// Also databases, other users' processes and what serves containers
    #[arg(short, long)]
    pub force: bool,
}

/// Runs the command; exit 0 only when the port is free afterwards.
///
/// # Errors
///
/// `port_conflict` when the port changed hands meanwhile; `interrupted`.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    let before = session.before_killing(&context)?;
    let port = arguments.port;
    let plan = kill::plan(&context, port, arguments.force)?;
    if !plan.refused.is_empty() {
        let refused = plan.refused.clone();
        return ended(session, &Report { refused, ..kill::untouched(port)? }, &plan);
    }
    if plan.targets.is_empty() {
        return ended(session, &kill::untouched(port)?, &plan);
    }
    let agreed = session.global.yes || arguments.force;
    if let Some(stop) = owners::stop(&context, port, &plan.targets)?.filter(|_| !agreed) {
        session.ui.warn(&format!(
            "a service of ours runs there: ended like this it counts as failed, and what needs it is stopped too; `{stop}` stops it"
        ));
    }
    if let Some((service, users)) = owners::shared(&context, port)?.filter(|(_, users)| !users.is_empty()) {
        session.ui.warn(&format!("`{service}` serves all worktrees; they use it: {}", users.join(", ")));
    }
    let is_agreed = session.global.yes || before == Before::Nothing;
    match killing::consent(plan.is_all_ours(), is_agreed, session.ui.is_interactive()) {
        Consent::Given => {}
        Consent::Ask => {
            let targets = owners::told(&context, port, &plan.targets)?;
            for target in &targets {
                session.ui.say(&escape::line(target));
            }
            if !prompt::confirm(session.ui, &format!("End what holds port {port}?"))? {
                session.ui.say("nothing was ended");
                return Ok(1);
            }
        }
        Consent::Missing => {
            let refused = plan.targets.iter().filter(|holder| holder.belongs_to.is_none()).map(unagreed);
            return ended(session, &Report { refused: refused.collect(), ..kill::untouched(port)? }, &plan);
        }
    }
    let way = KillWay { signal: arguments.signal, timeout: arguments.timeout };
    ended(session, &kill::apply(&context, &plan, way)?, &plan)
}

fn unagreed(holder: &Profile) -> RefusedHolder {
    RefusedHolder {
        pid: holder.pid,
        command: holder.command.clone(),
        reason: "it belongs to no worktree of ours: `--yes` agrees to end it".to_owned(),
        is_final: true,
    }
}

pub(super) fn named(command: Option<&str>, pid: Option<u32>) -> String {
    Words { command, pid, ..Words::default() }.sentence()
}

fn ended(session: &Session<'_>, report: &Report, plan: &Plan) -> Result<u8> {
    let ui = session.ui;
    if ui.is_json() {
        let failure = (!report.free).then(|| failure(report, plan));
        ui.answer_json_beside(report, failure.as_ref())?;
    } else {
        let paint = ui.paint();
        let mut text = String::new();
        for killed in &report.killed {
            let by = killed.signal.map(|signal| format!(" by {signal}")).unwrap_or_default();
            let who = escape::line(&named(Some(&killed.command), Some(killed.pid))).into_owned();
            let _ = writeln!(text, "{} {who}{by}", paint.done("Ended"));
        }
        if report.free {
            let _ = writeln!(text, "Port {} is free", report.port);
        }
        ui.answer(&text)?;
        for survivor in report.survivors.iter().filter(|survivor| !survivor.holds) {
            let who = named(Some(&survivor.command), Some(survivor.pid));
            ui.say(&format!("{who} let go of the port and still runs"));
        }
        if !report.free {
            ui.complain(&failure(report, plan));
        }
    }
    Ok(u8::from(!report.free))
}

/// Why the port is not free.
fn failure(report: &Report, plan: &Plan) -> Failure {
    let port = report.port;
    let mut lines = vec![format!("port {port} is not free")];
    for refused in &report.refused {
        let who = named(refused.command.as_deref(), refused.pid);
        let who = escape::line(&who);
        lines.push(format!("{who} is left alone: {}", refused.reason));
    }
    let spared = if report.killed.is_empty() && !report.refused.is_empty() { plan.targets.len() } else { 0 };
    let others =
        plan.targets.iter().filter(|target| !report.refused.iter().any(|known| known.pid == target.pid));
    if spared > 0 && others.count() > 0 {
        lines.push("so the others that hold it are left alone too".to_owned());
    }
    for survivor in report.survivors.iter().filter(|survivor| survivor.holds) {
        lines.push(format!("{} survived", named(Some(&survivor.command), Some(survivor.pid))));
    }
    for taken in &report.taken_by {
        let who = named(taken.command.as_deref(), taken.pid);
        lines.push(format!("{who} took it again at once: stop what starts it"));
    }
    if lines.len() == 1 {
        lines.push("nobody listens on it: a connection has it, or a process out of sight".to_owned());
    }
    let failure = Failure::new(Code::PortConflict, lines.join("\n"));
    let is_forcible = !report.refused.is_empty() && report.refused.iter().all(|refused| !refused.is_final);
    if is_forcible {
        return failure
            .hint(format!("`{kill}` ends it all the same", kill = wt("ports kill {} --force", &[&port])));
    }
    if plan.refused.is_empty() && report.killed.is_empty() && !report.refused.is_empty() {
        return failure.hint(format!("`{kill}` ends it", kill = wt("ports kill {} --yes", &[&port])));
    }
    failure.hint(format!(
        "`{owner}` shows who holds it and what started it",
        owner = wt("ports owner {}", &[&port])
    ))
}
