//! The log of events: what is on record, and what comes.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::events::{self, Tail};
use crate::model::event::Event;
use crate::model::event::filter::EventFilter;

/// What the log tells.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    /// The newest last.
    pub events: Vec<Event>,
    /// How many lines of the log could not be read.
    #[serde(skip)]
    pub unreadable: usize,
}

/// Returns whose events are meant: this repository's; everybody's where `all` says so, or outside of one.
#[must_use]
pub fn scope(context: &Context, all: bool) -> Option<PathBuf> {
    let repository = context.repository.as_ref().filter(|_| !all);
    repository.map(|repository| repository.root().to_path_buf())
}

/// Returns the events that `filter` admits.
///
/// # Errors
///
/// Fails when the log cannot be read.
pub fn events(context: &Context, filter: &EventFilter) -> Result<Report> {
    let dirs = context.host.dirs()?;
    let (mut events, unreadable) = events::read(dirs.state()).map_err(|error| unread(dirs.state(), error))?;
    events.retain(|event| filter.admits(event));
    Ok(Report { events, unreadable })
}

/// Whoever waits for events.
#[derive(Debug)]
pub struct Follower {
    filter: EventFilter,
    folder: PathBuf,
    tail: Tail,
}

impl Follower {
    /// Waits for what comes; where the filter names a time, what came since then comes first.
    ///
    /// # Errors
    ///
    /// Fails when the log cannot be read.
    pub fn begin(context: &Context, filter: EventFilter) -> Result<Self> {
        let folder = context.host.dirs()?.state().to_path_buf();
        let tail = if filter.since.is_some() { Tail::of_all(&folder) } else { Tail::of_new(&folder) };
        let tail = tail.map_err(|error| unread(&folder, error))?;
        Ok(Self { filter, folder, tail })
    }

    /// Returns what came since it was asked last.
    ///
    /// # Errors
    ///
    /// Fails when the log cannot be read.
    pub fn look(&mut self) -> Result<Vec<Event>> {
        let mut events = self.tail.read_on().map_err(|error| unread(&self.folder, error))?;
        events.retain(|event| self.filter.admits(event));
        Ok(events)
    }
}

/// The failure of whoever cannot read the log.
pub fn unread(folder: &std::path::Path, error: std::io::Error) -> Failure {
    let message = format!("the log in {} cannot be read", folder.display());
    Failure::from_io(error, Code::Permission, message)
}
