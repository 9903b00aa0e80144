//! Ends a removal or a restore that was begun, by where the folder stands: at its place it is active again, in the trash
//! it is removed. So any interruption has exactly one way out, and no step loses anything.

use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::exclude;
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::ops::env_files::follow;
use crate::ops::ports::ledger;
use crate::ops::services::forget as services;
use crate::ops::{claims, env};

/// Answers whether the worktree's folder stands at its place.
#[must_use]
pub fn is_at_home(entry: &Entry) -> bool {
    entry.path.join(".git").symlink_metadata().is_ok()
}

/// As [`finish`], for an entry whose process is gone: locks of git's that it held go first, since nobody else would take
/// them away.
///
/// # Errors
///
/// As [`finish`].
pub fn settle_dead(context: &Context, repository: &Repository, entry: &Entry) -> Result<String> {
    let EntryState::Removing { trash, .. } = &entry.state else { return Ok(String::new()) };
    repository.remove_lock_of_dead_keeping(&trash.token);
    if let (true, Some(branch), Some(tip)) = (trash.restoring, &entry.branch, &trash.head) {
        repository.remove_lock_of_dead_making(branch, tip, trash.removed_at);
    }
    let mut warnings = Vec::new();
    let mut words = settle_saying(context, repository, entry, &mut warnings)?;
    for warning in warnings {
        words.push_str("; ");
        words.push_str(&warning);
    }
    Ok(words)
}

/// Settles `entry`, which is *removing*; returns what was done, in words.
///
/// # Errors
///
/// Fails when git's admin folder cannot be moved to where the folder is.
pub fn finish(context: &Context, repository: &Repository, entry: &Entry) -> Result<String> {
    settle_saying(context, repository, entry, &mut Vec::new())
}

/// As [`finish`], with what there is to say about the ports and the env block of a worktree that is back.
///
/// # Errors
///
/// As [`finish`].
pub fn settle_saying(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    warnings: &mut Vec<String>,
) -> Result<String> {
    let EntryState::Removing { trash, .. } = &entry.state else { return Ok(String::new()) };
    let doing = if trash.restoring { "restored" } else { "removed" };
    let died = |now: &str| format!("`{}` was being {doing} when its command died: {now}", entry.name);
    if trash.folder.symlink_metadata().is_ok() {
        // The admin folder went first. What stands at the old place by now is somebody else's.
        let kept = Trash { restoring: false, ..trash.clone() };
        put(context, repository, entry, &EntryState::Removed { trash: kept }, "removed")?;
        return Ok(died(if trash.restoring { "it is still removed" } else { "removed" }));
    }
    let admin = repository.trash_dir(&trash.token);
    if admin.symlink_metadata().is_ok() {
        put_admin_back(context, repository, entry, &admin)?;
    }
    if trash.restoring && trash.is_record_only() {
        // What cannot be laid out now is said by the restore itself; git's record is back in any case.
        let _ = repository.go_on_filling(&entry.path);
    }
    if trash.restoring {
        equip(context, repository, entry, warnings)?;
    }
    // Before the record says so: once it does nobody looks again. What is in use again keeps its commits by itself.
    repository.remove_trash_note(&trash.token);
    if let Some(keep) = &trash.keep_ref {
        // A stale lock of git's at worst: what is in use again is not held up by it.
        let _ = repository.drop_keep(keep);
    }
    put(context, repository, entry, &EntryState::Active, "kept")?;
    Ok(died(match (is_at_home(entry), trash.restoring) {
        (true, true) => "restored",
        (true, false) => "it is still there",
        (false, _) => "its records are there again, its folder is not",
    }))
}

/// Gives what comes back its ports and its env block; both can be done again after a death.
fn equip(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    warnings: &mut Vec<String>,
) -> Result<()> {
    warnings.extend(ledger::reclaim(context, entry.sequence)?);
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == entry.sequence);
    let Some(entry) = known.filter(|known| known.env && is_at_home(known)) else { return Ok(()) };
    match follow(context, repository, entry) {
        Ok(written) => warnings.extend(written.warnings),
        // The files are back: what can be written later stops nothing.
        Err(failure) => warnings.push(format!(
            "its `.env` is not written: {failure}; once that is mended: `{env}`",
            env = wt("env {}", &[&entry.name])
        )),
    }
    Ok(())
}

/// As [`finish`], in one change of the registry, of several removals whose folders stand in the trash.
///
/// # Errors
///
/// Fails when the registry cannot be written. What else could not be done is said as a warning.
pub(super) fn finish_moved(
    context: &Context,
    repository: &Repository,
    moved: &[&Entry],
    warnings: &mut Vec<String>,
) -> Result<()> {
    let now = context.now();
    let gone = context.store()?.update(|registry| {
        let mut gone = Vec::new();
        for entry in moved {
            let EntryState::Removing { trash, .. } = &entry.state else { continue };
            let state = EntryState::Removed { trash: trash.clone() };
            if let Some(before) = ledger::put_away(context, registry, entry.sequence, state)? {
                registry.record_event(now, Event::new("removed").of(&before.repository, &before.name));
                gone.push(before);
            }
        }
        Ok(gone)
    })?;
    claims::give_back(context, &gone);
    // They are removed, whatever becomes of a line that excludes their env files.
    let forgotten = moved.first().map(|entry| env::forget_exclude(context, repository, &entry.repository_id));
    warnings.extend(forgotten.and_then(Result::err).map(|failure| failure.to_string()));
    Ok(())
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
            known.admin.clone_from(&name);
        }
        Ok(())
    })
}

/// Takes the entry out of the registry altogether.
pub fn drop_entry(context: &Context, entry: &Entry) -> Result<()> {
    let now = context.now();
    let sequence = entry.sequence;
    let gone = context.store()?.update(|registry| {
        let gone = ledger::drop_one(registry, |known| known.sequence == sequence);
        if let Some(entry) = &gone {
            registry.record_event(now, Event::new("removed").of(&entry.repository, &entry.name));
        }
        Ok(gone)
    })?;
    claims::give_back(context, &gone);
    services::forget(context, entry);
    Ok(())
}

fn put(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    state: &EntryState,
    event: &str,
) -> Result<()> {
    let now = context.now();
    let sequence = entry.sequence;
    let removed = matches!(state, EntryState::Removed { .. });
    if entry.env && matches!(state, EntryState::Active) {
        // Before the record says so: a restore that dies after that is never looked at again.
        let files = entry.block_files();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        exclude::add(repository.common_dir(), &files, &context.host.interrupt)?;
    }
    let known = context.store()?.update(|registry| {
        let known = if removed {
            ledger::put_away(context, registry, sequence, state.clone())?
        } else {
            registry.find_by_sequence(sequence).map(|known| {
                known.state = state.clone();
                known.clone()
            })
        };
        if let Some(known) = known {
            registry.record_event(now, Event::new(event).of(&known.repository, &known.name));
            return Ok(Some(known));
        }
        Ok(None)
    })?;
    if removed {
        // As it was before: removed, it has none.
        claims::give_back(context, &known);
    }
    if removed { env::forget_exclude(context, repository, &entry.repository_id) } else { Ok(()) }
}
