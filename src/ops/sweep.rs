//! Deletes removed worktrees for good: when their time is over, and the oldest first when together they are too large.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::files;
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::remove_tree::remove_tree;
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::model::registry::table::Registry;

use super::origin;

/// What was deleted for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub deleted: Vec<String>,
}

/// Answers whether a sweep has something to look at: one read, no lock.
#[must_use]
pub fn is_due(context: &Context, registry: &Registry) -> bool {
    let now = context.now();
    let removed: Vec<&Trash> = registry.entries().filter_map(trash).collect();
    removed.iter().any(|trash| trash.until <= now) || removed.len() > 1
}

/// Deletes what is due.
///
/// # Errors
///
/// Fails at the first worktree that cannot be deleted; its record stays, so that a later sweep goes on.
pub fn sweep(context: &Context) -> Result<Report> {
    let registry = context.store()?.read()?;
    let now = context.now();
    let mut kept: Vec<&Entry> = registry.entries().filter(|entry| trash(entry).is_some()).collect();
    kept.sort_by_key(|entry| std::cmp::Reverse(trash(entry).map(|trash| trash.removed_at)));
    // The size is this repository's to say, and for its own trash alone: another one's settings must cost nobody anything.
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let mut size = 0_u64;
    let mut newest = true;
    let mut report = Report::default();
    for entry in kept {
        let Some(trash) = trash(entry) else { continue };
        let mut is_too_much = false;
        if own.as_ref() == Some(&entry.repository_id) {
            size = size.saturating_add(files::size_of_tree(&trash.folder));
            // What was removed last was just promised to be restorable.
            is_too_much = size > context.config.trash.max_size && !newest;
            newest = false;
        }
        if trash.until <= now || is_too_much {
            delete(context, entry, trash)?;
            report.deleted.push(entry.name.clone());
        }
    }
    Ok(report)
}

fn trash(entry: &Entry) -> Option<&Trash> {
    match &entry.state {
        EntryState::Removed { trash } => Some(trash),
        _ => None,
    }
}

/// Answers whether the folder that the worktrees lay in is gone too, as when its disk is not mounted.
fn is_place_gone(folder: &Path) -> bool {
    folder.parent().and_then(Path::parent).is_some_and(|parent| !parent.exists())
}

fn delete(context: &Context, entry: &Entry, trash: &Trash) -> Result<()> {
    let Some(hold) = FileHold::try_take(&context.host.dirs()?.creating_folder()?.join(&trash.token))? else {
        return Ok(());
    };
    // It may have been restored since it was read.
    let is_still_there = |known: &Entry| known.sequence == entry.sequence && known.state == entry.state;
    if !context.store()?.read()?.entries().any(is_still_there) {
        hold.release();
        return Ok(());
    }
    // Only what we named ourselves: `.wt-trash/NAME-TOKEN`.
    let ours = trash.token.len() == 32
        && !trash.folder.parent().is_some_and(Path::is_symlink)
        && trash
            .folder
            .parent()
            .and_then(|parent| parent.file_name())
            .is_some_and(|name| name == ".wt-trash")
        && trash.folder.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&trash.token));
    let mut name = trash.folder.clone().into_os_string();
    name.push(".deleting");
    let doomed = PathBuf::from(name);
    if ours && is_place_gone(&trash.folder) {
        // Merely unmounted: its time comes when it is back.
        hold.release();
        return Ok(());
    }
    if ours {
        // Out of reach of a restore first: half a worktree must not come back.
        if trash.folder.symlink_metadata().is_ok() {
            files::rename_new(&trash.folder, &doomed)?;
        }
        remove_tree(&doomed)?;
        files::remove_trash_if_empty(trash.folder.parent().unwrap_or(&trash.folder));
    }
    if let Some(repository) = origin::find_repository(context, entry) {
        let admin = repository.trash_dir(&trash.token);
        if admin.symlink_metadata().is_ok() {
            remove_tree(&admin)?;
        }
        if let Some(keep) = &trash.keep_ref {
            repository.drop_keep(keep)?;
        }
    }
    let now = context.now();
    context.store()?.update(|registry| {
        if let Some(entry) = registry.take(is_still_there) {
            registry.record_event(now, Event::new("trash_deleted").of(&entry.repository, &entry.name));
        }
        Ok(())
    })?;
    hold.release();
    Ok(())
}
