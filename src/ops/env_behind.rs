//! Whose env files may be behind their record: a lock file says so from before a record changes until they have followed. One that
//! nobody holds is of a process that died in between, and the next command has them follow.

use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::token;
use crate::model::advised::wt;
use crate::model::registry::entry::{Entry, EntryState};
use crate::ops::env_files;

/// Says that the env files of `entry` are about to be behind it, until the value goes.
///
/// # Errors
///
/// `permission` or `disk_full`.
pub fn say(context: &Context, entry: &Entry) -> Result<FileHold> {
    let folder = context.host.dirs()?.require_following()?;
    loop {
        let name = format!("{}-{}", entry.sequence, token::random()?);
        // Whoever heals may have opened the file before it was locked, and takes it for one of the dead.
        if let Some(hold) = FileHold::try_take(&folder.join(name))? {
            return Ok(hold);
        }
    }
}

/// Has the env files of this repository's worktrees follow whose command died before they did; returns what there is to say.
pub fn heal(context: &Context, repository: &Repository) -> Vec<String> {
    let Ok(folder) = context.host.dirs().map(|dirs| dirs.following()) else { return Vec::new() };
    let mut said = Vec::new();
    for mark in folder.read_dir().into_iter().flatten().flatten() {
        let name = mark.file_name();
        let sequence = name.to_str().and_then(|name| name.split('-').next()?.parse().ok());
        if let Some(sequence) = sequence
            && let Err(failure) = follow(context, repository, sequence, &mark.path(), &mut said)
        {
            said.push(format!("env files that a dead command left behind do not follow yet: {failure}"));
        }
    }
    said
}

fn follow(
    context: &Context,
    repository: &Repository,
    sequence: u64,
    mark: &Path,
    said: &mut Vec<String>,
) -> Result<()> {
    let is_it = |entry: &&Entry| entry.sequence == sequence;
    // What another repository's configuration says is not known here: a command there writes its file.
    let is_ours = |entry: &Entry| repository.find_id().as_ref() == Some(&entry.repository_id);
    if context.store()?.read()?.entries().find(is_it).is_some_and(|entry| !is_ours(entry)) {
        return Ok(());
    }
    let Some(mut hold) = FileHold::try_take(mark)? else { return Ok(()) };
    // Only now it stands still what the dead process recorded.
    let registry = context.store()?.read()?;
    let Some(entry) = registry.entries().find(is_it).filter(|entry| entry.is_living() && entry.env) else {
        return Ok(());
    };
    if entry.state != EntryState::Active || !entry.path.is_dir() {
        hold.leave();
        return Ok(());
    }
    match env_files::follow(context, repository, entry) {
        Ok(written) if !written.changed => {}
        Ok(written) => {
            said.push(format!(
                "the env files of `{}` follow what a command that died had changed",
                entry.name
            ));
            said.extend(written.warnings);
        }
        Err(failure) => {
            hold.leave();
            said.push(format!(
                "the env files of `{}` are not as its record says, for a command died: {failure}; `{env}` writes them",
                entry.name,
                env = wt("env {}", &[&entry.name])
            ));
        }
    }
    Ok(())
}
