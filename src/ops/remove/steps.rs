//! Puts worktrees away: the folder into a trash beside it, git's admin folder into the repository's own, the ports back.
//! Two renames; each step is recorded before it is taken, so that a later command can finish or take it back.

use std::cell::Cell;
use std::path::Path;

use super::begun::Begun;
use super::plan::{Plan, RemovalTarget};
use super::records;
use super::report::Removed;
use super::{losses, settle};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{IndexStamp, Repository};
use crate::host::lock::FileHold;
use crate::host::moving::{self, Unmovable};
use crate::host::remove_tree::remove_tree;
use crate::host::{files, token, trash_folder};
use crate::model::advised::wt;
use crate::model::branch::{BranchKept, KeptReason};
use crate::model::loss::{self, Loss};
use crate::model::registry::entry::Entry;
use crate::model::registry::journal::Trash;
use crate::ops::remove::marking::{mark_removing, planned_trash};
use crate::ops::services::contact::Deaf;
use crate::ops::services::{down, forget as services, letting_go};
use crate::ops::unmovable::{made_anew, unmovable};
use crate::ops::{branches, setup, teardown};

/// No process of a worktree survives it; those of services are proven to be its own. What was started since it was asked
/// whether anything runs is a reason to ask again. To be called once nothing more can start: the removal is on record.
pub(super) fn stop_services(
    context: &Context,
    target: &RemovalTarget,
    entry: &Entry,
    plan: &Plan,
) -> Result<()> {
    if !services::has_ever_run(context, entry)? {
        let_go_of_shared(context, entry);
        return Ok(());
    }
    let services = down::running(context, entry)?;
    if !services.is_empty() && plan.force == 0 && !target.missing {
        let losses = [&Loss::Services { services }];
        return Err(loss::refusal(&target.name, &target.path, &losses, plan.delete_branch));
    }
    down::stop(context, entry, &mut Deaf)?;
    let_go_of_shared(context, entry);
    Ok(())
}

/// What serves all worktrees stops no removal: what cannot be stopped runs on in the main worktree, and is shown there.
fn let_go_of_shared(context: &Context, entry: &Entry) {
    let _ = letting_go::let_go(context, entry, &mut Deaf);
}

/// The same of what the worktree's own commands started: a setup that runs ends with the worktree, and what an earlier one
/// left running.
pub(super) fn stop_setup(
    context: &Context,
    target: &RemovalTarget,
    entry: &Entry,
    plan: &Plan,
) -> Result<()> {
    let mut losses = Vec::new();
    losses::push_setup(context, entry, &mut losses)?;
    if !losses.is_empty() && plan.force == 0 && !target.missing {
        let losses: Vec<&Loss> = losses.iter().collect();
        return Err(loss::refusal(&target.name, &target.path, &losses, plan.delete_branch));
    }
    setup::stop(context, entry).map(drop)
}

/// What became of the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BranchFate {
    /// Nobody asked for its deletion, or there is none.
    Untouched,
    Deleted,
    Kept(KeptReason),
}

/// Deletes the branch where that was asked for, it is still at `tip`, and nobody else needs it; says why where it stays.
pub(super) fn delete_branch(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    tip: Option<&str>,
    plan: &Plan,
    warnings: &mut Vec<String>,
) -> BranchFate {
    let (true, Some(branch), Some(tip)) = (plan.delete_branch, &target.branch, tip) else {
        if target.branch.is_none() {
            forget_pull(repository, target, warnings);
        }
        return BranchFate::Untouched;
    };
    let own = target.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
    let deleted = match branches::keep_reason(context, repository, branch, own, plan.force) {
        Ok(Some(kept)) => {
            warnings.push(format!("branch `{branch}` stays: {kept}"));
            return BranchFate::Kept(kept.reason);
        }
        Ok(None) => repository.delete_branch(branch, tip),
        Err(failure) => Err(failure),
    };
    match deleted {
        Ok(true) => {
            forget_pull(repository, target, warnings);
            BranchFate::Deleted
        }
        Ok(false) => {
            let kept = BranchKept { reason: KeptReason::Moved, path: None };
            warnings.push(format!("branch `{branch}` stays: {kept}"));
            BranchFate::Kept(kept.reason)
        }
        Err(failure) => {
            warnings.push(format!("branch `{branch}` stays: {failure}"));
            BranchFate::Kept(KeptReason::Failed)
        }
    }
}

/// What was made for a pull request goes with its branch.
fn forget_pull(repository: &Repository, target: &RemovalTarget, warnings: &mut Vec<String>) {
    let mark = target.entry.as_ref().and_then(|entry| entry.notes.foreign.read());
    let Some((mark, kept)) = mark.and_then(|mark| Some((mark.clone(), mark.kept_ref?))) else { return };
    let remote = mark.made_remote.map_or(Ok(()), |remote| repository.forget_made_remote(&remote, &kept));
    if let Err(failure) = remote.and_then(|()| repository.drop_pull(&kept, None)) {
        warnings.push(format!("what was made for the pull request stays: {failure}"));
    }
}

pub(super) fn put_away(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    plan: &Plan,
    warnings: &mut Vec<String>,
) -> Result<Removed> {
    let _held = context.host.interrupt.hold();
    let begun = begin(context, repository, target, plan)?;
    let entry = mark_removing(context, repository, target, &begun.admin, &begun.trash)?;
    if let Some(removed) = carry_out(context, repository, target, plan, (&begun, &entry), warnings)? {
        return Ok(removed);
    }
    settle::finish(context, repository, &entry)?;
    Ok(end(context, repository, target, plan, begun, warnings))
}

pub(super) fn begin(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    plan: &Plan,
) -> Result<Begun> {
    let token = token::random()?;
    let hold = FileHold::take(&context.host.dirs()?.creating_folder()?.join(&token))?;
    let Some(admin) = target.worktree.as_ref().and_then(|worktree| worktree.admin.clone()) else {
        return Err(Failure::new(Code::Internal, format!("`{}` has no admin folder", target.name)));
    };
    // Before anything is stopped or moved: this may be a refusal.
    repository.await_admin_locks(&admin)?;
    let trash = planned_trash(context, repository, target, plan.delete_branch, &token);
    if plan.force == 0 {
        require_movable(target, &trash)?;
    }
    Ok(Begun { hold, admin, trash })
}

/// Stops what runs and moves the folder into the trash, or takes back what was begun; where that cannot be and is forced, deletes
/// it in place and says so.
pub(super) fn carry_out(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    plan: &Plan,
    (begun, entry): (&Begun, &Entry),
    warnings: &mut Vec<String>,
) -> Result<Option<Removed>> {
    let (admin, trash) = (&begun.admin, &begun.trash);
    let (kept_index, is_unread) = (Cell::new(None), Cell::new(false));
    let keep = || {
        let folder = repository.admin_dir(admin);
        kept_index.set(Some(IndexStamp::of(&folder)));
        let kept = repository.keep(&trash.token, &folder);
        is_unread.set(kept.is_err() && plan.force > 0 && !repository.has_readable_index(&folder));
        if is_unread.get() { repository.keep_commits(&trash.token, &folder) } else { kept }
    };
    // Not before that is on record: a removal that cannot begin stops nothing.
    let put = stop_services(context, target, entry, plan)
        .and_then(|()| stop_setup(context, target, entry, plan))
        .and_then(|()| teardown::tear_down(context, entry, &target.path, warnings))
        // The proof is taken again, right before the rename: what was planned may be minutes old.
        .and_then(|()| repository.require_linked(&target.path, admin, context.host.home()))
        .and_then(|_| keep())
        .and_then(|_| records::note(repository, entry, trash))
        .and_then(|()| move_into_trash(repository, entry, admin, trash));
    let failure = match put {
        Ok(()) => {
            if is_unread.get() {
                warnings.push(format!(
                    "git cannot read the index of `{}`: what was staged `git gc` may take away from what can be restored",
                    target.name
                ));
            }
            let is_kept = |before| repository.keep_what_came_since(&trash.token, &trash.admin, before);
            if !kept_index.get().is_none_or(is_kept) {
                warnings.push(format!(
                    "the index of `{}` changed while it was removed: what was staged then `git gc` may take away from what \
                     can be restored",
                    target.name
                ));
            }
            return Ok(None);
        }
        Err(failure) => failure,
    };
    if settle::is_at_home(entry) && plan.force > 0 && is_unmovable(&failure) {
        warnings.push(format!(
            "{} cannot be renamed ({failure}): deleted in place, not restorable",
            target.path.display()
        ));
        if let Err(failure) = delete_in_place(&target.path) {
            settle::finish(context, repository, entry)?;
            return Err(failure);
        }
        remove_tree(&trash.admin)?;
        repository.remove_trash_note(&trash.token);
        if let Some(keep) = &trash.keep_ref {
            repository.drop_keep(keep)?;
        }
        settle::drop_entry(context, entry)?;
        let branch = delete_branch(context, repository, target, trash.head.as_deref(), plan, warnings);
        return Ok(Some(removed(target, branch, None)));
    }
    settle::finish(context, repository, entry)?;
    let hint = unmovable_hint(target, Unmovable::Mounted);
    Err(if is_unmovable(&failure) { failure.hint(hint) } else { failure })
}

/// What is left to do once the removal is on record as done.
pub(super) fn end(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    plan: &Plan,
    begun: Begun,
    warnings: &mut Vec<String>,
) -> Removed {
    let Begun { hold, trash, .. } = begun;
    let branch = delete_branch(context, repository, target, trash.head.as_deref(), plan, warnings);
    hold.release();
    removed(target, branch, Some(&trash))
}

fn move_into_trash(repository: &Repository, entry: &Entry, admin: &str, trash: &Trash) -> Result<()> {
    let place = trash.folder.parent().unwrap_or(&trash.folder);
    // A sweep, or another removal's end, would take it away, empty as it still is.
    let _stays = trash_folder::prepare(place)?;
    // First, so that no `git worktree prune` finds a record without its folder.
    repository.take_admin(admin, &trash.admin)?;
    files::rename_new(&entry.path, &trash.folder)
}

/// Refuses what the system would not rename, before anything is stopped or moved.
fn require_movable(target: &RemovalTarget, trash: &Trash) -> Result<()> {
    let place = trash.folder.parent().unwrap_or(&trash.folder);
    let stays = trash_folder::prepare(place)?;
    let reason = moving::why_unmovable(&target.path, place);
    drop(stays);
    trash_folder::remove_if_empty(place);
    let Some(reason) = reason else { return Ok(()) };
    let message = format!("{} cannot be moved into the trash: {}", target.path.display(), unmovable(reason));
    Err(Failure::new(Code::Permission, message).hint(unmovable_hint(target, reason)))
}

fn unmovable_hint(target: &RemovalTarget, reason: Unmovable) -> String {
    let first = match reason {
        Unmovable::LowerLayer => made_anew(&target.path),
        Unmovable::Mounted => "unmount it first".to_owned(),
    };
    let remove = wt("remove --force {}", &[&target.name]);
    format!("{first}; or delete it in place, beyond restoring: `{remove}`")
}

/// Deletes what a folder that cannot be renamed holds; a mount point itself stays, empty.
fn delete_in_place(folder: &Path) -> Result<()> {
    match remove_tree(folder) {
        Err(_) if folder.read_dir().is_ok_and(|mut left| left.next().is_none()) => Ok(()),
        other => other,
    }
}

/// A mount point, or a folder on another file system than its parent.
fn is_unmovable(failure: &Failure) -> bool {
    let cause = failure.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| {
        matches!(cause.kind(), std::io::ErrorKind::CrossesDevices | std::io::ErrorKind::ResourceBusy)
    })
}

pub(super) fn removed(target: &RemovalTarget, branch: BranchFate, trash: Option<&Trash>) -> Removed {
    Removed {
        name: target.name.clone(),
        path: target.path.clone(),
        branch: target.branch.clone(),
        branch_deleted: branch == BranchFate::Deleted,
        branch_kept_reason: match branch {
            BranchFate::Kept(reason) => Some(reason),
            BranchFate::Untouched | BranchFate::Deleted => None,
        },
        ports: target.ports.clone(),
        restorable: trash.is_some(),
        restorable_until: trash.map(|trash| trash.until),
    }
}
