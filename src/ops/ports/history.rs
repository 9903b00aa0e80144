//! Conflicts over ports and what was done about them, from the log of events.

use crate::context::Context;
use crate::error::Result;
use crate::model::event::filter;
use crate::model::history::HistoryFilter;
use crate::model::sign::Sign;
use crate::ops::events::{self, Report};
use crate::ops::find;

/// Returns the events that `filter` admits.
///
/// # Errors
///
/// Fails when the log cannot be read.
pub fn history(context: &Context, filter: &HistoryFilter) -> Result<Report> {
    let mut report = events::events(context, &filter::EventFilter::default())?;
    report.events.retain(|event| filter.admits(event));
    Ok(report)
}

/// Returns the name that the log has for `wanted`: that of the worktree that `^` or `@` stands for, else the word itself,
/// since the worktree may be gone.
///
/// # Errors
///
/// As [`find::find_signed`].
pub fn name_of(context: &Context, wanted: &str) -> Result<String> {
    if Sign::find(wanted).is_none() {
        return Ok(wanted.to_owned());
    }
    let found = find::find_signed(context, &*context.store()?.read()?, wanted)?;
    Ok(found.map_or_else(|| wanted.to_owned(), |found| found.name))
}
