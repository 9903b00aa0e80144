//! The step of a create that carries: found, copied aside, put in place, remembered. Before all that it is written down
//! that it begins, so that a create which dies meanwhile is undone and not taken for whole.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::report::Carried;
use super::{choice, record};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::carry::search::PathKind;
use crate::host::carry::{place, stage};
use crate::host::files;
use crate::host::git::Repository;
use crate::host::remove_tree::remove_tree;
use crate::model::carry::left_out::LeftOutReason;
use crate::model::carry::record::{CarriedPath, CarryRecord};
use crate::model::registry::entry::Entry;
use crate::ops::watch::Watch;

/// Writes down that carrying begins.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn begin(context: &Context, plan: Option<&Plan>, entry: &Entry) -> Result<()> {
    match plan {
        Some(plan) => record::file(context, entry)?.begin(&empty(plan)),
        None => Ok(()),
    }
}

fn empty(plan: &Plan) -> CarryRecord {
    CarryRecord { source: plan.source.clone(), ..CarryRecord::default() }
}

/// Carries what `plan` names into the new worktree.
///
/// # Errors
///
/// `interrupted`, `disk_full`, `permission`, `git_failed`; what was copied so far stays for the undo.
pub fn bring(
    context: &Context,
    repository: &Repository,
    plan: Option<&Plan>,
    entry: &Entry,
    admin: &str,
    watch: &dyn Watch,
) -> Result<Option<Carried>> {
    let Some(plan) = plan else { return Ok(None) };
    bring_beside(context, repository, plan, &CarryTarget { entry, admin, gives_way: &|_| false }, watch)
        .map(Some)
}

/// The worktree that something is carried into.
pub struct CarryTarget<'a> {
    pub entry: &'a Entry,
    pub admin: &'a str,
    /// Answers whether what stands there already gives way to what is carried.
    pub gives_way: &'a dyn Fn(&str) -> bool,
}

/// Carries what `plan` names into a worktree that somebody may work in already.
///
/// # Errors
///
/// As [`bring`].
pub fn bring_beside(
    context: &Context,
    repository: &Repository,
    plan: &Plan,
    into: &CarryTarget<'_>,
    watch: &dyn Watch,
) -> Result<Carried> {
    let CarryTarget { entry, admin, gives_way } = *into;
    context.host.interrupt.check()?;
    let target = &entry.path;
    let mut warnings = Vec::new();
    let mut found = choice::find(context, repository, plan, target, admin, &mut warnings)?;
    let mut yielding: Vec<String> = Vec::new();
    for mut item in std::mem::take(&mut found.items) {
        if !item.exists || matches!(item.kind, PathKind::Folder { .. }) {
            found.items.push(item);
        } else if matches!(item.kind, PathKind::File { env: true, .. }) && gives_way(&item.path) {
            yielding.push(item.path.clone());
            item.exists = false;
            found.items.push(item);
        } else {
            found.leave(&item, LeftOutReason::Exists);
        }
    }
    choice::leave_large(context, &mut found, &plan.source, target);
    let file = record::file(context, entry)?;
    if found.items.iter().all(|item| item.topmost.is_none()) {
        file.forget()?;
        return Ok(Carried { left_out: found.leaving.into_rows(), warnings, ..Carried::default() });
    }
    let aside = target.join(files::draft_name(stage::ASIDE)?);
    let interrupt = &context.host.interrupt;
    let mut staged = stage::stage(&stage::CopyWork {
        source: &plan.source,
        aside: &aside,
        found: &found,
        interrupted: &|| interrupt.is_raised(),
        progress: &|done, total| watch.carried(done, total),
    })?;
    // What is there before is nobody's copy.
    let mut rows: BTreeMap<String, CarriedPath> = staged.rows.clone();
    rows.retain(|path, row| *row != CarriedPath::Folder || target.join(path).symlink_metadata().is_err());
    file.begin(&CarryRecord { rows, ..empty(plan) })?;
    interrupt.check()?;
    // Somebody may have written into it while copies were made: then it stays, and nothing takes its place.
    for path in yielding.iter().filter(|path| gives_way(path)).map(|path| target.join(path)) {
        std::fs::remove_file(&path).map_err(|error| {
            Failure::from_io(error, Code::Permission, format!("{} cannot be replaced", path.display()))
        })?;
    }
    if let Some(taken) = place::place(&stage::tree(&aside), target)?.into_iter().next() {
        let message = format!("{} came into being while copies were made", target.join(taken).display());
        return Err(Failure::new(Code::PathNotEmpty, message).hint("run the command again"));
    }
    remove_tree(&aside)?;
    place::dress_folders(target, &found.items);
    file.finish()?;
    staged.leaving.extend(std::mem::take(&mut found.leaving));
    Ok(Carried { warnings, ..Carried::of(staged, &found.matches) })
}
