//! Forgetting services: what is kept of them lasts as long as their worktree's entry, also while it can be restored. With
//! the entry go logs and record; what is left behind all the same goes with the next sweep.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::place::{self, ServicesPlace};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::host::services::record_file::{self, SupervisorSeat};
use crate::model::process::ProcessId;
use crate::model::registry::entry::Entry;
use crate::model::registry::record::RegistryRow;
use crate::model::registry::table::Registry;
use crate::ops::services::remains;
use crate::ops::services::seat::{LEAVING, seat};
use crate::ops::setup;

/// How long a supervisor may take to see that its folder is gone, and to end what it supervises.
pub const SEEING: Duration = Duration::from_millis(3500);

/// Ends what a dead supervisor left of a worktree that is gone, and forgets what was kept of its services. Never fails:
/// what cannot be done now is left for a sweep.
pub fn forget(context: &Context, entry: &Entry) {
    let Ok(place) = ServicesPlace::of(context, entry) else { return };
    if !place.wish.folder.exists() {
        return;
    }
    // One that lives sees by itself that the folder is gone, and ends everything as it is configured to be ended.
    let Ok(Some(_seat)) = SupervisorSeat::take(&place.wish.folder) else { return };
    let record = record_file::find_any(&place.wish.folder).unwrap_or_default();
    let recorded: Vec<ProcessId> = record.processes().cloned().collect();
    let setup = || setup::stop(context, entry).map(drop);
    if remains::end_remains(context, &place, &recorded).map(drop).and_then(|()| setup()).is_ok() {
        // A sweep tries again.
        let _ = record_file::forget(&place.wish.folder);
    }
}

/// Whether anything of a vanished worktree's services still runs.
#[derive(Debug)]
pub enum Remnants {
    /// Nothing does, and no supervisor starts anything for as long as this lives.
    None(Option<SupervisorSeat>),
    /// Something does: who, for people.
    Some(String),
}

/// Lets the services of a worktree whose folder is gone come to their end. A supervisor that lives sees by itself that the
/// folder is gone, and is given `patience`; what a dead one left is ended here.
///
/// # Errors
///
/// `interrupted`, or the state folder cannot be found.
pub fn wind_up(context: &Context, entry: &Entry, patience: Duration) -> Result<Remnants> {
    // Mostly nothing ever ran, which is to cost next to nothing.
    if !place::folder(context.host.dirs()?.state(), entry).exists() {
        return Ok(Remnants::None(None));
    }
    let place = ServicesPlace::of(context, entry)?;
    let folder = &place.wish.folder;
    let record = || record_file::find_any(folder).unwrap_or_default();
    let Some(seat) = seat(context, folder, patience)? else {
        let is_gone = !folder.exists();
        let pid = record().supervisor.map(|supervisor| format!(" (pid {})", supervisor.pid));
        let who = format!("the supervisor of its services{} is not done yet", pid.unwrap_or_default());
        return Ok(if is_gone { Remnants::None(None) } else { Remnants::Some(who) });
    };
    let recorded: Vec<ProcessId> = record().processes().cloned().collect();
    let ended = remains::end_remains(context, &place, &recorded);
    match ended.and_then(|_| setup::stop(context, entry)) {
        Ok(_) => Ok(Remnants::None(Some(seat))),
        Err(failure) if failure.code() == Code::Interrupted => Err(failure),
        Err(failure) => Ok(Remnants::Some(failure.message().to_owned())),
    }
}

/// Forgets what was kept of services of which nothing runs any more. Never fails: what stays is left for a sweep.
pub fn forget_settled(context: &Context, entry: &Entry, seat: Option<SupervisorSeat>) {
    if let (Ok(place), Some(_seat)) = (ServicesPlace::of(context, entry), seat) {
        // A sweep tries again.
        let _ = record_file::forget(&place.wish.folder);
    }
}

/// Answers whether services of a worktree were ever started: else there is nothing to search for.
///
/// # Errors
///
/// Fails when the registry or the state folder cannot be found.
pub fn has_ever_run(context: &Context, entry: &Entry) -> Result<bool> {
    let folder = place::folder(context.host.dirs()?.state(), entry);
    if !entry.notes.processes.is_absent() || folder.exists() {
        return Ok(true);
    }
    let others = folder.parent().map(folders).unwrap_or_default();
    if others.is_empty() {
        return Ok(false);
    }
    // Its entry may have been lost, and made anew: then they are kept under the former one.
    let dirs = context.host.dirs()?;
    let state = dirs.state();
    let registry = context.store()?.read()?;
    let known: BTreeSet<PathBuf> = registry.entries().map(|entry| place::folder(state, entry)).collect();
    Ok(others.iter().any(|other| !known.contains(other)))
}

/// Answers whether services are kept whose worktree no registry knows any more.
#[must_use]
pub fn has_strays(context: &Context, registry: &Registry) -> bool {
    strays(context, registry).is_ok_and(|strays| !strays.is_empty())
}

/// Forgets all services whose worktrees are gone, except those that still run.
///
/// # Errors
///
/// Fails when the state folder cannot be found.
pub fn forget_strays(context: &Context, registry: &Registry) -> Result<()> {
    for folder in strays(context, registry)? {
        if let Some(_seat) = seat(context, &folder, LEAVING)?
            && !is_in_use(&folder)
        {
            // The next sweep tries again.
            let _ = record_file::forget(&folder);
        }
    }
    Ok(())
}

/// Processes that nobody supervises, and that a `wt down` would still find on record.
fn is_in_use(folder: &Path) -> bool {
    record_file::find_any(folder)
        .is_some_and(|record| record.processes().any(|id| record_file::is_alive(folder, id)))
}

fn strays(context: &Context, registry: &Registry) -> Result<Vec<PathBuf>> {
    let dirs = context.host.dirs()?;
    let state = dirs.state();
    // A row that cannot be read may be the one that they belong to.
    if registry.worktrees.iter().any(|row| matches!(row, RegistryRow::Unreadable(_))) {
        return Ok(Vec::new());
    }
    let known: BTreeSet<PathBuf> = registry.entries().map(|entry| place::folder(state, entry)).collect();
    let all = folders(&place::all(state)).into_iter().flat_map(|repository| folders(&repository));
    // What was made since the registry was read is not judged by it.
    let is_newer =
        |folder: &PathBuf| place::sequence(folder).is_some_and(|number| number > registry.sequence);
    Ok(all.filter(|folder| !known.contains(folder) && !is_newer(folder)).collect())
}

/// The folders in a folder, links left aside.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
