//! Deletes caches, one after the other: aside first, looked at once more there, then for good.

use std::path::Path;

use super::choice;
use super::plan::{CleanTarget, Plan, at_work, is_tracked, tracked};
use super::report::{Report, Request};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::disk::Cache;
use crate::host::disk::aside::{Aside, Returned, put_all_back};
use crate::host::git::Repository;
use crate::host::place::HostSurroundings;
use crate::host::process::uses::Uses;
use crate::model::cache::Stays;
use crate::ops::rows::canonical;

/// Deletes what `plan` names.
///
/// # Errors
///
/// What stops it is in the report, beside what was deleted.
pub fn apply(context: &Context, plan: &Plan) -> Result<Report> {
    let _held = context.host.interrupt.hold();
    let repository = context.require_repository()?;
    let mut report = plan.rest();
    for target in &plan.targets {
        if let Err(failure) = clean(context, repository, target, &mut report) {
            report.stopped = Some(failure);
            break;
        }
    }
    Ok(report)
}

/// Puts back, or finishes, what clean-ups left that were killed. Returns what there is to say.
///
/// # Errors
///
/// As [`plan`](super::plan()); `permission`.
pub fn settle_leftovers(context: &Context, request: &Request) -> Result<Vec<String>> {
    let repository = context.require_repository()?;
    let mut said = Vec::new();
    for found in choice::choose(context, repository, &Request { merged: false, ..request.clone() })? {
        let tracked = tracked(repository, &found)?;
        let settled = put_all_back(&canonical(&found.path), &|name| is_tracked(&tracked, name))?;
        let kept_ones = settled.into_iter().filter_map(|returned| match returned {
            Returned::Kept(place) => Some(kept(&place)),
            Returned::InPlace => None,
        });
        said.extend(kept_ones);
    }
    Ok(said)
}

fn kept(place: &Path) -> String {
    format!("something else stands in its place now, so a cache stays in {}", place.display())
}

fn clean(
    context: &Context,
    repository: &Repository,
    target: &CleanTarget,
    report: &mut Report,
) -> Result<()> {
    for cache in &target.caches {
        context.host.interrupt.check()?;
        let row = target.cleaned(cache);
        match clean_one(context, repository, target, cache) {
            Ok(Ok(())) => report.cleaned.push(row),
            Ok(Err((why, pid))) => report.left.push(target.left(&cache.path, why, pid)),
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

type Verdict = std::result::Result<(), (Stays, Option<u32>)>;

fn clean_one(
    context: &Context,
    repository: &Repository,
    target: &CleanTarget,
    cache: &Cache,
) -> Result<Verdict> {
    let here = target.folder.join(&cache.path);
    if let Some(why) = why_not(context, repository, target, cache, &here)? {
        return Ok(Err(why));
    }
    let aside = match Aside::put(&target.folder, &cache.path, cache.identity)? {
        Ok(aside) => aside,
        Err(why) => return Ok(Err((why, None))),
    };
    // Whoever came in between is seen here: from now on nobody finds the way in.
    let why = match why_not(context, repository, target, cache, &aside.cache()) {
        Ok(None) if aside.has_repository() => Some((Stays::Repository, None)),
        Ok(why) => why,
        Err(failure) => return give_up(aside, failure),
    };
    let Some(why) = why else { return aside.delete().map(Ok) };
    match aside.put_back()? {
        Returned::InPlace => Ok(Err(why)),
        Returned::Kept(place) => {
            Err(Failure::new(Code::PathNotEmpty, kept(&place)).hint("move it back once its place is free"))
        }
    }
}

fn give_up(aside: Aside, failure: Failure) -> Result<Verdict> {
    aside.put_back()?;
    Err(failure)
}

/// Why the cache, which is at `place` now, must stay.
fn why_not(
    context: &Context,
    repository: &Repository,
    target: &CleanTarget,
    cache: &Cache,
    place: &Path,
) -> Result<Option<(Stays, Option<u32>)>> {
    if let Some(pid) = Uses::below(place).find(place) {
        return Ok(Some((Stays::InUse, Some(pid))));
    }
    if HostSurroundings::read().mounts().iter().any(|mount| mount.starts_with(place)) {
        return Ok(Some((Stays::Mounted, None)));
    }
    if is_tracked(&tracked(repository, &target.found)?, &cache.path) {
        return Ok(Some((Stays::Tracked, None)));
    }
    at_work(context, &target.found, &target.folder)
}
