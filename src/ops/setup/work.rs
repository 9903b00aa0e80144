//! A setup that is at work: who runs it, what it started, and how others wait for it or end it.

use std::path::PathBuf;
use std::time::Duration;

use super::order::{end, log_folder, marker};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::lock;
use crate::host::process::identity;
use crate::host::services::kin::{self, Kin};
use crate::model::process::ProcessId;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::setup::{Setup, SetupState, SetupView};

/// Between two looks whether a setup has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Returns the lock file that the `wt` which runs a worktree's setup holds.
pub(super) fn lock_file(context: &Context, entry: &Entry) -> Result<PathBuf> {
    lock_called(context, entry, "setup")
}

/// Returns the one that the `wt` holds which runs the commands in the background.
pub(super) fn background_lock(context: &Context, entry: &Entry) -> Result<PathBuf> {
    lock_called(context, entry, "background")
}

fn lock_called(context: &Context, entry: &Entry, what: &str) -> Result<PathBuf> {
    let name = format!("{what}-{}-{}", entry.sequence, entry.created_at.as_second());
    Ok(context.host.dirs()?.creating_folder()?.join(name))
}

/// Answers whether a `wt` is at work on the worktree's setup.
#[must_use]
pub fn is_at_work(context: &Context, entry: &Entry) -> bool {
    let Some(Setup { state: SetupState::Running, process: Some(process), .. }) = entry.notes.setup.read()
    else {
        return false;
    };
    if identity::is_from_here(&process) {
        return identity::is_alive(&process);
    }
    // A pid of another container means nothing here, but one kernel keeps the locks of all.
    identity::is_of_this_boot(&process) && lock_file(context, entry).is_ok_and(|file| lock::is_held(&file))
}

/// Returns what is shown of a worktree's setup.
#[must_use]
pub fn view(context: &Context, entry: &Entry) -> SetupView {
    SetupView::of(entry.notes.setup.read().as_ref(), is_at_work(context, entry))
}

/// Returns the living processes that the worktree's own commands started. Nobody is looked for where none was ever run.
///
/// # Errors
///
/// Fails when processes cannot be looked for.
pub fn processes(context: &Context, entry: &Entry) -> Result<Vec<Kin>> {
    if !has_run(context, entry) {
        return Ok(Vec::new());
    }
    kin::of_setup(&marker(entry), None, &leaders(entry))
        .map_err(|error| Failure::from_io(error, Code::Internal, "the processes of the setup cannot be seen"))
}

/// Ends what the worktree's own commands started, and returns the pids.
///
/// # Errors
///
/// As [`processes`].
pub fn stop(context: &Context, entry: &Entry) -> Result<Vec<u32>> {
    if !has_run(context, entry) {
        return Ok(Vec::new());
    }
    end(&marker(entry), None, &leaders(entry), &context.host.interrupt)
}

/// Answers whether a setup of the worktree ever ran.
#[must_use]
pub fn has_run(context: &Context, entry: &Entry) -> bool {
    context.host.dirs().is_ok_and(|dirs| log_folder(dirs.state(), entry).exists())
}

/// The command that runs, or that ran when its `wt` was killed.
fn leaders(entry: &Entry) -> Vec<ProcessId> {
    entry.notes.setup.read().and_then(|setup| setup.leader).into_iter().collect()
}

/// Waits while a setup of the worktree runs, and returns the worktree as it is recorded then. `waiting` is called once if
/// there is something to wait for.
///
/// # Errors
///
/// `interrupted`; or the registry cannot be read.
pub fn await_end(context: &Context, entry: &Entry, waiting: &mut dyn FnMut()) -> Result<Entry> {
    let mut known = entry.clone();
    let mut is_told = false;
    while is_at_work(context, &known) {
        if !std::mem::replace(&mut is_told, true) {
            waiting();
        }
        context.host.clock.wait(PAUSE, &context.host.interrupt)?;
        known = known_now(context, entry)?;
    }
    // A removal is on record before it ends the setup that was waited for.
    if is_told && matches!(known_now(context, entry)?.state, EntryState::Removing { .. }) {
        return Err(Failure::new(Code::NotFound, format!("`{}` is being removed", entry.name)));
    }
    Ok(known)
}

fn known_now(context: &Context, entry: &Entry) -> Result<Entry> {
    let registry = context.store()?.read()?;
    let found = registry.entries().find(|known| known.sequence == entry.sequence);
    match found.filter(|found| found.is_living()) {
        Some(found) => Ok(Entry { path: entry.path.clone(), ..found.clone() }),
        None => Err(Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name))),
    }
}
