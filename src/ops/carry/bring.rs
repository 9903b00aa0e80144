//! The step of a create that carries: found, copied aside, put in place, remembered. Before all that it is written down
//! that it begins, so that a create which dies meanwhile is undone and not taken for whole.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::report::Carried;
use super::{choice, record};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::carry::search::Kind;
use crate::host::carry::{place, stage};
use crate::host::files;
use crate::host::git::Repository;
use crate::host::remove_tree::remove_tree;
use crate::model::carry::left_out::Reason;
use crate::model::carry::record::{Record, Row};
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

fn empty(plan: &Plan) -> Record {
    Record { source: plan.source.clone(), ..Record::default() }
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
    context.host.interrupt.check()?;
    let target = &entry.path;
    let mut found = choice::find(context, repository, plan, target, admin)?;
    for item in std::mem::take(&mut found.items) {
        if item.exists && !matches!(item.kind, Kind::Folder { .. }) {
            found.leave(&item, Reason::Exists);
        } else {
            found.items.push(item);
        }
    }
    choice::leave_large(context, &mut found, &plan.source, target);
    let file = record::file(context, entry)?;
    if found.items.iter().all(|item| item.topmost.is_none()) {
        file.forget()?;
        return Ok(Some(Carried { left_out: found.leaving.into_rows(), ..Carried::default() }));
    }
    let aside = target.join(files::draft_name(stage::ASIDE)?);
    let interrupt = &context.host.interrupt;
    let mut staged = stage::stage(&stage::Work {
        source: &plan.source,
        aside: &aside,
        found: &found,
        interrupted: &|| interrupt.is_raised(),
        progress: &|done, total| watch.carried(done, total),
    })?;
    // What is there before is nobody's copy.
    let mut rows: BTreeMap<String, Row> = staged.rows.clone();
    rows.retain(|path, row| *row != Row::Folder || target.join(path).symlink_metadata().is_err());
    file.begin(&Record { rows, ..empty(plan) })?;
    interrupt.check()?;
    if let Some(taken) = place::place(&stage::tree(&aside), target)?.into_iter().next() {
        let message = format!("{} came into being while copies were made", target.join(taken).display());
        return Err(Failure::new(Code::PathNotEmpty, message).hint("run the command again"));
    }
    remove_tree(&aside)?;
    place::dress_folders(target, &found.items);
    file.finish()?;
    staged.leaving.extend(std::mem::take(&mut found.leaving));
    Ok(Some(Carried::of(staged, &found.matches)))
}
