//! Puts the planned worktrees away, one after the other, or several together where that takes no time.

use super::gathered;
use super::plan::{Plan, RemovalTarget};
use super::records::{self, forget};
use super::report::{Removed, Report};
use super::steps::{delete_branch, put_away, removed, stop_services, stop_setup};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::host::git::{GitWorktree, Repository};

/// Removes the planned worktrees, one after the other.
///
/// # Errors
///
/// `dirty`, `unpushed` or `locked` before anything is touched. What stops it later is in the report.
pub fn apply(context: &Context, plan: &Plan) -> Result<Report> {
    plan.require_safe()?;
    let repository = context.require_repository()?;
    let mut report =
        Report { removed: Vec::new(), absent: plan.absent.clone(), warnings: Vec::new(), stopped: None };
    let mut left = plan.worktrees.as_slice();
    while let Some(target) = left.first() {
        let together = gathered::beginning(context, left);
        let (these, others) = left.split_at(together.max(1));
        left = others;
        if together > 1 {
            let stop = gathered::put_away(context, repository, these, plan, &mut report);
            if let Some((failure, target)) = stop {
                report.stopped = Some(stopped(failure, target, &report.removed));
                break;
            }
            continue;
        }
        let removed = context.host.interrupt.check().and_then(|()| {
            if target.missing {
                drop_records(context, repository, target, plan, &mut report.warnings)
            } else {
                put_away(context, repository, target, plan, &mut report.warnings)
            }
        });
        match removed {
            Ok(removed) => report.removed.push(removed),
            Err(failure) => {
                report.stopped = Some(stopped(failure, target, &report.removed));
                break;
            }
        }
    }
    Ok(report)
}

/// Says which worktrees are gone already where a removal of several stopped.
fn stopped(failure: Failure, at: &RemovalTarget, removed: &[Removed]) -> Failure {
    if removed.is_empty() {
        return failure;
    }
    let names: Vec<String> = removed.iter().map(|removed| removed.name.clone()).collect();
    failure.detail("removed", names).detail("stopped_at", at.name.as_str())
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
    let is_kept = |worktree: &&GitWorktree| target.is_record_alone || worktree.broken.is_none();
    let admin = target.worktree.as_ref().filter(is_kept);
    let trash = if let Some(admin) = admin.and_then(|worktree| worktree.admin.as_deref()) {
        Some(records::put_away(context, repository, target, admin, plan.delete_branch)?)
    } else {
        forget(context, repository, target)?;
        None
    };
    let tip = target.worktree.as_ref().and_then(|worktree| worktree.commit.as_deref());
    let branch = delete_branch(context, repository, target, tip, plan, warnings);
    Ok(removed(target, branch, trash.as_ref()))
}
