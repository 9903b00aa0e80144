//! Undoing an unfinished create: removes what its journal names, proven to be its own and unchanged, and nothing else.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{GitSupport, Repository, is_link_cut_short};
use crate::host::git_files::checkout::verify;
use crate::host::remove_tree::remove_tree;
use crate::host::{env_file, files};
use crate::model::env_block;
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Journal;
use crate::ops::{carry, claims, env};

/// What became of an unfinished create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// Everything it made is gone, and its entry.
    Gone,
    /// Somebody put something into its folder: left as it stands, entry and all.
    Kept { foreign: Vec<PathBuf> },
}

/// Whether the create got as far as making its branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchMade {
    Yes,
    No,
    /// Its process is gone: only what it left can tell.
    Unknown,
}

/// Undoes the create that `entry` stands for, and forgets it.
///
/// # Errors
///
/// Fails when something that is ours cannot be removed; the entry stays, so that a later command tries again.
pub fn undo_create(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    branch_made: BranchMade,
) -> Result<Undone> {
    let undone = take_back(context, repository, entry, branch_made)?;
    if undone == Undone::Gone {
        forget(context, &[(repository, entry)])?;
    }
    Ok(undone)
}

/// Takes back what the create made. Its entry stays until it is forgotten.
///
/// # Errors
///
/// As [`undo_create`].
pub fn take_back(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    branch_made: BranchMade,
) -> Result<Undone> {
    let EntryState::Creating { journal, .. } = &entry.state else { return Ok(Undone::Gone) };
    let admin = find_admin(repository, entry, journal)?;
    if folder_is_ours(repository, &entry.path, admin.as_deref()) {
        let mut foreign = foreign_paths(repository, entry, journal, admin.as_deref())?;
        if !foreign.is_empty() {
            let is_copy = carry::explains(context, entry);
            foreign.retain(|path| !is_copy(path));
        }
        if !foreign.is_empty() {
            return Ok(Undone::Kept { foreign });
        }
        if journal.folder_existed {
            empty_folder(&entry.path)?;
        } else {
            remove_tree(&entry.path)?;
        }
    }
    if let Some(admin) = admin {
        discard_admin(repository, &admin, &journal.token)?;
    }
    repository.discard_making(&journal.token)?;
    if let Some(branch) = &journal.new_branch {
        remove_branch(repository, branch, journal, branch_made)?;
    }
    if let Some(pull) = &journal.pull {
        if let Some(remote) = &pull.remote {
            repository.forget_made_remote(remote, &pull.kept)?;
        }
        if !pull.was_kept {
            repository.drop_pull(&pull.kept, Some(&journal.commit))?;
        }
    }
    remove_parents(journal);
    Ok(Undone::Gone)
}

/// git's admin folder of this create: it bears the journal's token, or (made by git itself) names our folder.
fn find_admin(repository: &Repository, entry: &Entry, journal: &Journal) -> Result<Option<String>> {
    let worktrees = repository.worktrees()?;
    let admins = || worktrees.iter().filter_map(|worktree| Some((worktree.admin.as_ref()?, worktree)));
    if let Some((own, _)) = admins().find(|(admin, _)| repository.is_marked(admin, &journal.token)) {
        return Ok(Some(own.clone()));
    }
    Ok(admins().find(|(_, worktree)| worktree.path == entry.path).map(|(admin, _)| admin.clone()))
}

/// The folder is ours when it is empty, or its `.git` file points into this repository at our admin folder, or at one
/// that was never put in place.
fn folder_is_ours(repository: &Repository, path: &Path, admin: Option<&str>) -> bool {
    let Ok(found) = path.symlink_metadata() else { return false };
    if !found.is_dir() {
        return false;
    }
    if path.read_dir().is_ok_and(|mut entries| entries.next().is_none()) {
        return true;
    }
    if admin.is_some() && is_link_cut_short(path) {
        return true;
    }
    match repository.find_admin_named_by(path) {
        Some(named) => admin.is_some_and(|admin| admin == named) || !repository.admin_dir(&named).exists(),
        None => false,
    }
}

/// What stands in the folder and was not provably made by this create.
fn foreign_paths(
    repository: &Repository,
    entry: &Entry,
    journal: &Journal,
    admin: Option<&str>,
) -> Result<Vec<PathBuf>> {
    let env_files = if journal.env { entry.block_files() } else { Vec::new() };
    let mut allowed = vec![".git"];
    for file in &env_files {
        // What leads elsewhere, or cannot be read, is not what this create wrote.
        if env_is_ours(&entry.path, file).unwrap_or(false) {
            allowed.push(file);
        }
    }
    let mut foreign = foreign_to(repository, entry, &journal.commit, admin, &allowed)?;
    // Each file is as it was checked out, or as the changes that were taken along have it.
    if let Some(changes) = journal.changes.as_ref().filter(|_| !foreign.is_empty()) {
        let to_changes = foreign_to(repository, entry, changes, admin, &allowed)?;
        foreign.retain(|path| to_changes.contains(path));
    }
    foreign.retain(|path| !env_files.iter().any(|file| is_draft(path, Path::new(file))));
    Ok(foreign)
}

fn foreign_to(
    repository: &Repository,
    entry: &Entry,
    commit: &str,
    admin: Option<&str>,
    allowed: &[&str],
) -> Result<Vec<PathBuf>> {
    // Where the commit cannot even be looked at any more, git could not have laid it out either.
    let way = match admin {
        Some(admin) => repository.way_in(commit, admin),
        None => repository.way(commit),
    };
    match way.unwrap_or(GitSupport::Engine) {
        GitSupport::Engine => {
            let outside = repository.outside_rules(admin)?;
            verify::foreign_paths(repository.common_dir(), commit, &entry.path, &outside, allowed)
        }
        GitSupport::Git(_) => repository.foreign_paths_by_git(&entry.path, commit, allowed),
    }
}

/// Answers whether `found` is a draft of ours for `file`, beside it.
fn is_draft(found: &Path, file: &Path) -> bool {
    let (Some(found_name), Some(name)) =
        (found.file_name(), file.file_name().and_then(std::ffi::OsStr::to_str))
    else {
        return false;
    };
    found.parent() == file.parent() && files::is_draft(found_name, name)
}

/// Answers whether nothing but our env block is in the file.
fn env_is_ours(folder: &Path, file: &str) -> Result<bool> {
    let Some(bytes) = env_file::read_in(folder, file)? else { return Ok(true) };
    Ok(env_block::remove(&bytes).is_ok_and(|rest| rest.is_empty()))
}

/// Takes git's admin folder away in one step, out of git's sight, and deletes it there.
fn discard_admin(repository: &Repository, admin: &str, token: &str) -> Result<()> {
    if repository.is_marked(admin, token) {
        return repository.discard_admin(admin, token);
    }
    // Made by git for us: it bears no token, but names the folder that our journal names.
    let aside = repository.require_wt_dir()?.join(format!("undone-{token}"));
    repository.take_unfinished_admin(admin, &aside)?;
    remove_tree(&aside)
}

/// Deletes the branch when it is still where the create put it, was made by it, and nobody uses it.
fn remove_branch(
    repository: &Repository,
    branch: &str,
    journal: &Journal,
    branch_made: BranchMade,
) -> Result<()> {
    repository.remove_reflog_without_branch(branch, &journal.token)?;
    let made = match branch_made {
        BranchMade::Yes => true,
        BranchMade::No => false,
        BranchMade::Unknown => repository.was_branch_made_by(branch, &journal.token)?,
    };
    repository.forget_made_branch(&journal.token);
    let unmoved = repository.find_branch(branch)?.is_some_and(|tip| tip == journal.commit);
    if !made || !unmoved || repository.branch_in_use(branch)?.is_some() {
        return Ok(());
    }
    repository.delete_branch(branch, &journal.commit).map(|_| ())
}

/// Removes the folders above that the create made, while they are empty.
fn remove_parents(journal: &Journal) {
    for parent in journal.new_parents.iter().rev() {
        // Not empty: somebody else uses it by now, and it stays.
        if std::fs::remove_dir(parent).is_err() {
            break;
        }
    }
}

/// Forgets creates that were taken back, all in one transaction.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn forget(context: &Context, undone: &[(&Repository, &Entry)]) -> Result<()> {
    let journals: Vec<(&Repository, &Entry, &Journal)> = undone
        .iter()
        .filter_map(|(repository, entry)| match &entry.state {
            EntryState::Creating { journal, .. } => Some((*repository, *entry, journal)),
            _ => None,
        })
        .collect();
    if journals.is_empty() {
        return Ok(());
    }
    let now = context.now();
    let gone = context.store()?.update(|registry| {
        let gone =
            registry.take_all(|known| journals.iter().any(|(.., journal)| is_create(known, &journal.token)));
        for (_, entry, _) in &journals {
            registry.record_event(now, Event::new("create_undone").of(&entry.repository, &entry.name));
        }
        Ok(gone)
    })?;
    claims::give_back(context, &gone);
    for (_, entry, _) in &journals {
        carry::forget(context, entry);
    }
    for (repository, entry, _) in journals.iter().filter(|(.., journal)| journal.env) {
        env::forget_exclude(context, repository, &entry.repository_id)?;
    }
    Ok(())
}

/// Answers whether `entry` is the unfinished create with that token.
#[must_use]
pub fn is_create(entry: &Entry, token: &str) -> bool {
    matches!(&entry.state, EntryState::Creating { journal, .. } if journal.token == token)
}

/// Empties a folder that was there before, and leaves the folder itself with its mode and owner.
fn empty_folder(folder: &Path) -> Result<()> {
    let failed =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be emptied", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        remove_tree(&entry.map_err(failed)?.path())?;
    }
    Ok(())
}
