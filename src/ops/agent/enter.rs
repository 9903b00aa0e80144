//! A session of an agent begins: the worktree is recorded if need be, marked, and the agent told what is its own there.
//! Nothing here fails: what went wrong is said in the answer.

use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::sessions::{lives, marks, write};
use super::{is_carrying, readying};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::host::git::{Current, Repository};
use crate::model::adoption::AdoptionGround;
use crate::model::agent::marker::{self, CallingAgent, Marker};
use crate::model::agent::saying::{self, SayingFacts};
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::setup::SetupState;
use crate::model::view::WorktreeView;
use crate::ops::adopt::unasked;
use crate::ops::arrival::{Arrival, arrive};
use crate::ops::foreign::{self, is_foreign};
use crate::ops::{rows, view};

/// What the session is told.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct Report {
    /// The worktree that it works in; absent where there is none of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<WorktreeView>,
    /// Whether it was recorded just now.
    pub adopted: bool,
    /// The text for the agent; empty where there is nothing to say.
    pub context: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Begins a session in the worktree that the context stands in. `is_sound` says whether all of the configuration could be
/// read: without that nothing is recorded.
#[must_use]
pub fn enter(context: &Context, caller: &CallingAgent, is_sound: bool, warnings: Vec<String>) -> Report {
    let mut report = Report { warnings, ..Report::default() };
    let Some(repository) = &context.repository else { return report };
    let Some(current) = repository.current() else { return report };
    let entry = match require_entry(context, repository, current, is_sound, &mut report) {
        Ok(entry) => entry,
        Err(failure) => {
            note(&mut report, &failure);
            None
        }
    };
    let Some(entry) = entry else {
        // In a linked worktree the agent looks for ports in vain: it is told why.
        if current.admin.is_some() {
            let is_foreign = foreign::is_foreign_here(&context.host, repository);
            report.context = saying::troubles(is_foreign, &report.warnings);
        }
        return report;
    };
    let entry = mark(context, repository, &entry, caller).unwrap_or_else(|failure| {
        note(&mut report, &failure);
        entry
    });
    match view::of_entry(context, repository, &entry) {
        Ok(worktree) => {
            report.context = saying(repository, &entry, &worktree, &report.warnings, context.now());
            report.worktree = Some(worktree);
        }
        Err(failure) => note(&mut report, &failure),
    }
    report
}

fn note(report: &mut Report, failure: &Failure) {
    let hint = failure.next_step().map(|hint| format!(" ({hint})")).unwrap_or_default();
    report.warnings.push(format!("{}{hint}", failure.message()));
}

/// The record of the worktree; `None` for one that is nobody's business of ours.
fn require_entry(
    context: &Context,
    repository: &Repository,
    current: &Current,
    is_sound: bool,
    report: &mut Report,
) -> Result<Option<Entry>> {
    if let Some(entry) = find(repository, &*context.store()?.read()?, current) {
        return Ok(Some(entry));
    }
    if current.admin.is_none() || !context.config.adopt.agents || !is_sound {
        return Ok(None);
    }
    report.warnings.extend(arrive(context, Arrival::Obstacle).said);
    if let Some(recorded) = record(context, repository, &current.path)? {
        report.adopted = true;
        if let Some((refused, allocate)) = recorded.without_ports {
            report.warnings.push(format!(
                "this worktree has no ports: {} (`{allocate}` when that is settled)",
                refused.message()
            ));
        }
        report.warnings.extend(recorded.warnings);
    }
    Ok(find(repository, &*context.store()?.read()?, current))
}

fn record(
    context: &Context,
    repository: &Repository,
    path: &Path,
) -> Result<Option<unasked::AdoptedInPassing>> {
    let Some(worktree) = repository.find_worktree(path)? else { return Ok(None) };
    unasked::record(context, path, AdoptionGround::of(&worktree.head, worktree.returning.as_ref()), true)
}

fn find(repository: &Repository, registry: &Registry, current: &Current) -> Option<Entry> {
    let found = rows::find_current(repository, registry).filter(|entry| entry.state == EntryState::Active)?;
    // It may have been moved: where it is now counts.
    Some(Entry { path: current.path.clone(), ..found.clone() })
}

/// Marks the worktree as the caller's, and has it made ready where that is due. Writes only what is news.
fn mark(context: &Context, repository: &Repository, entry: &Entry, caller: &CallingAgent) -> Result<Entry> {
    let now = context.now();
    let entered = |marks: Vec<Marker>| marker::entered(marks, caller, now, &lives);
    // The same session elsewhere has moved on.
    let is_behind = |known: &Entry| {
        known.sequence != entry.sequence
            && caller.session.is_some()
            && marks(known)
                .iter()
                .any(|mark| mark.session == caller.session && mark.process == caller.process)
    };
    let registry = context.store()?.read()?;
    let is_due = readying::is_due(context, repository, entry);
    let is_news = entered(marks(entry)) != marks(entry) || registry.entries().any(is_behind);
    if !is_due && !is_news {
        return Ok(entry.clone());
    }
    let marked = context.store()?.update(|registry| {
        for known in registry.entries_mut().filter(|known| is_behind(known)) {
            let rest: Vec<Marker> =
                marks(known).into_iter().filter(|mark| mark.session != caller.session).collect();
            write(known, &rest);
        }
        let Some(known) = registry.find_by_sequence(entry.sequence) else { return Ok(None) };
        let new = entered(marks(known));
        write(known, &new);
        if is_due {
            readying::begin(known, now);
        }
        Ok(Some(known.clone()))
    })?;
    let Some(marked) = marked else { return Ok(entry.clone()) };
    let marked = Entry { path: entry.path.clone(), ..marked };
    if is_due {
        readying::start(context, repository, &marked)?;
    }
    Ok(marked)
}

fn saying(
    repository: &Repository,
    entry: &Entry,
    worktree: &WorktreeView,
    troubles: &[String],
    now: Timestamp,
) -> String {
    let is_setting_up = worktree.setup.as_ref().is_some_and(|setup| setup.state == SetupState::Running);
    let files = entry.block_files();
    saying::text(&SayingFacts {
        name: &worktree.name,
        repository: &repository.name(),
        branch: worktree.branch.as_deref(),
        purpose: worktree.purpose.as_ref().map(Purpose::as_str),
        services: worktree
            .ports
            .iter()
            .map(|port| (port.service.as_str(), port.port, port.url.as_deref()))
            .collect(),
        env_file: files.first().map(String::as_str),
        is_foreign: is_foreign(repository, entry),
        is_being_made_ready: is_setting_up || is_carrying(entry) || readying::is_beginning(entry, now),
        troubles: troubles.to_vec(),
    })
}
