//! What a removal would lose, read from the folder, the repository and the processes.

use std::path::Path;

use crate::context::Context;
use crate::error::Result;
use crate::host::disk::{aside, is_tagged};
use crate::host::git::GitWorktree;
use crate::host::git::Repository;
use crate::host::{env_file, files};
use crate::model::branch::Head;
use crate::model::cache;
use crate::model::env_block;
use crate::model::loss::{self, Loss};
use crate::model::registry::entry::Entry;
use crate::ops::{carry, occupants, setup};

/// What the folder holds that is nowhere else, and who is in it.
pub fn of_folder(
    context: &Context,
    repository: &Repository,
    folder: &Path,
    admin: &str,
    entry: Option<&Entry>,
) -> Result<Vec<Loss>> {
    let changes = repository.changes_unless(folder, true, &|| context.host.interrupt.is_raised())?;
    let mut losses = Vec::new();
    if let Some(operation) = repository.find_operation(admin) {
        losses.push(Loss::OperationInProgress { operation: operation.to_owned() });
    }
    push(&mut losses, changes.conflicted, |paths| Loss::Conflicted { paths });
    push(&mut losses, changes.modified, |paths| Loss::Changed { paths });
    push(&mut losses, repository.hidden_changes(folder, admin)?, |paths| Loss::Hidden { paths });
    push(&mut losses, changes.staged, |paths| Loss::Staged { paths });
    let submodules = submodules(context, repository, folder, admin, changes.submodules)?;
    push(&mut losses, submodules, |paths| Loss::Submodule { paths });
    push(&mut losses, changes.untracked, |paths| Loss::Untracked { paths });
    let is_copy = carry::is_copy(context, entry, folder);
    let ignored = changes
        .ignored
        .into_iter()
        .filter(|path| is_only_here(context, repository, folder, entry, path) && !is_copy(path));
    push(&mut losses, ignored.collect(), |paths| Loss::Ignored { paths });
    let caches = &context.config.remove.caches;
    let unreadable = changes.unreadable.into_iter().filter(|path| !cache::is_cache(path, caches));
    push(&mut losses, unreadable.collect(), |paths| Loss::Unreadable { paths });
    let inside = occupants::inside(folder);
    if !inside.is_empty() {
        losses.push(Loss::Processes { processes: inside });
    }
    Ok(losses)
}

/// What the worktree's own commands started and what still runs, wherever it stands. What was named already is named once.
pub fn push_setup(context: &Context, entry: &Entry, losses: &mut Vec<Loss>) -> Result<()> {
    let processes = setup::processes(context, entry)?;
    let is_at_work = setup::is_at_work(context, entry);
    let is_of_setup = |pid: u32| processes.iter().any(|known| known.id.pid == pid);
    if is_at_work {
        // Said once: as what they are.
        *losses = losses.drain(..).filter_map(|loss| loss.without_processes(is_of_setup)).collect();
        let command = entry.notes.setup.read().and_then(|setup| setup.command).unwrap_or_default();
        losses.push(Loss::Setup { command });
        return Ok(());
    }
    let is_named = |pid: u32| {
        let of = |loss: &Loss| matches!(loss, Loss::Processes { processes } if processes.iter().any(|known| known.pid == pid));
        losses.iter().any(of)
    };
    let left = processes.into_iter().filter(|known| !is_named(known.id.pid));
    let left: Vec<loss::Process> = left
        .map(|known| loss::Process {
            pid: known.id.pid,
            command: known.facts.command,
            folder: known.facts.folder,
        })
        .collect();
    let known = losses.iter_mut().find_map(|loss| match loss {
        Loss::Processes { processes } => Some(processes),
        _ => None,
    });
    match known {
        Some(known) => known.extend(left),
        None if left.is_empty() => {}
        None => losses.push(Loss::Processes { processes: left }),
    }
    Ok(())
}

/// The submodules in which something is nowhere else, those that git calls changed included.
fn submodules(
    context: &Context,
    repository: &Repository,
    folder: &Path,
    admin: &str,
    changed: Vec<String>,
) -> Result<Vec<String>> {
    let interrupt = &context.host.interrupt;
    let clones = repository.submodule_clones(folder, admin, &|| interrupt.is_raised())?;
    let caches = &context.config.remove.caches;
    let needed = clones
        .into_iter()
        .filter(|clone| clone.is_needed || clone.ignored.iter().any(|path| !cache::is_cache(path, caches)));
    let mut names: Vec<String> = changed.into_iter().chain(needed.map(|clone| clone.name)).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn push(losses: &mut Vec<Loss>, paths: Vec<String>, loss: impl FnOnce(Vec<String>) -> Loss) {
    if !paths.is_empty() {
        losses.push(loss(paths));
    }
}

/// An ignored path counts unless it is a cache, our own env block alone, or a copy of what the main worktree has.
fn is_only_here(
    context: &Context,
    repository: &Repository,
    folder: &Path,
    entry: Option<&Entry>,
    path: &str,
) -> bool {
    // What a killed `wt clean` put aside is a cache too.
    let is_cache = cache::is_cache(path, &context.config.remove.caches) || aside::is_aside(path);
    if is_cache || is_tagged(&folder.join(path)) {
        return false;
    }
    let is_env_file = entry.is_some_and(|entry| entry.block_files().iter().any(|file| file == path));
    if is_env_file && is_env_block_or_copy(repository, folder, path) {
        return false;
    }
    let copy =
        !repository.is_bare() && files::is_same_tree(&folder.join(path), &repository.root().join(path));
    !copy
}

/// Answers whether the env file holds no line of the user's that the main worktree's has not.
fn is_env_block_or_copy(repository: &Repository, folder: &Path, file: &str) -> bool {
    let Ok(Some(bytes)) = env_file::read_in(folder, file) else { return false };
    let Ok(rest) = env_block::remove(&bytes) else { return false };
    if rest.is_empty() {
        return true;
    }
    let main =
        if repository.is_bare() { None } else { env_file::read_in(repository.root(), file).ok().flatten() };
    main.is_some_and(|main| main == rest || env_block::remove(&main).is_ok_and(|main| main == rest))
}

/// Commits that only this worktree's HEAD, or the branch that goes with it, still names; and stashes made there.
pub fn of_head(
    repository: &Repository,
    worktree: Option<&GitWorktree>,
    branch: Option<&str>,
    delete_branch: bool,
) -> Result<Vec<Loss>> {
    let mut losses = Vec::new();
    let Some(worktree) = worktree else { return Ok(losses) };
    match (&worktree.head, &worktree.commit) {
        (Head::Detached(_), Some(commit)) => {
            let count = repository.unshared_commits(commit, None)?;
            if count > 0 {
                losses.push(Loss::Commits { branch: None, count });
            }
        }
        (Head::Branch(name), Some(commit)) if delete_branch => {
            let count = repository.unshared_commits(commit, Some(name))?;
            if count > 0 {
                losses.push(Loss::Commits { branch: Some(name.clone()), count });
            }
        }
        _ => {}
    }
    if let Some(branch) = branch {
        let count = repository.stash_entries(branch)?;
        if count > 0 {
            losses.push(Loss::Stash { count });
        }
    }
    Ok(losses)
}
