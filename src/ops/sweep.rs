//! Deletes removed worktrees for good: when their time is over, and the oldest first when together they are too large.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::services::forget as services;
use super::teardown::{self, Torn};
use super::trash::{doomed, is_half_deleted, is_ours};
use super::{carry, origin};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::moving::{self, Unmovable};
use crate::host::remove_tree::remove_tree;
use crate::host::{files, trash_folder};
use crate::model::event::Event;
use crate::model::passage::{self, Passage, Witnesses};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::model::registry::table::Registry;

/// How often one process looks again whether more became due while it deleted.
const ROUNDS: usize = 16;

/// What was deleted for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub deleted: Vec<String>,
    /// Whose time is over by the clock alone: it is looked at again once the machine has run for a while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// What could not be deleted, and why; a later sweep tries again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The commands that were due to take back what worktrees had made outside of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teardown: Vec<Torn>,
}

/// What a sweep is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Something was removed: together it may be too much.
    Removal,
    /// Any command: only what is over, or was left half-deleted.
    Passing,
}

/// What a command finds about what was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Whether a sweep has something to do, or to look at.
    pub is_due: bool,
    /// Why nothing is deleted that the clock takes for over, where nobody was told yet.
    pub doubt: Option<String>,
}

/// Looks what a sweep would find: one read, no lock.
#[must_use]
pub fn need(context: &Context, registry: &Registry, occasion: Occasion) -> Need {
    let now = context.now();
    let removed: Vec<&Trash> =
        registry.entries().filter_map(trash).filter(|trash| !trash.is_put_off(now)).collect();
    let is_removal = occasion == Occasion::Removal;
    let mut need = Need {
        is_due: removed.iter().any(|trash| is_half_deleted(trash))
            || (is_removal && (removed.len() > 1 || services::has_strays(context, registry))),
        doubt: None,
    };
    if !registry.debts.is_empty() {
        need.is_due |= context.witnesses().is_ok_and(|witnesses| registry.calls_for_teardown(&witnesses));
    }
    let over = removed.into_iter().filter(|trash| trash.until <= now && !is_place_gone(&trash.folder));
    let over: Vec<&Trash> = over.collect();
    let Some(witnesses) = (!over.is_empty()).then(|| context.witnesses().ok()).flatten() else { return need };
    let mut ahead = None;
    for trash in over {
        match trash.passage(&witnesses) {
            Passage::Over => need.is_due = true,
            // To be noted.
            Passage::ByClockAlone(doubt) if doubt.is_first => {
                need.is_due = true;
                ahead = ahead.max(doubt.ahead);
            }
            Passage::NotYet | Passage::ByClockAlone(_) => {}
        }
    }
    need.doubt = ahead.map(|ahead| passage::said(ahead, NOT_DELETED));
    need
}

/// What is not done while the clock is not believed.
const NOT_DELETED: &str = "what was removed is kept, though by the clock its time is over";

/// Answers whether anything at all is recorded as removed or owed: the registry's bytes alone tell.
#[must_use]
pub fn may_be_due(context: &Context) -> bool {
    context.store().is_ok_and(|store| store.mentions_what_is_gone())
}

/// Answers whether a sweep is at work.
#[must_use]
pub fn is_at_work(context: &Context) -> bool {
    let lock = context.host.dirs().map(|dirs| dirs.state().join("creating").join(LOCK));
    lock.is_ok_and(|lock| lock.exists() && !matches!(FileHold::try_take(&lock), Ok(Some(_))))
}

/// The lock file of the one sweep that is at work.
const LOCK: &str = "sweep";

/// Deletes what is due, then pays the debts that are; what failed lately only where `is_asked`: somebody waits for the answer.
/// Deletes nothing while another sweep is at work: that one looks again when it is done.
///
/// # Errors
///
/// `interrupted`; or the registry cannot be read. What cannot be deleted is said, and its record stays.
pub fn sweep(context: &Context, is_asked: bool) -> Result<Report> {
    let _held = context.host.interrupt.hold();
    let mut report = Report::default();
    if let Some(hold) = FileHold::try_take(&context.host.dirs()?.creating_folder()?.join(LOCK))? {
        delete_due(context, is_asked, &mut report)?;
        hold.release();
    }
    // What was deleted for good may owe something now.
    report.teardown = teardown::pay_due(context, is_asked, None)?;
    Ok(report)
}

fn delete_due(context: &Context, is_asked: bool, report: &mut Report) -> Result<()> {
    let witnesses = context.witnesses()?;
    let began = witnesses.now;
    context.store()?.update(|registry| Ok(registry.note_removed(&witnesses)))?;
    let is_put_off = |trash: &Trash| !is_asked && trash.is_put_off(began);
    for _ in 0..ROUNDS {
        let before = report.deleted.len();
        report.warnings.clear();
        report.waiting.clear();
        round(context, &witnesses, report, &is_put_off)?;
        if report.deleted.len() == before {
            break;
        }
    }
    services::forget_strays(context, &*context.store()?.read()?)?;
    carry::forget_strays(context, &*context.store()?.read()?)
}

fn round(
    context: &Context,
    witnesses: &Witnesses,
    report: &mut Report,
    is_put_off: &dyn Fn(&Trash) -> bool,
) -> Result<()> {
    let registry = context.store()?.read()?;
    let mut kept: Vec<&Entry> = registry.entries().filter(|entry| trash(entry).is_some()).collect();
    // What was removed since the machine was started is the youngest, whatever its clock said.
    let age = |trash: &Trash| trash.removed_in.as_ref().and_then(|removed| removed.age(&witnesses.here));
    kept.sort_by_key(|entry| {
        let trash = trash(entry);
        let age = trash.and_then(age);
        (age.is_none(), age, std::cmp::Reverse(trash.map(|trash| trash.removed_at)))
    });
    let mut ahead = None;
    // The size is this repository's to say, and for its own trash alone: another one's settings must cost nobody anything.
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let mut size = 0_u64;
    let mut newest = true;
    for entry in kept {
        context.host.interrupt.check()?;
        let Some(trash) = trash(entry) else { continue };
        let passage = trash.passage(witnesses);
        if let Passage::ByClockAlone(doubt) = &passage {
            report.waiting.push(entry.name.clone());
            ahead = ahead.max(doubt.ahead);
        }
        let mut is_due = passage == Passage::Over || is_half_deleted(trash);
        if own.as_ref() == Some(&entry.repository_id) {
            size = size.saturating_add(files::size_of_tree(&trash.folder));
            // What was removed last was just promised to be restorable.
            is_due |= size > context.config.trash.max_size && !newest;
            newest = false;
        }
        if is_due && !is_put_off(trash) {
            match delete(context, entry, trash) {
                Ok(true) => report.deleted.push(entry.name.clone()),
                Ok(false) => {}
                // One that cannot go must not keep the others.
                Err(failure) => {
                    report.warnings.push(format!("{}: {failure}", entry.name));
                    note_refusal(context, entry)?;
                }
            }
        }
    }
    report.warnings.extend(ahead.map(|ahead| passage::said(ahead, NOT_DELETED)));
    Ok(())
}

/// Writes down that it could not be deleted just now.
fn note_refusal(context: &Context, entry: &Entry) -> Result<()> {
    let now = context.now();
    context.store()?.update(|registry| {
        let known = registry.find_by_sequence(entry.sequence).filter(|known| known.state == entry.state);
        if let Some(Entry { state: EntryState::Removed { trash }, .. }) = known {
            trash.refused_at = Some(now);
        }
        Ok(())
    })
}

fn trash(entry: &Entry) -> Option<&Trash> {
    match &entry.state {
        EntryState::Removed { trash } => Some(trash),
        _ => None,
    }
}

/// Answers whether the folder that the worktrees lay in is gone too, as when its disk is not mounted.
fn is_place_gone(folder: &Path) -> bool {
    folder.parent().and_then(Path::parent).is_some_and(|parent| !parent.exists())
}

/// Renames the folder; where the system does not, marks it by a folder of the new name, and deletes it in its place.
fn put_out_of_reach(folder: &Path, doomed: &Path) -> Result<()> {
    let place = folder.parent().unwrap_or(folder);
    if moving::why_unmovable(folder, place) != Some(Unmovable::LowerLayer) {
        return files::rename_new(folder, doomed);
    }
    files::make_folders(doomed)?;
    remove_tree(folder)
}

/// Deletes one removed worktree; answers whether it did.
fn delete(context: &Context, entry: &Entry, trash: &Trash) -> Result<bool> {
    let Some(hold) = FileHold::try_take(&context.host.dirs()?.creating_folder()?.join(&trash.token))? else {
        return Ok(false);
    };
    // It may have been restored since it was read.
    let is_still_there = |known: &Entry| known.sequence == entry.sequence && known.state == entry.state;
    if !context.store()?.read()?.entries().any(is_still_there) {
        hold.release();
        return Ok(false);
    }
    let ours = is_ours(trash);
    let doomed = doomed(trash);
    if ours && is_place_gone(&trash.folder) {
        // Merely unmounted: its time comes when it is back.
        hold.release();
        return Ok(false);
    }
    if ours {
        // Out of reach of a restore first: half a worktree must not come back.
        if trash.folder.symlink_metadata().is_ok() {
            put_out_of_reach(&trash.folder, &doomed)?;
        }
        remove_tree(&doomed)?;
        trash_folder::remove_if_empty(trash.folder.parent().unwrap_or(&trash.folder));
    }
    if let Some(repository) = origin::find_repository(context, entry) {
        let admin = repository.trash_dir(&trash.token);
        if admin.symlink_metadata().is_ok() {
            remove_tree(&admin)?;
        }
        repository.remove_trash_note(&trash.token);
        if let Some(keep) = &trash.keep_ref {
            repository.drop_keep(keep)?;
        }
    }
    let now = context.now();
    context.store()?.update(|registry| {
        if let Some(entry) = registry.take(is_still_there) {
            registry.record_event(now, Event::new("trash_deleted").of(&entry.repository, &entry.name));
        }
        Ok(())
    })?;
    services::forget(context, entry);
    carry::forget(context, entry);
    hold.release();
    Ok(true)
}
