//! Puts the planned worktrees away, one after the other, or several together where that takes no time.

use super::plan::{Plan, RemovalTarget};
use super::report::{Removed, Report};
use super::{gathered, single};
use crate::context::Context;
use crate::error::{Failure, Result};

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
        let together = gathered::beginning(context, repository, left);
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
        match single::remove(context, repository, target, plan, &mut report.warnings) {
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
