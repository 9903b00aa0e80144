//! The worktrees that a cleaning means.

use jiff::{SignedDuration, Timestamp};

use super::report::Request;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::registry::entry::EntryState;
use crate::ops::find::{self, FoundWorktree};
use crate::ops::prune;
use crate::ops::rows::{self, WorktreeRow};

/// Chooses them: those that are named, or the one we stand in; with a selector of the linked ones that are neither locked nor
/// being worked at. How long one is idle is judged later, by its files.
pub(super) fn choose(
    context: &Context,
    repository: &Repository,
    request: &Request,
) -> Result<Vec<FoundWorktree>> {
    let registry = context.store()?.read()?;
    let selects = request.idle.is_some() || request.merged;
    let mut found: Vec<FoundWorktree> = Vec::new();
    if request.names.is_empty() && selects {
        let linked = rows::rows(repository, &registry)?.into_iter().filter(|row| !row.is_main());
        found.extend(linked.filter(is_at_rest).map(FoundWorktree::from));
    } else if request.names.is_empty() {
        found.push(find::here(context)?);
    }
    for name in &request.names {
        let named = find::named(context, &registry, name)?;
        if found.iter().all(|known| known.path != named.path) {
            found.push(named);
        }
    }
    for found in &found {
        require_there(found)?;
    }
    if request.merged {
        let judge = prune::MergeJudge::of_branches(context, repository, &registry)?;
        let mut merged = Vec::new();
        for found in found {
            if judge.is_merged(&found)? {
                merged.push(found);
            }
        }
        return Ok(merged);
    }
    Ok(found)
}

fn is_at_rest(row: &WorktreeRow) -> bool {
    let is_there = row.worktree.as_ref().is_some_and(|worktree| {
        !worktree.missing && worktree.broken.is_none() && worktree.lock.is_none() && !worktree.initializing
    });
    is_there && row.entry.as_ref().is_none_or(|entry| entry.state == EntryState::Active)
}

fn require_there(found: &FoundWorktree) -> Result<()> {
    let is_there = found.worktree.as_ref().is_some_and(|worktree| !worktree.missing) && found.path.is_dir();
    if !is_there {
        let message = format!("the folder of `{}` is not there", found.name);
        return Err(Failure::new(Code::NotFound, message).hint("`wt list` shows the worktrees"));
    }
    let is_busy = found.entry.as_ref().is_some_and(|entry| entry.state != EntryState::Active);
    if is_busy {
        let message = format!("another command is at work on `{}`", found.name);
        return Err(Failure::new(Code::Locked, message).hint("wait until it is done, then try again"));
    }
    Ok(())
}

/// Answers whether nothing changed in a worktree for as long as `request` says: no file, caches aside, of which `newest` is
/// the last one's time; no commit, no switch, and it is not younger itself.
pub(super) fn is_idle(
    context: &Context,
    repository: &Repository,
    found: &FoundWorktree,
    newest: i64,
    request: &Request,
) -> Result<bool> {
    let Some(idle) = request.idle else { return Ok(true) };
    let mut times: Vec<Timestamp> = Timestamp::from_second(newest).into_iter().collect();
    times.extend(found.entry.as_ref().map(|entry| entry.created_at));
    if let Some(admin) = found.admin() {
        times.extend(repository.head_log_of(admin)?.iter().filter_map(|line| line.at));
    }
    let idle = SignedDuration::try_from(idle).unwrap_or(SignedDuration::MAX);
    Ok(times.into_iter().max().is_some_and(|last| context.now().duration_since(last) >= idle))
}
