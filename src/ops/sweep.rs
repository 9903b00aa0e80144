//! Deletes removed worktrees for good: when their time is over, and the oldest first when together they are too large.

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::host::files;
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
    let mut size = 0_u64;
    let mut report = Report::default();
    for entry in kept {
        let Some(trash) = trash(entry) else { continue };
        size = size.saturating_add(files::size_of_tree(&trash.folder));
        if trash.until <= now || size > context.config.trash.max_size {
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
        && !trash.folder.parent().is_some_and(std::path::Path::is_symlink)
        && trash
            .folder
            .parent()
            .and_then(|parent| parent.file_name())
            .is_some_and(|name| name == ".wt-trash")
        && trash.folder.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&trash.token));
    if ours && trash.folder.symlink_metadata().is_ok() {
        remove_tree(&trash.folder)?;
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
