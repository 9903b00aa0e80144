//! `wt carry`: which worktrees are meant, and what is carried into each.

use schemars::JsonSchema;
use serde::Serialize;

use super::report::Refreshed;
use super::{again, plan, record};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::find::{self, FoundWorktree};
use crate::ops::watch::Watch;
use crate::ops::{foreign, rows};

/// A wish to carry once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names; empty for the worktree we stand in, or all.
    pub names: Vec<String>,
    pub all: bool,
    /// Whether what the user made gives way.
    pub force: bool,
    pub dry_run: bool,
}

/// What was carried.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Report {
    pub carried: Vec<Refreshed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it did not go on.
    #[serde(skip)]
    pub stopped: Option<Failure>,
}

/// Carries into each worktree that is meant, one after the other.
///
/// # Errors
///
/// `not_found`, `ambiguous`, `usage` for the main worktree, before anything is carried. What stops it later is in the report.
pub fn refresh(context: &Context, request: &Request, watch: &dyn Watch) -> Result<Report> {
    let repository = context.require_repository()?;
    let mut report = Report { carried: Vec::new(), warnings: Vec::new(), stopped: None };
    let entries = entries(context, repository, request, &mut report.warnings)?;
    let _held = (!request.dry_run).then(|| context.host.interrupt.hold());
    for entry in entries {
        match into_one(context, repository, &entry, request, watch, &mut report.warnings) {
            Ok(carried) => report.carried.push(carried),
            Err(failure) => {
                report.stopped = Some(failure);
                break;
            }
        }
    }
    Ok(report)
}

fn into_one(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    request: &Request,
    watch: &dyn Watch,
    warnings: &mut Vec<String>,
) -> Result<Refreshed> {
    context.host.interrupt.check()?;
    let recorded = record::file(context, entry)?.find().map(|record| record.source);
    let plan = plan::again(context, repository, recorded)?;
    for warning in &plan.warnings {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    if request.dry_run {
        return Ok(again::draft(context, repository, &plan, entry, request.force, warnings)?.report());
    }
    let hold = again::hold(context, entry)?;
    warnings.extend(again::clear_leftovers(context, &plan, entry)?);
    let carried =
        again::draft(context, repository, &plan, entry, request.force, warnings)?.apply(context, watch);
    hold.release();
    carried
}

fn entries(
    context: &Context,
    repository: &Repository,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Vec<Entry>> {
    let registry = context.store()?.read()?;
    if request.all {
        let linked = rows::rows(repository, &registry)?.into_iter().filter(|row| !row.is_main());
        let mut entries = Vec::new();
        for found in linked.map(FoundWorktree::from) {
            let name = found.name.clone();
            match require(repository, found) {
                Ok(entry) => entries.push(entry),
                Err(failure) => warnings.push(format!("{name} is passed over: {}", failure.message())),
            }
        }
        return Ok(entries);
    }
    let found = match &request.names[..] {
        [] => vec![find::here(context)?],
        names => names.iter().map(|name| find::named(context, &registry, name)).collect::<Result<_>>()?,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for found in found {
        let entry = require(repository, found)?;
        if entries.iter().all(|known| known.sequence != entry.sequence) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Returns the entry of a worktree into which anything can be carried.
fn require(repository: &Repository, found: FoundWorktree) -> Result<Entry> {
    if found.is_main {
        let message =
            format!("{} is the main worktree: it is where others are carried from", found.path.display());
        return Err(Failure::new(Code::Usage, message).hint("name a linked worktree; `wt list` shows them"));
    }
    let is_there = found.worktree.as_ref().is_some_and(|worktree| !worktree.missing) && found.path.is_dir();
    let Some(mut entry) = found.entry else {
        let message = format!("worktree `{}` is not recorded, so nothing of its copies can be", found.name);
        let adopt = wt("adopt {}", &[&found.path.display()]);
        return Err(Failure::new(Code::NotFound, message).hint(format!("`{adopt}` records it")));
    };
    if !is_there {
        let message = format!("the folder of `{}` is not there", found.name);
        return Err(Failure::new(Code::NotFound, message).hint("`wt list` shows the worktrees"));
    }
    if entry.state != EntryState::Active {
        let message = format!("another command is at work on `{}`", found.name);
        return Err(Failure::new(Code::Locked, message).hint("wait until it is done, then try again"));
    }
    entry.path = found.path;
    foreign::require_own(repository, &entry)?;
    Ok(entry)
}
