//! Ends a rename that was begun: forward where the record has the new names, else back. Each step can be done again.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::model::event::Event;
use crate::model::registry::entry::Entry;
use crate::model::renaming::Renaming;
use crate::ops::env_files::follow;

/// Writes the env files for the new names, which the record has, and ends the rename; returns what there is to say.
///
/// # Errors
///
/// What stops the env files: then it is to be taken back.
pub(super) fn finish(
    context: &Context,
    repository: &Repository,
    sequence: u64,
    renaming: &Renaming,
) -> Result<Vec<String>> {
    let entry = require(context, sequence)?;
    let said = if entry.env { follow(context, repository, &entry)?.warnings } else { Vec::new() };
    let (from, to) = (&renaming.from, &renaming.to);
    let event = Event::new("renamed").of(&entry.repository, &to.name).with("from", from.name.as_str());
    end(context, sequence, &event)?;
    remove_left_parents(renaming);
    Ok(said)
}

/// Puts everything back as it was, and ends the rename.
///
/// # Errors
///
/// What stops a step: it stays on record, and the next command tries again.
pub(super) fn take_back(
    context: &Context,
    repository: &Repository,
    sequence: u64,
    renaming: &Renaming,
    hold: &FileHold,
) -> Result<Vec<String>> {
    let (from, to) = (&renaming.from, &renaming.to);
    let admin = require(context, sequence)?.admin;
    repository.move_back(&admin, &from.path, &to.path)?;
    if let (Some(old), Some(new), Some(tip)) = (&from.branch, &to.branch, &renaming.tip) {
        repository.rename_branch_back(&admin, old, new, tip, hold.as_fd())?;
    }
    for parent in renaming.new_parents.iter().rev() {
        // Not empty: somebody else uses it by now, and it stays.
        if std::fs::remove_dir(parent).is_err() {
            break;
        }
    }
    context.store()?.update(|registry| {
        let is_renamed = registry.find_by_sequence(sequence).is_some_and(|known| known.is_renamed(renaming));
        if is_renamed && !registry.rename(sequence, renaming, true) {
            return Err(Failure::new(
                Code::WorktreeExists,
                format!("`{}` is the name of another by now", from.name),
            ));
        }
        Ok(())
    })?;
    let entry = require(context, sequence)?;
    // They may be as they were; what cannot be written now was not written before either.
    let said = if entry.env {
        follow(context, repository, &entry).map(|written| written.warnings)
    } else {
        Ok(Vec::new())
    };
    end(
        context,
        sequence,
        &Event::new("rename_undone").of(&entry.repository, &from.name).with("to", to.name.as_str()),
    )?;
    Ok(said.unwrap_or_else(|failure| vec![format!("its env files are not written: {failure}")]))
}

fn require(context: &Context, sequence: u64) -> Result<Entry> {
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == sequence).cloned();
    known.ok_or_else(|| Failure::new(Code::NotFound, "its record is gone"))
}

fn end(context: &Context, sequence: u64, event: &Event) -> Result<()> {
    let now = context.now();
    context.store()?.update(|registry| {
        if let Some(known) = registry.find_by_sequence(sequence) {
            known.notes.renaming.clear();
        }
        registry.record_event(now, event.clone());
        Ok(())
    })
}

/// Removes the folders above the old place that are empty now and not the new one's: those that a slash in the name made.
fn remove_left_parents(renaming: &Renaming) {
    let (from, to) = (&renaming.from.path, &renaming.to.path);
    let left = from.ancestors().skip(1).take_while(|parent| !to.starts_with(parent));
    for parent in left {
        // Not empty, and it stays.
        if std::fs::remove_dir(parent).is_err() {
            break;
        }
    }
}
