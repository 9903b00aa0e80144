//! What every command does first: a create or a removal whose process died is undone or finished. One lock-free read
//! tells whether there is anything to do.

use std::collections::HashMap;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{GitWorktree, Repository};
use crate::host::lock::{self, FileHold};
use crate::host::process::identity;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::process::ProcessId;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::renaming::Renaming;
use crate::ops::undo::{BranchMade, Undone, forget, take_back};
use crate::ops::{carry, create, env_behind, origin, remove, rename};

/// How many entries one command heals: each may be a whole tree of files to delete.
const MOST: usize = 64;

/// Heals what dead processes left, and returns what there is to say about it. Never fails: what cannot be healed now is
/// said and left for the next command.
pub fn heal(context: &Context) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(repository) = &context.repository {
        repository.release_dead_locks();
        said.extend(env_behind::heal(context, repository));
    }
    let Ok(store) = context.store() else { return said };
    // Nearly always there is nothing to do, and the bytes alone tell.
    let id = context.repository.as_ref().and_then(Repository::find_id);
    let place = context.repository.as_ref().map(|repository| repository.common_dir().to_string_lossy());
    let glance = store.glance(id.as_ref(), place.as_deref().unwrap_or_default());
    if !glance.is_some_and(|glance| glance.calls_for_healing) {
        return said;
    }
    said.extend(origin::part_from_original(context).ok().flatten());
    if store.is_backup() && mark_recovered(context).is_err() {
        return said;
    }
    if let Err(failure) = heal_all(context, &mut said) {
        said.push(format!("what dead commands left is not healed yet: {failure}"));
    }
    let is_gone = |entry: &Entry, begun: &Renaming| is_gone(context, entry, &begun.process, &begun.token);
    if let Err(failure) = rename::heal(context, &is_gone, &mut said) {
        said.push(format!("a rename that a dead command left is not healed yet: {failure}"));
    }
    said
}

/// One unfinished entry that is to be healed, with the lock that says so to others.
struct Patient<'a> {
    entry: Entry,
    repository: &'a Repository,
    hold: FileHold,
}

/// Heals as many entries as one command may: all are taken over in one transaction, and those that were undone are
/// forgotten in another, so that the time grows with their number alone.
fn heal_all(context: &Context, said: &mut Vec<String>) -> Result<()> {
    let registry = context.store()?.read()?;
    let mut repositories = HashMap::new();
    let (mut left_behind, mut later) = (Vec::new(), 0);
    for entry in registry.entries().filter(|entry| token(entry).is_some()) {
        // Of a repository that is gone there may be any number of entries: it is looked for once.
        let key = (&entry.repository_id, &entry.repository);
        let found = repositories.entry(key).or_insert_with(|| origin::find_repository(context, entry));
        if found.is_none() {
            continue;
        }
        if left_behind.len() == MOST {
            later += 1;
        } else if is_left_behind(context, entry) {
            left_behind.push(entry);
        }
    }
    let _held = context.host.interrupt.hold();
    let mut patients = Vec::new();
    let folder = context.host.dirs()?.creating_folder()?;
    for entry in left_behind {
        // A child of the dead process may still be writing: the lock file it inherited tells.
        let (Some(token), Some(Some(repository))) =
            (token(entry), repositories.get(&(&entry.repository_id, &entry.repository)))
        else {
            continue;
        };
        if let Some(hold) = FileHold::try_take(&folder.join(token))? {
            patients.push(Patient { entry: entry.clone(), repository, hold });
        }
    }
    let mut undone = Vec::new();
    for patient in take_over(context, patients)? {
        if context.host.interrupt.is_raised() {
            break;
        }
        let Patient { entry, repository, .. } = &patient;
        let healed = match &entry.state {
            EntryState::Creating { .. } => heal_create(context, repository, entry),
            _ => remove::settle_dead(context, repository, entry).map(|words| Healed::Settled(vec![words])),
        };
        match healed {
            Ok(Healed::Settled(words)) => said.extend(words),
            Ok(Healed::Undone) => undone.push(patient),
            Err(failure) => said.push(format!("`{}` was left unfinished: {failure}", entry.name)),
        }
    }
    let forgotten: Vec<(&Repository, &Entry)> =
        undone.iter().map(|patient| (patient.repository, &patient.entry)).collect();
    forget(context, &forgotten)?;
    for Patient { entry, hold, .. } in undone {
        said.push(format!("`{}` was left half-created by a command that died: undone", entry.name));
        hold.release();
    }
    if later > 0 {
        said.push(format!(
            "up to {later} more were left unfinished by commands that died: the next commands go on"
        ));
    }
    Ok(())
}

/// A backup is one step behind: what it calls unfinished may long be somebody's work. Such entries are marked, and never
/// undone.
fn mark_recovered(context: &Context) -> Result<()> {
    let store = context.store()?;
    // Only under the lock the two files stand still.
    let is_backup = |_: &Registry| Ok(store.is_backup());
    let marked = store.update_after(is_backup, |registry, is_backup| {
        if !is_backup {
            return Ok(());
        }
        for entry in registry.entries_mut().filter(|entry| matches!(entry.state, EntryState::Creating { .. }))
        {
            entry.notes.recovered.write(&true);
        }
        Ok(())
    });
    marked.map(drop)
}

/// Answers whether the process that was at the entry is gone, or is this one, which took it over and could not heal it.
/// What this process is at itself is held by its lock file, so that nobody takes it over.
pub fn is_left_behind(context: &Context, entry: &Entry) -> bool {
    let (EntryState::Creating { process, .. } | EntryState::Removing { process, .. }) = &entry.state else {
        return false;
    };
    token(entry).is_some_and(|token| is_gone(context, entry, process, token))
}

/// Answers the same for the process that is at an entry, which holds the lock file called `token`.
fn is_gone(context: &Context, entry: &Entry, process: &ProcessId, token: &str) -> bool {
    if identity::is_from_here(process) {
        return !identity::is_alive(process)
            || identity::current().is_ok_and(|ourselves| ourselves == *process);
    }
    if identity::is_of_this_boot(process) {
        // A pid of another container means nothing here, but one kernel keeps the locks of all: whoever is at work, and
        // every child of it, holds the lock file.
        let lock = context.host.dirs().ok().map(|dirs| dirs.state().join("creating").join(token));
        return lock.is_some_and(|lock| !lock::is_held(&lock));
    }
    // Another machine's process cannot be seen from here; of our own machine's, none outlived its boot.
    entry.host == context.host.name()
}

/// The name of the lock file that whoever is at an unfinished entry holds.
fn token(entry: &Entry) -> Option<&str> {
    match &entry.state {
        EntryState::Creating { journal, .. } => Some(&journal.token),
        EntryState::Removing { trash, .. } => Some(&trash.token),
        EntryState::Active | EntryState::Removed { .. } => None,
    }
}

/// Writes ourselves into the entries as the process at work, and returns those that had not changed since they were read.
fn take_over<'a>(context: &Context, patients: Vec<Patient<'a>>) -> Result<Vec<Patient<'a>>> {
    if patients.is_empty() {
        return Ok(patients);
    }
    let ourselves = identity::current()?;
    let seen: HashMap<u64, Entry> =
        patients.iter().map(|patient| (patient.entry.sequence, patient.entry.clone())).collect();
    let mut taken: HashMap<u64, Entry> = context.store()?.update(|registry| {
        let is_as_seen = |known: &Entry| {
            seen.get(&known.sequence).is_some_and(|seen| seen.state == known.state && seen.path == known.path)
        };
        let known = registry.entries_mut().filter(|known| is_as_seen(known));
        Ok(known
            .map(|known| {
                if let Some(process) = process_mut(known) {
                    *process = ourselves.clone();
                }
                (known.sequence, known.clone())
            })
            .collect())
    })?;
    let still = patients.into_iter().filter_map(|patient| {
        let entry = taken.remove(&patient.entry.sequence)?;
        Some(Patient { entry, ..patient })
    });
    Ok(still.collect())
}

fn process_mut(entry: &mut Entry) -> Option<&mut ProcessId> {
    match &mut entry.state {
        EntryState::Creating { process, .. } | EntryState::Removing { process, .. } => Some(process),
        EntryState::Active | EntryState::Removed { .. } => None,
    }
}

/// What was done about an unfinished entry.
enum Healed {
    /// In words.
    Settled(Vec<String>),
    /// What it made is gone, and its record may go.
    Undone,
}

fn heal_create(context: &Context, repository: &Repository, entry: &Entry) -> Result<Healed> {
    if let EntryState::Creating { journal, .. } = &entry.state
        && let Some(branch) = &journal.new_branch
    {
        repository.remove_lock_of_dead_making(branch, &journal.commit, entry.created_at);
    }
    let worktree = repository.find_worktree(&entry.path)?;
    let is_recovered = !entry.notes.recovered.is_absent();
    // Somebody may have made another worktree in that place since.
    let is_ours = |worktree: &GitWorktree| is_recovered || worktree.head.branch() == entry.branch.as_deref();
    // Whether changes that were to be taken along are all there, nothing tells: they are where they were.
    let has_changes =
        matches!(&entry.state, EntryState::Creating { journal, .. } if journal.changes.is_some());
    let worktree = worktree.filter(|_| is_recovered || !has_changes);
    let admin = worktree.filter(is_ours).and_then(|worktree| worktree.admin);
    // Its files were there, and copies of ignored ones were not all.
    let is_half_carried = carry::is_begun(context, entry);
    if let Some(admin) = admin.filter(|admin| !is_half_carried && repository.is_whole(admin, &entry.path)) {
        repository.remove_spent_index_lock(&admin);
        let (_, written) = create::finish(context, repository, entry, &admin)?;
        let mut said = written.map(|written| written.warnings).unwrap_or_default();
        if let EntryState::Creating { journal, .. } = &entry.state {
            said.extend(create::attend(repository, &entry.path, journal, &context.host.interrupt));
        }
        note(context, entry, "create_finished")?;
        said.insert(0, format!("`{}` was created whole when its command died: finished", entry.name));
        return Ok(Healed::Settled(said));
    }
    if is_recovered {
        return Err(Failure::new(
            Code::WorktreeExists,
            format!(
                "its record came from a backup, so nothing is undone; `{remove}` takes it away",
                remove = wt("remove {}", &[&entry.name])
            ),
        ));
    }
    match take_back(context, repository, entry, BranchMade::Unknown)? {
        Undone::Gone => Ok(Healed::Undone),
        Undone::Kept { foreign } => {
            let first = foreign.first().map(|path| path.display().to_string()).unwrap_or_default();
            Err(Failure::new(
                Code::PathNotEmpty,
                format!(
                    "{} holds what it did not make ({first}); move that away, or `{remove}`",
                    entry.path.display(),
                    remove = wt("remove --force {}", &[&entry.name])
                ),
            ))
        }
    }
}

fn note(context: &Context, entry: &Entry, event: &str) -> Result<()> {
    let now = context.now();
    let event = Event::new(event).of(&entry.repository, &entry.name);
    context.store()?.update(|registry| {
        registry.record_event(now, event.clone());
        Ok(())
    })
}
