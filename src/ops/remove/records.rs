//! The records of a worktree whose folder is gone: git's own goes into the repository's trash, with its index and its
//! logs and a ref that keeps what they name from gc, so that a restore brings back all that git still knew.

use std::path::Path;

use super::begun::Begun;
use super::marking::{changed_meanwhile, mark_removing, planned_trash};
use super::plan::RemovalTarget;
use super::settle;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{RecordDamage, Repository};
use crate::host::lock::FileHold;
use crate::host::remove_tree::remove_tree;
use crate::host::{place, token};
use crate::model::event::Event;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::ops::ports::ledger;
use crate::ops::services::forget as services;
use crate::ops::{claims, teardown};

/// Puts git's record `admin` of a vanished worktree away, and ours with it.
pub(super) fn put_away(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    admin: &str,
    delete_branch: bool,
) -> Result<Trash> {
    let _held = context.host.interrupt.hold();
    let begun = begin(context, repository, target, admin, delete_branch)?;
    let entry = mark_removing(context, repository, target, admin, &begun.trash)?;
    let put = carry_out(repository, target, &begun, &entry);
    settle::finish(context, repository, &entry)?;
    if put.is_err() && target.entry.is_none() {
        settle::drop_entry(context, &entry)?;
    }
    put.and_then(|()| {
        end(context, target, &entry)?;
        Ok(begun.trash)
    })
}

pub(super) fn begin(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    admin: &str,
    delete_branch: bool,
) -> Result<Begun> {
    let token = token::random()?;
    let hold = FileHold::take(&context.host.dirs()?.creating_folder()?.join(&token))?;
    repository.await_admin_locks(admin)?;
    let planned = planned_trash(context, repository, target, delete_branch, &token);
    // There is no folder: the record is all there is to keep.
    let trash = Trash { folder: planned.admin.clone(), ..planned };
    Ok(Begun { hold, admin: admin.to_owned(), trash })
}

/// Moves git's record into the trash, once more proven to be that of a worktree that is gone.
pub(super) fn carry_out(
    repository: &Repository,
    target: &RemovalTarget,
    begun: &Begun,
    entry: &Entry,
) -> Result<()> {
    let (admin, trash) = (&begun.admin, &begun.trash);
    let proof = if target.is_record_alone {
        require_damaged(repository, admin, &target.path)
    } else {
        require_vanished(repository, admin, &target.path)
    };
    proof
        .and_then(|()| match repository.keep(&trash.token, &repository.admin_dir(admin)) {
            // Of what is damaged git keeps nothing either.
            Err(_) if target.is_record_alone => Ok(None),
            kept => kept,
        })
        .and_then(|_| note(repository, entry, trash))
        .and_then(|()| repository.take_admin(admin, &trash.admin))
}

/// What is left to do once the removal is on record as done.
pub(super) fn end(context: &Context, target: &RemovalTarget, entry: &Entry) -> Result<()> {
    if !target.is_record_alone {
        // There is no folder to run it in: the next sweep does, in the main worktree.
        teardown::call_in(context, entry)?;
        // What its setup had made went with the folder.
        services::forget(context, entry);
    }
    Ok(())
}

/// Describes what is put away beside it.
pub(super) fn note(repository: &Repository, entry: &Entry, trash: &Trash) -> Result<()> {
    let state = EntryState::Removed { trash: trash.clone() };
    let mut kept = Entry { state, allocations: Vec::new(), ..entry.clone() };
    // Whoever reads it has no proof of who wrote it: what is run for a worktree stands in the registry alone.
    kept.notes.teardown.clear();
    let text = serde_json::to_vec(&kept).map_err(|error| Failure::new(Code::Internal, error.to_string()))?;
    repository.write_trash_note(&trash.token, &text)
}

/// Drops records where git has none that could be kept.
pub(super) fn forget(context: &Context, repository: &Repository, target: &RemovalTarget) -> Result<()> {
    require_all_gone(repository, target)?;
    let now = context.now();
    let (name, root) = (target.name.clone(), repository.root().to_path_buf());
    let gone = context.store()?.update(|registry| {
        let mut gone = None;
        if let Some(seen) = &target.entry {
            let is_it = |known: &Entry| known.sequence == seen.sequence && known.state == seen.state;
            gone = ledger::drop_one(registry, is_it);
            if gone.is_none() {
                return Err(changed_meanwhile(&name));
            }
        }
        registry.record_event(now, Event::new("removed").of(&root, &name).with("missing", true));
        Ok(gone)
    })?;
    claims::give_back(context, &gone);
    if let Some(admin) = target.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref()) {
        discard_admin(repository, admin, &target.path)?;
    }
    if let Some(entry) = &target.entry {
        services::forget(context, entry);
    }
    Ok(())
}

/// Takes away git's record of a worktree whose folder is gone: this one alone, as no `git worktree prune` could.
fn discard_admin(repository: &Repository, admin: &str, path: &Path) -> Result<()> {
    require_vanished(repository, admin, path)?;
    let aside = repository.require_wt_dir()?.join(format!("vanished-{}", token::random()?));
    repository.take_admin(admin, &aside)?;
    remove_tree(&aside)
}

/// The proof, taken before anything goes: git's record can be read or is not there, and no folder stands where either record
/// says. A link of git's that cannot be read just now names no folder, and that says nothing of the folder.
fn require_all_gone(repository: &Repository, target: &RemovalTarget) -> Result<()> {
    if let Some(entry) = &target.entry
        && !place::is_gone(&entry.path)
    {
        let message =
            format!("git's record of {} does not say where it is, and it is there", entry.path.display());
        return Err(Failure::new(Code::NotFound, message).hint("`git worktree repair` may mend git's link"));
    }
    let Some(admin) = target.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref()) else {
        return Ok(());
    };
    repository.require_readable_link(admin)?;
    require_vanished(repository, admin, &target.path)
}

/// The proof, taken right before a damaged record goes: it names the same folder, and is still no whole worktree's.
fn require_damaged(repository: &Repository, admin: &str, path: &Path) -> Result<()> {
    let named = repository.find_worktree_called(admin)?.filter(|worktree| worktree.path == path);
    match named.and_then(|worktree| repository.damage(&worktree)) {
        Some(RecordDamage::Record(_) | RecordDamage::Displaced(_)) => Ok(()),
        _ => Err(Failure::new(Code::NotFound, format!("git's record `{admin}` was mended meanwhile"))
            .hint("look with `git worktree list`")),
    }
}

/// The proof, taken right before the record goes: it still names that folder, and nothing is there.
fn require_vanished(repository: &Repository, admin: &str, path: &Path) -> Result<()> {
    let named = repository.find_worktree_called(admin)?;
    if named.is_some_and(|worktree| worktree.path == path) && place::is_gone(path) {
        return Ok(());
    }
    Err(Failure::new(
        Code::NotFound,
        format!("git's record `{admin}` does not name {} any more", path.display()),
    )
    .hint("look with `git worktree list`"))
}
