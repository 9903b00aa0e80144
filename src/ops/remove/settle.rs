//! Ends a removal or a restore that was begun, by where the folder stands: at its place it is active again, in the trash
//! it is removed. So any interruption has exactly one way out, and no step loses anything.

use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::exclude;
use crate::host::git::Repository;
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::env;
use crate::ops::services::forget as services;

/// Answers whether the worktree's folder stands at its place.
#[must_use]
pub fn is_at_home(entry: &Entry) -> bool {
    entry.path.join(".git").symlink_metadata().is_ok()
}

/// Settles `entry`, which is *removing*; returns what was done, in words.
///
/// # Errors
///
/// Fails when git's admin folder cannot be moved to where the folder is.
pub fn settle(context: &Context, repository: &Repository, entry: &Entry) -> Result<String> {
    let EntryState::Removing { trash, .. } = &entry.state else { return Ok(String::new()) };
    if trash.folder.symlink_metadata().is_ok() {
        // The admin folder went first. What stands at the old place by now is somebody else's.
        put(context, repository, entry, EntryState::Removed { trash: trash.clone() }, "removed")?;
        return Ok(format!("`{}` was being removed when its command died: removed", entry.name));
    }
    let admin = repository.trash_dir(&trash.token);
    if admin.symlink_metadata().is_ok() {
        put_admin_back(context, repository, entry, &admin)?;
    }
    // Before the record says so: once it does nobody looks again. What is in use again keeps its commits by itself.
    repository.remove_trash_note(&trash.token);
    if let Some(keep) = &trash.keep_ref {
        // A stale lock of git's at worst: what is in use again is not held up by it.
        let _ = repository.drop_keep(keep);
    }
    put(context, repository, entry, EntryState::Active, "kept")?;
    Ok(format!("`{}` was being removed when its command died: it is still there", entry.name))
}

/// Moves git's admin folder back, and records its name where the old one was taken meanwhile.
pub fn put_admin_back(context: &Context, repository: &Repository, entry: &Entry, from: &Path) -> Result<()> {
    let name = repository.put_back_admin(from, &entry.admin, &entry.path)?;
    if name == entry.admin {
        return Ok(());
    }
    let sequence = entry.sequence;
    context.store()?.update(|registry| {
        if let Some(known) = registry.find_by_sequence(sequence) {
            known.admin = name;
        }
        Ok(())
    })
}

/// Takes the entry out of the registry altogether.
pub fn drop_entry(context: &Context, entry: &Entry) -> Result<()> {
    let now = context.now();
    let sequence = entry.sequence;
    context.store()?.update(|registry| {
        if let Some(entry) = registry.take(|known| known.sequence == sequence) {
            registry.remember_ports(&entry);
            registry.record_event(now, Event::new("removed").of(&entry.repository, &entry.name));
        }
        Ok(())
    })?;
    services::forget(context, entry);
    Ok(())
}

fn put(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    state: EntryState,
    event: &str,
) -> Result<()> {
    let now = context.now();
    let sequence = entry.sequence;
    let removed = matches!(state, EntryState::Removed { .. });
    if entry.env && matches!(state, EntryState::Active) {
        // Before the record says so: a restore that dies after that is never looked at again.
        exclude::add(repository.common_dir(), &context.host.interrupt)?;
    }
    context.store()?.update(|registry| {
        let Some(known) = registry.find_by_sequence(sequence) else { return Ok(()) };
        let before = known.clone();
        known.state = state;
        if removed {
            known.allocations.clear();
            registry.remember_ports(&before);
        }
        registry.record_event(now, Event::new(event).of(&before.repository, &before.name));
        Ok(())
    })?;
    if removed { env::forget_exclude(context, repository, &entry.repository_id) } else { Ok(()) }
}
