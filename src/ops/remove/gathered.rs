//! Many removals at once: their beginnings are one change of the registry, and their ends another. It is one file that is
//! written whole, so that a change for each would cost more than linear time. Each is on record before its first step, as always,
//! and whoever dies in between leaves removals that the next command finishes or takes back one by one.

use super::begun::Begun;
use super::marking::mark_all_removing;
use super::plan::{Plan, RemovalTarget};
use super::report::Report;
use super::{records, settle, single, steps};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::ops::services::forget as services;
use crate::ops::setup;

/// The detail of a failure that names what stands in the trash without being recorded as removed.
pub const IN_TRASH: &str = "in_trash";

/// How many at most: each has a file that is held, and a later one is on record as being removed while an earlier one is.
pub const TOGETHER: usize = 32;

/// Returns how many of the first `targets` may be removed together: those that take no time, since nothing of them runs or is to
/// be run.
pub(super) fn beginning(context: &Context, repository: &Repository, targets: &[RemovalTarget]) -> usize {
    targets.iter().take(TOGETHER).take_while(|target| is_quick(context, repository, target)).count()
}

fn is_quick(context: &Context, repository: &Repository, target: &RemovalTarget) -> bool {
    let Some(entry) = target.entry.as_ref() else { return false };
    // While git works in one nobody who goes with it waits for that.
    let admin = target.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
    if admin.is_some_and(|admin| repository.is_at_work(admin)) {
        return false;
    }
    if target.missing && single::kept_admin(target).is_none() {
        return false;
    }
    let has_run = setup::has_run(context, entry) || services::has_ever_run(context, entry).unwrap_or(true);
    !has_run && entry.notes.uses.is_absent() && entry.notes.teardown.is_absent()
}

/// Removes the targets, and returns the first that could not be removed: those after it are as they were.
pub(super) fn put_away<'a>(
    context: &Context,
    repository: &Repository,
    targets: &'a [RemovalTarget],
    plan: &Plan,
    report: &mut Report,
) -> Option<(Failure, &'a RemovalTarget)> {
    let _held = context.host.interrupt.hold();
    let mut begun: Vec<(&RemovalTarget, Begun)> = Vec::new();
    let mut refused = None;
    for target in targets {
        match context.host.interrupt.check().and_then(|()| begin(context, repository, target, plan)) {
            Ok(one) => begun.push((target, one)),
            Err(failure) => {
                refused = Some((failure, target));
                break;
            }
        }
    }
    let all: Vec<_> =
        begun.iter().map(|(target, begun)| (*target, begun.admin.as_str(), &begun.trash)).collect();
    let entries = match mark_all_removing(context, repository, &all) {
        Ok(entries) => entries,
        Err(failure) if failure.code() == Code::NotFound => {
            // One of them was changed meanwhile, which stops none of those before it.
            drop(begun);
            return one_by_one(context, repository, targets, plan, report);
        }
        Err(failure) => return targets.first().map(|target| (failure, target)),
    };
    let mut moved: Vec<(&RemovalTarget, Begun, Entry)> = Vec::new();
    let mut stopped = None;
    for ((target, begun), entry) in begun.into_iter().zip(entries) {
        let done = if stopped.is_some() {
            settle::finish(context, repository, &entry).map(|_| None)
        } else {
            let warnings = &mut report.warnings;
            match context.host.interrupt.check() {
                Ok(()) if target.missing => match records::carry_out(repository, target, &begun, &entry) {
                    Ok(()) => Ok(None),
                    Err(failure) => settle::finish(context, repository, &entry).and(Err(failure)),
                },
                Ok(()) => steps::carry_out(context, repository, target, plan, (&begun, &entry), warnings),
                Err(failure) => settle::finish(context, repository, &entry).and(Err(failure)),
            }
        };
        match done {
            Ok(None) if stopped.is_none() => moved.push((target, begun, entry)),
            Ok(removed) => report.removed.extend(removed),
            Err(failure) => stopped = stopped.or(Some((failure, target))),
        }
    }
    let entries: Vec<&Entry> = moved.iter().map(|(.., entry)| entry).collect();
    if let Err(failure) = settle::finish_moved(context, repository, &entries, &mut report.warnings) {
        return moved.first().map(|(target, ..)| (unrecorded(&failure, &entries), *target)).or(stopped);
    }
    for (target, begun, entry) in moved {
        if target.missing
            && let Err(failure) = records::end(context, target, &entry)
        {
            stopped = stopped.or(Some((failure, target)));
        }
        report.removed.push(steps::end(context, repository, target, plan, begun, &mut report.warnings));
    }
    stopped.or(refused)
}

/// What failed when the folders of all of them were in the trash already.
fn unrecorded(failure: &Failure, entries: &[&Entry]) -> Failure {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let message = format!(
        "{} {} in the trash, which is not recorded yet: {}",
        names.join(", "),
        if names.len() == 1 { "stands" } else { "stand" },
        failure.message()
    );
    Failure::new(failure.code(), message)
        .hint(format!(
            "the next command records that; `{}` brings one back",
            wt("restore {}", &[&names.first().unwrap_or(&"NAME")])
        ))
        .detail(IN_TRASH, names)
}

fn begin(context: &Context, repository: &Repository, target: &RemovalTarget, plan: &Plan) -> Result<Begun> {
    match single::kept_admin(target).filter(|_| target.missing) {
        Some(admin) => records::begin(context, repository, target, admin, plan.delete_branch),
        None => steps::begin(context, repository, target, plan),
    }
}

fn one_by_one<'a>(
    context: &Context,
    repository: &Repository,
    targets: &'a [RemovalTarget],
    plan: &Plan,
    report: &mut Report,
) -> Option<(Failure, &'a RemovalTarget)> {
    let remove = |target: &RemovalTarget, report: &mut Report| -> Result<()> {
        report.removed.push(single::remove(context, repository, target, plan, &mut report.warnings)?);
        Ok(())
    };
    targets.iter().find_map(|target| remove(target, report).err().map(|failure| (failure, target)))
}
