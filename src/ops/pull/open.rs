//! Makes the worktree of a pull request, or moves the one that is there forward. A failure leaves nothing: no ref, no branch, no
//! remote.

use super::fetched::{self, Fetched, Local};
use super::update;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::foreign::{ForeignMark, Pull};
use crate::model::pull::WantedPull;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::create::{self, CreateOutcome, HeadWish, PulledBranch, Request};
use crate::ops::foreign;
use crate::ops::rows::{self, WorktreeRow};
use crate::ops::watch::Watch;

/// The purpose of a worktree that nobody named one for.
const PURPOSE: &str = "review";

/// Opens the pull request; `request` has what else was asked for.
///
/// # Errors
///
/// `not_found` where no remote serves it; `dirty` and `unpushed` where the worktree has something of its own in the way; what
/// stops a create.
pub fn open(
    context: &Context,
    wanted: &WantedPull,
    request: &Request,
    watch: &dyn Watch,
) -> Result<CreateOutcome> {
    let repository = context.require_repository()?;
    let _held = context.host.interrupt.hold();
    let mut warnings = Vec::new();
    let fetched = fetched::fetch(context, repository, wanted, &mut warnings)?;
    if let Some((row, entry)) = find_open(context, repository, &fetched.pull)? {
        let mut found = update::forward(context, repository, &row, &entry, &fetched)?;
        found.warnings.splice(0..0, warnings);
        return Ok(CreateOutcome::Found(Box::new(found)));
    }
    let made = make(context, repository, &fetched, request, watch);
    if made.is_err() && !fetched.was_kept {
        // It may be gone by the undo already; the first failure is the one to tell.
        let _ = repository.drop_pull(&fetched.kept, Some(&fetched.pull.head));
    }
    let mut report = made?;
    report.warnings.splice(0..0, warnings);
    Ok(CreateOutcome::Made(Box::new(report)))
}

/// Returns what a create of the pull request is asked for, but for what git knows.
///
/// # Errors
///
/// Fails where the built-in purpose is none.
pub(super) fn named(wanted: &WantedPull, request: &Request) -> Result<Request> {
    let internal = |message: String| Failure::new(Code::Internal, message);
    let purpose = request.purpose.clone().map_or_else(|| PURPOSE.parse().map_err(internal), Ok)?;
    let identifier = wanted.label().parse().map_err(internal)?;
    Ok(Request { identifier: Some(identifier), purpose: Some(purpose), ..request.clone() })
}

fn make(
    context: &Context,
    repository: &Repository,
    fetched: &Fetched,
    request: &Request,
    watch: &dyn Watch,
) -> Result<create::Report> {
    let local = match (&request.branch, request.head) {
        (_, HeadWish::Detached) => None,
        (Some(named), _) => Some(Local::New(named.clone())),
        (None, _) => Some(fetched.local_branch(repository)?),
    };
    let settings = match &local {
        Some(Local::New(name)) => Some(fetched.settings(repository, name)?),
        _ => None,
    };
    let made_remote = match &local {
        Some(Local::There(name)) => fetched.made_remote(repository, name),
        _ => settings.as_ref().and_then(|settings| Some(settings.made.as_ref()?.name.clone())),
    };
    let mark = ForeignMark { made_remote, ..fetched.mark() };
    let (kept, was_kept) = (fetched.kept.clone(), fetched.was_kept);
    let usual = named(&fetched.wanted, request)?;
    let request = Request {
        branch: local.as_ref().map(|local| match local {
            Local::New(name) | Local::There(name) => name.clone(),
        }),
        head: match &local {
            None => HeadWish::Detached,
            Some(Local::New(_)) => HeadWish::NewBranch,
            Some(Local::There(_)) => HeadWish::Branch,
        },
        base: (!matches!(local, Some(Local::There(_)))).then(|| kept.clone()),
        take_over: false,
        reuse: true,
        pull: Some(Box::new(PulledBranch { mark, settings, kept, was_kept })),
        ..usual
    };
    let mut report = create::apply(context, create::plan(context, &request)?, watch)?;
    if matches!(local, Some(Local::There(_)))
        && let Some((row, entry)) = find_open(context, repository, &fetched.pull)?
    {
        // What is in the way there stays, and is no failure of the create.
        match update::forward(context, repository, &row, &entry, fetched) {
            Ok(found) => {
                report.warnings.extend(found.warnings);
                report.worktree = found.worktree;
            }
            Err(failure) => report.warnings.push(failure.message().to_owned()),
        }
    }
    Ok(report)
}

/// Returns the worktree in which the pull request is open already.
pub(super) fn find_open(
    context: &Context,
    repository: &Repository,
    pull: &Pull,
) -> Result<Option<(WorktreeRow, Entry)>> {
    let registry = context.store()?.read()?;
    let is_it = |row: &WorktreeRow| {
        let standing = foreign::of_row(repository, row);
        let known = standing.pull();
        known.is_some_and(|known| known.reference == pull.reference && known.remote == pull.remote)
    };
    let rows = rows::rows(repository, &registry)?.into_iter();
    let mut open = rows.filter(|row| !row.is_missing() && row.worktree.is_some()).filter_map(|row| {
        let entry = row.entry.clone().filter(|entry| entry.state == EntryState::Active)?;
        let entry = Entry { path: row.path().to_path_buf(), ..entry };
        is_it(&row).then_some((row, entry))
    });
    Ok(open.next())
}
