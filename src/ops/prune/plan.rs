//! What a pruning would do. Reads only.

use super::merged::{Judge, MergedVerdict};
use super::named;
use super::report::{KeptWorktree, PruneKind, Request};
use crate::context::Context;
use crate::error::Result;
use crate::ops::absence::{AbsenceLook, judge};
use crate::ops::prune::candidate::vanished;
use crate::ops::prune::{Plan, PruneCandidate};
use crate::ops::vanished::Lookout;
use crate::ops::{rows, teardown};

/// Finds what is to be pruned: what has vanished, or of that what is named.
///
/// # Errors
///
/// `not_a_repository`; `branch_not_found` when the default branch is not known; or the records or the history cannot be read.
pub fn plan(context: &Context, request: Request, names: &[String]) -> Result<Plan> {
    if !names.is_empty() {
        return named::plan(context, request, names);
    }
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let lookout = Lookout::new(context, Some(repository))?;
    let mut plan = Plan {
        candidates: Vec::new(),
        kept: Vec::new(),
        compared_with: Vec::new(),
        due: teardown::due_here(context)?,
        request,
    };
    let mut standing = Vec::new();
    for row in rows::rows(repository, &registry)? {
        if row.is_main() {
            continue;
        }
        match judge(context, repository, &lookout, &row, false) {
            AbsenceLook::There => standing.push(row),
            AbsenceLook::Kept(why) => plan.kept.push(KeptWorktree::new(&row, why)),
            AbsenceLook::Vanished => match vanished(context, repository, &row) {
                Ok(candidate) => plan.candidates.push(candidate),
                Err(failure) => plan.kept.push(KeptWorktree::new(&row, failure.message())),
            },
        }
    }
    if request.merged {
        let judge = Judge::new(context, repository, &registry, request)?;
        plan.compared_with = judge.compared_with();
        for row in standing {
            context.host.interrupt.check()?;
            match judge.verdict(&row)? {
                MergedVerdict::Merged(merged, target) => {
                    let reason = merged.to_string();
                    plan.candidates.push(PruneCandidate::new(&row, reason, PruneKind::Merged, Some(*target)));
                }
                MergedVerdict::Kept(why) => plan.kept.push(KeptWorktree::new(&row, why)),
            }
        }
    }
    Ok(plan)
}
