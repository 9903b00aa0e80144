//! Removes one worktree, whether its folder is there or not.

use super::plan::{Plan, RemovalTarget};
use super::records::{self, forget};
use super::report::Removed;
use super::steps::{delete_branch, put_away, removed, stop_services, stop_setup};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::{GitWorktree, Repository};

/// Removes the target.
///
/// # Errors
///
/// `interrupted` before anything is touched; else what stops it.
pub(super) fn remove(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    plan: &Plan,
    warnings: &mut Vec<String>,
) -> Result<Removed> {
    context.host.interrupt.check()?;
    if target.missing {
        drop_records(context, repository, target, plan, warnings)
    } else {
        put_away(context, repository, target, plan, warnings)
    }
}

/// The folder is gone already: its records go, and git's entry for it alone, which can be restored with what was staged.
fn drop_records(
    context: &Context,
    repository: &Repository,
    target: &RemovalTarget,
    plan: &Plan,
    warnings: &mut Vec<String>,
) -> Result<Removed> {
    if let Some(entry) = &target.entry {
        stop_services(context, target, entry, plan)?;
        stop_setup(context, target, entry, plan)?;
    }
    let trash = if let Some(admin) = kept_admin(target) {
        Some(records::put_away(context, repository, target, admin, plan.delete_branch)?)
    } else {
        forget(context, repository, target)?;
        None
    };
    let tip = target.worktree.as_ref().and_then(|worktree| worktree.commit.as_deref());
    let branch = delete_branch(context, repository, target, tip, plan, warnings);
    Ok(removed(target, branch, trash.as_ref()))
}

/// Returns git's name of a record that can be kept.
pub(super) fn kept_admin(target: &RemovalTarget) -> Option<&str> {
    let is_kept = |worktree: &&GitWorktree| target.is_record_alone || worktree.broken.is_none();
    target.worktree.as_ref().filter(is_kept)?.admin.as_deref()
}
