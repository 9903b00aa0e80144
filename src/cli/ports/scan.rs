//! `wt ports scan`: who listens in our ranges, and what could be adopted.

use clap::Args;

use crate::cli::session::Session;
use crate::error::Result;
use crate::model::port::PortRange;
use crate::model::port::holder::Holder;
use crate::ops::create::WayOut;
use crate::ops::ports::allocate::{self, Request};
use crate::ops::ports::scan;
use crate::ui::prompt;
use crate::ui::table::{self, TableRow};

/// Show who listens in our ranges, and offer to record what belongs to a worktree
#[derive(Args, Debug)]
pub struct Arguments {
    /// These ports; every configured range when left out
    #[arg(value_name = "FIRST[-LAST]")]
    pub range: Option<PortRange>,
}

/// Runs the command.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context_as_it_is_whatever_is_configured()?;
    let report = scan::scan(&context, arguments.range)?;
    let ui = session.ui;
    report.looked_at.iter().for_each(|place| ui.say_more(&format!("looked at {place}")));
    if ui.is_json() {
        ui.answer_json(&report)?;
        return Ok(0);
    }
    let found = report.ports;
    // Programs get the word, people what it means.
    let is_for_eyes = ui.width().is_some();
    let rows = found.iter().map(|seen| {
        let known = &seen.ruling;
        let of_each =
            |tell: fn(&Holder) -> String| known.owners.iter().map(tell).collect::<Vec<_>>().join(",");
        TableRow::plain(vec![
            known.port.to_string(),
            if is_for_eyes { known.verdict.sentence() } else { known.verdict.as_str() }.to_owned(),
            of_each(|owner| owner.pid.map(|pid| pid.to_string()).unwrap_or_default()),
            of_each(|owner| owner.command.clone().unwrap_or_default()),
            known.reason.clone(),
        ])
    });
    let rows: Vec<TableRow> = rows.collect();
    if rows.is_empty() {
        ui.say("nobody listens there");
    } else {
        ui.answer(&table::render(ui, &["PORT", "VERDICT", "PID", "COMMAND", "WHO"], &rows, &[]))?;
    }
    for (port, offer) in found.iter().filter_map(|seen| Some((seen.ruling.port, seen.offer.as_ref()?))) {
        let question = format!("Record port {port} as `{}` of `{}`?", offer.service, offer.worktree);
        if ui.is_interactive() && prompt::confirm(ui, &question)? {
            let worktree = Some(offer.worktree.clone());
            let services = vec![offer.service.clone()];
            let request = Request {
                worktree,
                services,
                port: Some(port),
                gives_way: false,
                way_out: WayOut::OnConflict,
            };
            allocate::allocate(&context, &request)?;
            ui.say(&format!("port {port} belongs to `{}` now", offer.worktree));
        } else {
            ui.hint(&format!("`{}` records it", offer.command));
        }
    }
    Ok(0)
}
