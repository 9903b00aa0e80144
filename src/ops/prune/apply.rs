//! Prunes what was planned, each worktree looked at once more right before it goes.

use super::candidate::{Plan, PruneCandidate};
use super::merged::{Judge, MergedVerdict};
use super::report::{KeptWorktree, PruneKind, Pruned, Report, Request, found};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{RecordDamage, Repository};
use crate::ops::absence::{AbsenceLook, judge};
use crate::ops::remove::{RemovalTarget, Removed};
use crate::ops::vanished::Lookout;
use crate::ops::vanished::release::{Release, release_all};
use crate::ops::{damaged, remove, rows, teardown};

/// Prunes the planned worktrees, one after the other. What changed meanwhile, or cannot be put away, is kept and said.
///
/// # Errors
///
/// `interrupted`; or the registry cannot be read. What was pruned until then can be restored.
pub fn apply(context: &Context, plan: &Plan) -> Result<Report> {
    let mut report =
        Report { kept: plan.kept.clone(), compared_with: plan.compared_with.clone(), ..Report::default() };
    let mut lookout = None;
    let mut ready: Vec<Ready<'_>> = Vec::new();
    for candidate in &plan.candidates {
        context.host.interrupt.check()?;
        let looked = judge_again(context, candidate, plan.request, &mut lookout);
        if !matches!(&looked, Ok(Looked::Fits(_, force)) if *force == 1 && ready.len() < remove::TOGETHER) {
            put_away(context, std::mem::take(&mut ready), plan.request, &mut report)?;
        }
        match looked {
            Ok(Looked::Fits(target, 1)) => ready.push(Ready { candidate, target }),
            Ok(Looked::Fits(target, force)) => {
                let done = remove_one(context, candidate, *target, force, plan.request, &mut report.warnings);
                note(&mut report, candidate, done.map(Some))?;
            }
            Ok(Looked::Released) => report.pruned.push(candidate.outlook()),
            Ok(Looked::Changed) => note(&mut report, candidate, Ok(None))?,
            Err(failure) => note(&mut report, candidate, Err(failure))?,
        }
    }
    put_away(context, ready, plan.request, &mut report)?;
    if !plan.due.is_empty() {
        let own = context.repository.as_ref().and_then(Repository::find_id);
        report.teardown = teardown::pay_due(context, true, own.as_ref())?;
        if report.teardown.is_empty() {
            report.warnings.push("the teardowns that are due are being run by another `wt`".to_owned());
        }
    }
    Ok(report)
}

/// What a second look at a candidate said.
enum Looked {
    /// It goes, with so much force.
    Fits(Box<RemovalTarget>, u8),
    /// It had a record alone, which was released.
    Released,
    Changed,
}

/// One that goes with others.
struct Ready<'a> {
    candidate: &'a PruneCandidate,
    target: Box<RemovalTarget>,
}

/// Puts several away together; those after one that cannot be put away go one by one.
fn put_away(context: &Context, ready: Vec<Ready<'_>>, request: Request, report: &mut Report) -> Result<()> {
    if ready.is_empty() {
        return Ok(());
    }
    let targets = ready.iter().map(|ready| (*ready.target).clone()).collect();
    let mut left = ready.into_iter();
    // What refuses all of them is said of that one which it is about.
    if let Ok(done) = remove::apply(context, &remove::Plan::of(targets, false, 1)) {
        report.warnings.extend(done.warnings);
        for removed in done.removed {
            let Some(ready) = left.next() else { break };
            report.pruned.push(pruned(ready.candidate, removed));
        }
        if let (Some(failure), Some(ready)) = (done.stopped, left.next()) {
            let in_trash = failure.details().get(remove::IN_TRASH).and_then(|names| names.as_array());
            let more = in_trash.map_or(0, Vec::len).saturating_sub(1);
            note(report, ready.candidate, Err(failure))?;
            // Those are gone all the same, as that failure says: none of them is tried again.
            left.by_ref().take(more).for_each(drop);
        }
    }
    for ready in left {
        context.host.interrupt.check()?;
        let done = remove_one(context, ready.candidate, *ready.target, 1, request, &mut report.warnings);
        note(report, ready.candidate, done.map(Some))?;
    }
    Ok(())
}

/// Notes what became of a candidate; an interruption ends it all.
fn note(report: &mut Report, candidate: &PruneCandidate, done: Result<Option<Pruned>>) -> Result<()> {
    let kept = |reason| KeptWorktree { name: candidate.name.clone(), reason };
    match done {
        Ok(Some(pruned)) => report.pruned.push(pruned),
        Ok(None) => report.kept.push(kept("it changed meanwhile".to_owned())),
        Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
        Err(failure) => {
            report.is_refused |= matches!(
                failure.code(),
                Code::Permission | Code::DiskFull | Code::RegistryLocked | Code::RegistryCorrupt
            );
            report.warnings.push(format!("`{}` stays: {}", candidate.name, failure.message()));
            report.kept.push(kept(failure.message().to_owned()));
        }
    }
    Ok(())
}

/// `lookout` is what all of them share: each is looked at again by itself.
fn judge_again<'a>(
    context: &'a Context,
    candidate: &PruneCandidate,
    request: Request,
    lookout: &mut Option<Lookout<'a>>,
) -> Result<Looked> {
    let Some(planned) = &candidate.target else {
        let Some(entry) = &candidate.row.entry else { return Ok(Looked::Changed) };
        let own =
            context.repository.as_ref().filter(|own| own.find_id().as_ref() == Some(&entry.repository_id));
        let released = release_all(context, own, &[entry], &mut Vec::new())?;
        return match released.into_iter().next().unwrap_or(Release::Changed) {
            Release::Done => Ok(Looked::Released),
            Release::Changed => Ok(Looked::Changed),
            Release::Kept(why) => Err(Failure::new(Code::Locked, why)),
        };
    };
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let admin = candidate.row.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
    let found_now = admin.map(|admin| rows::find_row(repository, &registry, admin)).transpose()?.flatten();
    let (Some(admin), Some(row)) = (admin, found_now.filter(|row| row.path() == candidate.path)) else {
        return Ok(Looked::Changed);
    };
    let (target, force) = match candidate.kind {
        PruneKind::Vanished => {
            let lookout = match lookout {
                Some(lookout) => lookout,
                None => lookout.insert(Lookout::new(context, Some(repository))?),
            };
            lookout.look_again_at(admin)?;
            let AbsenceLook::Vanished = judge(context, repository, lookout, &row, candidate.is_named) else {
                return Ok(Looked::Changed);
            };
            // What its HEAD alone names is kept with git's record; a lock was ruled out by the look.
            (
                remove::inspect(
                    context,
                    repository,
                    found(&row),
                    remove::RemovalLook::Losses { with_branch: false },
                )?,
                1,
            )
        }
        PruneKind::Damaged => match damaged::of_row(repository, &row) {
            None | Some((_, RecordDamage::Unlinked(_))) => return Ok(Looked::Changed),
            Some(_) => (remove::inspect_record(context, found(&row))?, 1),
        },
        PruneKind::Merged => {
            let judge = Judge::new(context, repository, &registry, request)?;
            let MergedVerdict::Merged(_, target) = judge.verdict(&row)? else { return Ok(Looked::Changed) };
            (*target, 0)
        }
    };
    let tip = |target: &remove::RemovalTarget| {
        target.worktree.as_ref().and_then(|worktree| worktree.commit.clone())
    };
    if target.branch != planned.branch || tip(&target) != tip(planned) {
        return Ok(Looked::Changed);
    }
    Ok(Looked::Fits(Box::new(target), force))
}

fn remove_one(
    context: &Context,
    candidate: &PruneCandidate,
    target: RemovalTarget,
    force: u8,
    request: Request,
    warnings: &mut Vec<String>,
) -> Result<Pruned> {
    let delete_branch = request.delete_branch && candidate.kind == PruneKind::Merged;
    let done = remove::apply(context, &remove::Plan::of(vec![target], delete_branch, force))?;
    warnings.extend(done.warnings);
    if let Some(failure) = done.stopped {
        return Err(failure);
    }
    let Some(removed) = done.removed.into_iter().next() else {
        return Err(Failure::new(Code::Internal, "a removal answered nothing"));
    };
    Ok(pruned(candidate, removed))
}

fn pruned(candidate: &PruneCandidate, removed: Removed) -> Pruned {
    Pruned {
        restorable: removed.restorable,
        restorable_until: removed.restorable_until,
        branch_deleted: removed.branch_deleted,
        branch_kept_reason: removed.branch_kept_reason,
        ports: removed.ports,
        ..candidate.outlook()
    }
}
