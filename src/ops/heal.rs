//! What every command does first: a create or a removal whose process died is undone or finished. One lock-free read
//! tells whether there is anything to do.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{Repository, Worktree};
use crate::host::lock::FileHold;
use crate::host::process::identity;
use crate::model::event::Event;
use crate::model::process::ProcessId;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::glimpse::Signs;
use crate::model::registry::salvage::RECOVERED;
use crate::ops::create;
use crate::ops::origin;
use crate::ops::remove;
use crate::ops::undo::{BranchMade, Undone, undo_create};

/// Heals what dead processes left, and returns what there is to say about it. Never fails: what cannot be healed now is
/// said and left for the next command.
pub fn heal(context: &Context) -> Vec<String> {
    if let Some(repository) = &context.repository {
        repository.release_dead_locks();
    }
    let Ok(store) = context.store() else { return Vec::new() };
    // Nearly always there is nothing to do, and the bytes alone tell.
    let id = context.repository.as_ref().and_then(Repository::find_id);
    let place = context.repository.as_ref().map(|repository| repository.common_dir().to_string_lossy());
    let mut signs = Signs::new(id.as_ref(), place.as_deref().unwrap_or_default());
    if store.skim(|lines| signs.look(lines)).is_none() || !signs.call_for_healing() {
        return Vec::new();
    }
    let mut said: Vec<String> = origin::part_from_original(context).ok().flatten().into_iter().collect();
    if store.is_backup() && mark_recovered(context).is_err() {
        return said;
    }
    let Ok(registry) = store.read() else { return said };
    let left: Vec<&Entry> = registry.entries().filter(|entry| is_left_behind(context, entry)).collect();
    for entry in left {
        match heal_one(context, entry) {
            Ok(Some(words)) => said.push(words),
            Ok(None) => {}
            Err(failure) => said.push(format!("`{}` was left unfinished: {failure}", entry.name)),
        }
    }
    said
}

/// A backup is one step behind: what it calls unfinished may long be somebody's work. Such entries are marked, and never
/// undone.
fn mark_recovered(context: &Context) -> Result<()> {
    context.store()?.update(|registry| {
        for entry in registry.entries_mut().filter(|entry| matches!(entry.state, EntryState::Creating { .. }))
        {
            entry.extra.insert(RECOVERED.to_owned(), true.into());
        }
        Ok(())
    })
}

/// Answers whether the process that was at the entry is gone.
pub fn is_left_behind(context: &Context, entry: &Entry) -> bool {
    match &entry.state {
        EntryState::Creating { process, .. } | EntryState::Removing { process, .. } => {
            // Another machine's process cannot be seen from here, whatever its boot id says.
            let elsewhere = entry.host != context.host.name() && !identity::is_from_here(process);
            !elsewhere && !identity::is_alive(process)
        }
        EntryState::Active | EntryState::Removed { .. } => false,
    }
}

/// Heals one entry; `None` when somebody else is at it or its repository cannot be reached.
fn heal_one(context: &Context, entry: &Entry) -> Result<Option<String>> {
    let token = match &entry.state {
        EntryState::Creating { journal, .. } => &journal.token,
        EntryState::Removing { trash, .. } => &trash.token,
        EntryState::Active | EntryState::Removed { .. } => return Ok(None),
    };
    // A child of the dead process may still be writing: the lock file it inherited tells.
    let hold_path = context.host.dirs()?.creating_folder()?.join(token);
    let Some(hold) = FileHold::try_take(&hold_path)? else { return Ok(None) };
    let Some(repository) = origin::find_repository(context, entry) else {
        hold.release();
        return Ok(None);
    };
    let Some(entry) = take_over(context, entry)? else {
        hold.release();
        return Ok(None);
    };
    let words = match &entry.state {
        EntryState::Creating { .. } => heal_create(context, &repository, &entry)?,
        _ => remove::settle(context, &repository, &entry)?,
    };
    hold.release();
    Ok(Some(words))
}

/// Writes ourselves into the entry as the process at work, unless it changed since it was read.
fn take_over(context: &Context, seen: &Entry) -> Result<Option<Entry>> {
    let ourselves = identity::current()?;
    context.store()?.update(|registry| {
        let Some(known) =
            registry.entries_mut().find(|known| known.sequence == seen.sequence && known.state == seen.state)
        else {
            return Ok(None);
        };
        if let Some(process) = process_mut(known) {
            *process = ourselves;
        }
        Ok(Some(known.clone()))
    })
}

fn process_mut(entry: &mut Entry) -> Option<&mut ProcessId> {
    match &mut entry.state {
        EntryState::Creating { process, .. } | EntryState::Removing { process, .. } => Some(process),
        EntryState::Active | EntryState::Removed { .. } => None,
    }
}

fn heal_create(context: &Context, repository: &Repository, entry: &Entry) -> Result<String> {
    if let EntryState::Creating { journal, .. } = &entry.state
        && let Some(branch) = &journal.new_branch
    {
        repository.remove_lock_of_dead_create(branch, &journal.commit, entry.created_at);
    }
    let worktree = repository.find_worktree(&entry.path)?;
    let is_recovered = entry.extra.contains_key(RECOVERED);
    // Somebody may have made another worktree in that place since.
    let is_ours = |worktree: &Worktree| is_recovered || worktree.head.branch() == entry.branch.as_deref();
    let admin = worktree.filter(is_ours).and_then(|worktree| worktree.admin);
    if let Some(admin) = admin.filter(|admin| repository.is_whole(admin, &entry.path)) {
        repository.remove_spent_index_lock(&admin);
        create::finish(context, repository, entry, &admin, None)?;
        note(context, entry, "create_finished")?;
        return Ok(format!("`{}` was created whole when its command died: finished", entry.name));
    }
    if is_recovered {
        return Err(Failure::new(
            Code::WorktreeExists,
            format!(
                "its record came from a backup, so nothing is undone; `wt remove {}` takes it away",
                entry.name
            ),
        ));
    }
    match undo_create(context, repository, entry, BranchMade::Unknown)? {
        Undone::Gone => Ok(format!("`{}` was left half-created by a command that died: undone", entry.name)),
        Undone::Kept { foreign } => {
            let first = foreign.first().map(|path| path.display().to_string()).unwrap_or_default();
            Err(Failure::new(
                Code::PathNotEmpty,
                format!(
                    "{} holds what it did not make ({first}); move that away, or `wt remove --force {}`",
                    entry.path.display(),
                    entry.name
                ),
            ))
        }
    }
}

fn note(context: &Context, entry: &Entry, event: &str) -> Result<()> {
    let now = context.now();
    let event = Event::new(event).of(&entry.repository, &entry.name);
    context.store()?.update(|registry| {
        registry.record_event(now, event);
        Ok(())
    })
}
