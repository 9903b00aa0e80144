//! `wt adopt`: records worktrees that something else made.

use std::path::PathBuf;

use clap::Args;

use super::session::Session;
use super::{show, wishes};
use crate::error::Result;
use crate::model::advised::wt;
use crate::model::view::WorktreeView;
use crate::ops::adopt;
use crate::ui::escape;

/// Record worktrees that git, an editor or an agent made
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folders of worktrees; without one, every unregistered worktree of the repository
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Make the main worktree a member: with services, health, and ports that no other worktree is given
    #[arg(long, conflicts_with = "paths")]
    pub main: bool,
    /// Let the main worktree leave again: its ports are free, its files stay
    #[arg(long, requires = "main", conflicts_with_all = ["ports", "purpose", "paths"])]
    pub no_ports: bool,
    /// Their purpose [default: what the branch's name says]
    #[arg(short, long, value_name = "PURPOSE")]
    pub purpose: Option<String>,
    /// Allocate ports: for the purpose's services, that many, or for the services named
    #[arg(long, value_name = "N|SERVICE,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub ports: Option<String>,
    /// Take the claims on their branches from whoever has them
    #[arg(long, conflicts_with = "main")]
    pub take_over: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found` for a folder that is no worktree here, and what stops ports or the env block.
pub fn run(arguments: Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?.taking_over(arguments.take_over);
    let known = context.config.purposes.iter().map(|(purpose, _)| purpose);
    let purpose = arguments.purpose.as_deref().map(|text| wishes::purpose(text, known)).transpose()?;
    let ports = wishes::ports(arguments.ports.as_deref(), None, "without `--ports` it takes none")?;
    let report = match (arguments.main, arguments.no_ports) {
        (true, true) => adopt::leave_main(&context)?,
        (true, false) => adopt::adopt_main(&context, purpose.as_ref(), &ports)?,
        _ => adopt::adopt(
            &context,
            &adopt::Request { paths: arguments.paths, purpose, ports, gives_way: false },
        )?,
    };
    let ui = session.ui;
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(&report)?;
    } else if arguments.no_ports {
        let name = report.worktree.map(|worktree| worktree.name).unwrap_or_default();
        let name = escape::line(&name);
        let left =
            format!("{} {name}: its ports are free, its files stay as they are", ui.paint().done("Released"));
        let none = format!("{name} is no member: nothing to do");
        ui.answer(if report.left { &left } else { &none })?;
    } else if report.worktrees.is_empty() {
        ui.say("every worktree of this repository is registered already");
    } else {
        let verb = |before: bool| if before { "Recorded already" } else { "Adopted" };
        let all = report.worktrees.iter().zip(&report.recorded_before);
        let texts: String =
            all.map(|(worktree, before)| show::lines(ui.paint(), verb(*before), worktree)).collect();
        ui.answer(&texts)?;
        let is_new = |(worktree, before): &(&WorktreeView, &bool)| !worktree.main && !**before;
        let new: Vec<_> = report.worktrees.iter().zip(&report.recorded_before).filter(is_new).collect();
        if let (Some((worktree, _)), false) = (new.first(), context.config.worktree.setup.is_empty()) {
            let setup = wt("setup {}", &[&worktree.name]);
            ui.hint(&format!("adopting runs no setup: `{setup}` does"));
        }
    }
    Ok(0)
}
