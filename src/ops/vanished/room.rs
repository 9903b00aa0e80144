//! Makes room in port ranges: a record that is gone together with its repository is released by whoever needs a port, for no
//! command in that repository ever will.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Lookout;
use super::release::{Release, release_all};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::place;
use crate::model::port::Port;
use crate::model::presence::Presence;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::record::RegistryRow;
use crate::model::registry::repository::{RepositoryId, RepositoryRecord};
use crate::model::registry::table::Registry;
use crate::ops::heal::is_left_behind;

/// Releases what is gone together with its repository; answers whether any ports became free, so that another try is worth
/// it.
///
/// # Errors
///
/// `interrupted`, or the registry cannot be written.
pub fn make(context: &Context) -> Result<bool> {
    let registry = context.store()?.read()?;
    let gone = gone_with_repository(context, &registry)?;
    let holders: Vec<&Entry> = gone.into_iter().filter(|entry| entry.ports().next().is_some()).collect();
    if holders.is_empty() {
        return Ok(false);
    }
    let releases = release_all(context, None, &holders, &mut Vec::new())?;
    Ok(releases.contains(&Release::Done))
}

/// Makes room where a port that was asked for by its number belongs to another repository that may be gone.
///
/// # Errors
///
/// As [`make`].
pub fn make_for(context: &Context, port: Port) -> Result<()> {
    let registry = context.store()?.read()?;
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let is_elsewhere =
        registry.find_owner(port).is_some_and(|owner| Some(&owner.repository_id) != own.as_ref());
    if is_elsewhere {
        make(context)?;
    }
    Ok(())
}

/// Returns the registry as it will be once room is made: for a look that changes nothing.
///
/// # Errors
///
/// `interrupted`.
pub fn as_if_made(context: &Context, registry: &Registry) -> Result<Registry> {
    let gone: Vec<u64> =
        gone_with_repository(context, registry)?.into_iter().map(|entry| entry.sequence).collect();
    let mut cleared = registry.clone();
    cleared.worktrees.retain(
        |record| !matches!(record, RegistryRow::Entry(entry) if gone.binary_search(&entry.sequence).is_ok()),
    );
    Ok(cleared)
}

/// Returns the records of vanished worktrees whose repository is gone as well, by their numbers.
///
/// # Errors
///
/// `interrupted`.
pub fn gone_with_repository<'a>(context: &Context, registry: &'a Registry) -> Result<Vec<&'a Entry>> {
    let mut gone = gone_in_any_state(context, registry)?;
    gone.retain(|entry| entry.state == EntryState::Active);
    Ok(gone)
}

/// As [`gone_with_repository`], with what is unfinished or removed: nobody can finish or restore that any more.
///
/// # Errors
///
/// `interrupted`.
pub fn gone_in_any_state<'a>(context: &Context, registry: &'a Registry) -> Result<Vec<&'a Entry>> {
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let recorded: HashMap<&RepositoryId, &RepositoryRecord> =
        registry.repositories.iter().map(|known| (&known.id, known)).collect();
    let mut judged: HashMap<(&RepositoryId, &Path), bool> = HashMap::new();
    let mut lookout = None;
    let mut gone = Vec::new();
    for entry in registry.entries().filter(|entry| own.as_ref() != Some(&entry.repository_id)) {
        context.host.interrupt.check()?;
        let key = (&entry.repository_id, &*entry.repository);
        let is_gone = *judged.entry(key).or_insert_with(|| {
            let record = recorded.get(&entry.repository_id).copied();
            place::is_gone(&entry.repository) && record.is_none_or(is_repository_gone)
        });
        if !is_gone {
            continue;
        }
        if lookout.is_none() {
            lookout = Some(Lookout::new(context, None)?);
        }
        let is_left =
            entry.state == EntryState::Active || !entry.is_living() || is_left_behind(context, entry);
        if is_left && lookout.as_ref().is_some_and(|lookout| has_vanished(lookout, entry)) {
            gone.push(entry);
        }
    }
    gone.sort_by_key(|entry| entry.sequence);
    Ok(gone)
}

/// Answers whether the folder is gone, for good as far as can be told, wherever the record says it is.
fn has_vanished(lookout: &Lookout<'_>, entry: &Entry) -> bool {
    let path = match &entry.state {
        EntryState::Removed { trash } | EntryState::Removing { trash, .. } => &trash.folder,
        EntryState::Active | EntryState::Creating { .. } => &entry.path,
    };
    let active = Entry { state: EntryState::Active, path: path.clone(), ..entry.clone() };
    lookout.presence(&active) == Presence::Vanished
}

/// Answers whether the repository is gone, and the file system on which it lay is there: what is merely out of sight is not
/// gone.
#[must_use]
pub fn is_repository_gone(record: &RepositoryRecord) -> bool {
    let nearest = record.common_dir.ancestors().skip(1).find(|ancestor| ancestor.symlink_metadata().is_ok());
    let device = nearest.and_then(|folder| folder.metadata().ok()).map(|found| found.dev());
    let is_in_sight = match record.device {
        0 => !place::lies_beyond_empty_folder(&record.common_dir),
        known => device == Some(known),
    };
    place::is_gone(&record.path) && place::is_gone(&record.common_dir) && is_in_sight
}
