//! Which repository an entry belongs to, and which of two repositories with one id is the copy: a moved repository keeps
//! its worktrees, a copied one (`cp -r`) gets an id of its own, so that it frees and removes nothing of the original's.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::{RepositoryId, RepositoryRecord};
use crate::model::registry::table::Registry;

/// Finds the repository of `entry`: where it is recorded, else the one we stand in when that was moved here.
#[must_use]
pub fn find_repository(context: &Context, entry: &Entry) -> Option<Repository> {
    find_by_id(context, &entry.repository, &entry.repository_id)
}

/// Finds the repository with that id: at `path`, where it was recorded, else the one we stand in when that was moved here, else
/// where it was itself seen last.
#[must_use]
pub fn find_by_id(context: &Context, path: &Path, id: &RepositoryId) -> Option<Repository> {
    let here = context.repository.as_ref().map(Repository::root);
    find_at(context, [Some(path), here].into_iter().flatten(), id).or_else(|| {
        let registry = context.store().and_then(|store| store.read()).ok()?;
        let known = registry.repositories.iter().filter(|known| known.id == *id && known.path != path);
        find_at(context, known.map(|known| &*known.path), id)
    })
}

/// Opens the repository with that id at the first of `places` where it stands.
#[must_use]
pub fn find_at<'a>(
    context: &Context,
    mut places: impl Iterator<Item = &'a Path>,
    id: &RepositoryId,
) -> Option<Repository> {
    places.find_map(|place| {
        let found = Repository::discover(place).ok()?;
        (found.find_id().as_ref() == Some(id)).then(|| found.heeding(&context.host.interrupt))
    })
}

/// Gives the repository we stand in a new id where it is a copy, and returns what there is to say about it.
///
/// # Errors
///
/// Fails when the registry or the new id cannot be written.
pub fn part_from_original(context: &Context) -> Result<Option<String>> {
    let Some(repository) = &context.repository else { return Ok(None) };
    let store = context.store()?;
    if find_original(repository, &*store.read()?).is_none() {
        return Ok(None);
    }
    let renew = |registry: &Registry| {
        // Another command may have been faster.
        let Some(original) = find_original(repository, registry).map(|original| original.path.clone()) else {
            return Ok(None);
        };
        repository.renew_id()?;
        Ok(Some((original, repository.record()?)))
    };
    let ((), renewed) = store.update_after(renew, |registry, renewed| {
        if let Some((_, record)) = renewed {
            registry.remember_repository(record.clone());
        }
        Ok(())
    })?;
    Ok(renewed.map(|(original, _)| {
        format!(
            "{} is a copy of {}: it has an id of its own now, and its worktrees are recorded apart",
            repository.root().display(),
            original.display()
        )
    }))
}

/// The record of the repository that ours was copied from: it has our id, stands where it was recorded, and is another
/// folder than ours.
fn find_original<'a>(repository: &Repository, registry: &'a Registry) -> Option<&'a RepositoryRecord> {
    let id = repository.find_id()?;
    let record = registry.repositories.iter().find(|record| record.id == id)?;
    if record.common_dir == repository.common_dir() {
        return None;
    }
    let ours = identity(repository.common_dir())?;
    let theirs = identity(&record.common_dir)?;
    let is_other = theirs != ours && ours != (record.device, record.inode);
    (is_other && id_at(&record.common_dir).as_ref() == Some(&id)).then_some(record)
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()))
}

fn id_at(common_dir: &Path) -> Option<RepositoryId> {
    Repository::discover(common_dir).ok()?.find_id()
}
