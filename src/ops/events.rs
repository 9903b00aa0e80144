//! The log of events: what is on record, and what comes.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::events::{self, Tail};
use crate::model::event::Event;
use crate::model::event::filter::EventFilter;
use crate::model::registry::entry::Entry;
use crate::model::resolve::Naming;
use crate::ops::elsewhere;
use crate::ops::find;
use crate::ops::restorable;

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

/// Whose events are meant where one worktree is: a repository's, or everybody's where it is `None`, and the worktree's name.
pub type Subject = (Option<PathBuf>, String);

/// Finds the worktree whose events are meant: one that is there, by whatever it is called by; else one that is gone, by the
/// name that the log has for it, or by what a record that is still kept says it was called.
///
/// # Errors
///
/// `not_found` for a name that no worktree has or had; `ambiguous` with the candidates.
pub fn subject(context: &Context, wanted: &str, all: bool) -> Result<Subject> {
    let registry = context.store()?.read()?;
    let scope = scope(context, all);
    let here = match &context.repository {
        Some(_) => find::find_named(context, &registry, wanted)?,
        None => None,
    };
    if let Some(found) = here {
        return Ok((scope, found.name));
    }
    let filter = EventFilter {
        repository: scope.clone(),
        worktree: Some(wanted.to_owned()),
        ..EventFilter::default()
    };
    if !events(context, &filter)?.events.is_empty() {
        return Ok((scope, wanted.to_owned()));
    }
    let is_former = |entry: &&Entry| {
        !entry.is_living()
            && scope.as_ref().is_none_or(|root| entry.repository == *root)
            && restorable::is_called(entry, wanted)
    };
    if let Some(former) = registry.entries().filter(is_former).max_by_key(|entry| entry.sequence) {
        return Ok((scope, former.name.clone()));
    }
    let spot = elsewhere::anywhere(context, &registry, wanted, Naming::Whole)?;
    let root = spot.home.map(|home| home.root).or(scope);
    Ok((root.filter(|_| !all), spot.found.name))
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

/// Returns the events behind the one with that sequence.
///
/// # Errors
///
/// Fails when the log cannot be read.
pub fn behind(context: &Context, sequence: u64) -> Result<Vec<Event>> {
    let dirs = context.host.dirs()?;
    events::read_behind(dirs.state(), sequence).map_err(|error| unread(dirs.state(), error))
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
    pub fn read_on(&mut self) -> Result<Vec<Event>> {
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
