//! Conflicts over ports and what was done about them, from the log of events.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::events;
use crate::model::event::Event;
use crate::model::history::Filter;
use crate::model::sign::Sign;
use crate::ops::find;

/// What the log tells.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    /// The newest last.
    pub events: Vec<Event>,
    /// How many lines of the log could not be read.
    #[serde(skip)]
    pub unreadable: usize,
}

/// Returns the events that `filter` admits.
///
/// # Errors
///
/// Fails when the log cannot be read.
pub fn history(context: &Context, filter: &Filter) -> Result<Report> {
    let folder = context.host.dirs()?;
    let (mut events, unreadable) = events::read(folder.state()).map_err(|error| {
        let message = format!("the log in {} cannot be read", folder.state().display());
        Failure::from_io(error, Code::Permission, message)
    })?;
    events.retain(|event| filter.admits(event));
    Ok(Report { events, unreadable })
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
