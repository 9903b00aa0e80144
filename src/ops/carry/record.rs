//! What is remembered of the copies in a worktree: it hangs on the worktree's entry, and goes with it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::Result;
use crate::host::carry::record_file::RecordFile;
use crate::host::carry::stage::ASIDE;
use crate::host::carry::{drift, proof};
use crate::host::files;
use crate::model::carry::drift::Drift;
use crate::model::carry::record::CarryRecord;
use crate::model::registry::entry::Entry;
use crate::model::registry::record::RegistryRow;
use crate::model::registry::table::Registry;

fn all(state: &Path) -> PathBuf {
    state.join("carried")
}

fn place(state: &Path, entry: &Entry) -> PathBuf {
    all(state).join(entry.kept_under())
}

/// Returns the record of a worktree, which may not be there.
///
/// # Errors
///
/// Fails when the state folder cannot be found.
pub fn file(context: &Context, entry: &Entry) -> Result<RecordFile> {
    Ok(RecordFile::at(place(context.host.dirs()?.state(), entry)))
}

/// Returns the paths that were carried into a worktree, relative to it.
#[must_use]
pub fn paths(context: &Context, entry: &Entry) -> Vec<String> {
    let record = file(context, entry).ok().and_then(|file| file.find());
    record.into_iter().flat_map(|record| record.rows.into_keys()).collect()
}

/// Answers whether a create began to carry into the worktree, and did not come to the end.
#[must_use]
pub fn is_begun(context: &Context, entry: &Entry) -> bool {
    file(context, entry).is_ok_and(|file| file.is_begun())
}

/// Returns how to tell which paths in an unfinished worktree are copies of its own create, or on their way to be some.
pub fn explains(context: &Context, entry: &Entry) -> impl Fn(&Path) -> bool {
    let record = file(context, entry).ok().and_then(|file| file.find());
    let folder = entry.path.clone();
    move |path| {
        let Some(record) = &record else { return false };
        let Some(text) = path.to_str() else { return false };
        let text = text.trim_end_matches('/');
        let top = text.split('/').next().unwrap_or_default();
        files::is_draft(top.as_ref(), ASIDE) || proof::is_all_as_made(&folder, text, record)
    }
}

/// Returns how to tell which ignored paths of a worktree are copies as they were made, of what their source still has.
pub fn is_copy(context: &Context, entry: Option<&Entry>, folder: &Path) -> impl Fn(&str) -> bool {
    let record: Option<CarryRecord> = entry.and_then(|entry| file(context, entry).ok()?.find());
    let folder = folder.to_path_buf();
    move |path| {
        let path = path.trim_end_matches('/');
        record.as_ref().is_some_and(|record| proof::is_all_kept(&folder, path, record))
    }
}

/// Looks which copies in a worktree have another source now than when they were made.
#[must_use]
pub fn drift(context: &Context, entry: &Entry) -> Drift {
    let record = file(context, entry).ok().and_then(|file| file.find());
    let interrupted = || context.host.interrupt.is_raised();
    record.map_or_else(Drift::default, |record| drift::drift(&entry.path, &record, &interrupted))
}

/// Forgets what was carried into a worktree that is gone. Never fails: a sweep tries again.
pub fn forget(context: &Context, entry: &Entry) {
    if let Ok(file) = file(context, entry)
        && file.exists()
    {
        let _ = file.forget();
    }
}

/// Forgets the records of worktrees that no registry knows any more.
///
/// # Errors
///
/// Fails when the state folder cannot be found.
pub fn forget_strays(context: &Context, registry: &Registry) -> Result<()> {
    let dirs = context.host.dirs()?;
    let state = dirs.state();
    // A row that cannot be read may be the one that a record belongs to.
    if registry.worktrees.iter().any(|row| matches!(row, RegistryRow::Unreadable(_))) {
        return Ok(());
    }
    let known: BTreeSet<PathBuf> = registry.entries().map(|entry| place(state, entry)).collect();
    for path in inside(&all(state)).iter().flat_map(|repository| inside(repository)) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let own = path.with_file_name(name.split('.').next().unwrap_or_default());
        let sequence = name.split_once('-').and_then(|(number, _)| number.parse::<u64>().ok());
        // What was made since the registry was read is not judged by it.
        if !known.contains(&own) && sequence.is_some_and(|sequence| sequence <= registry.sequence) {
            // The next sweep tries again.
            let _ = RecordFile::at(own).forget();
        }
    }
    Ok(())
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
