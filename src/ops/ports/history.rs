//! Conflicts over ports and what was done about them, from the log of events.

use crate::context::Context;
use crate::error::Result;
use crate::model::event::filter;
use crate::model::history::HistoryFilter;
use crate::ops::events::{self, Report};

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
