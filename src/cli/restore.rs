//! `wt restore`: undoes a removal, or lists what can be restored.

use crate::ui::age::age;
use clap::Args;

use super::session::Session;
use super::show;
use crate::context::Context;
use crate::error::Result;
use crate::ops::restore;
use crate::ui::age::left;
use crate::ui::table::{self, TableRow};

/// Bring a removed worktree back, with its uncommitted changes
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name of the removed worktree, or its token where several had one name; without one, lists what can be restored
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Take the claim on its branch from whoever has it
    #[arg(long, requires = "name")]
    pub take_over: bool,
}

/// Runs the command.
///
/// # Errors
///
/// `not_found`, and what stands in the way of bringing it back.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?.taking_over(arguments.take_over);
    let Some(name) = &arguments.name else { return list(&context, session) };
    let report = restore::restore(&context, name)?;
    report.warnings.iter().for_each(|warning| session.ui.warn(warning));
    if session.ui.is_json() {
        session.ui.answer_json(&report)?;
    } else {
        session.ui.answer(&show::lines(session.ui.paint(), "Restored", &report.worktree))?;
    }
    Ok(0)
}

fn list(context: &Context, session: &Session<'_>) -> Result<u8> {
    let restorable = restore::restorable(context)?;
    if session.ui.is_json() {
        session.ui.answer_json(&restorable)?;
        return Ok(0);
    }
    if restorable.restorable.is_empty() {
        session.ui.say("nothing can be restored here");
        return Ok(0);
    }
    let restorable = restorable.restorable;
    let now = context.now();
    let names: Vec<String> = restorable.iter().map(|removed| removed.name.clone()).collect();
    let is_doubled = |name: &str| names.iter().filter(|known| *known == name).count() > 1;
    let shows_tokens = names.iter().any(|name| is_doubled(name));
    let rows: Vec<TableRow> = restorable
        .into_iter()
        .map(|removed| {
            let left = left(removed.until, now);
            let branch = removed.branch.unwrap_or_default();
            let path = removed.path.to_string_lossy().into_owned();
            let token = if is_doubled(&removed.name) {
                restore::short(&removed.token).to_owned()
            } else {
                String::new()
            };
            let mut cells = vec![removed.name, branch, age(removed.removed_at, now), left, path];
            if shows_tokens {
                // Last, so that no other column moves.
                cells.push(token);
            }
            TableRow::plain(cells)
        })
        .collect();
    let mut heads = vec!["NAME", "BRANCH", "REMOVED", "TIME LEFT", "PATH"];
    if shows_tokens {
        heads.push("TOKEN");
    }
    session.ui.answer(&table::render(session.ui, &heads, &rows, &[]))?;
    Ok(0)
}
