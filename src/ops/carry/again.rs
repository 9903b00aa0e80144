//! Carrying once more into a worktree that is there: what is new, or unchanged here; what the user made only where that is
//! asked for, and put aside first.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::plan::Plan;
use super::report::{Brought, Refreshed};
use super::{choice, record};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::carry::here::CarrySight;
use crate::host::carry::search::{CarryMatches, Item, PathKind};
use crate::host::carry::{leftover, place, renew, stage};
use crate::host::git::Repository;
use crate::host::lock::FileHold;
use crate::host::process::uses::Uses;
use crate::host::remove_tree::remove_tree;
use crate::host::{files, token};
use crate::model::carry::again::{AgainVerdict, KeptPath, WhyKept, decide};
use crate::model::carry::record::{CarriedPath, CarryRecord};
use crate::model::registry::entry::Entry;
use crate::ops::rows::canonical;
use crate::ops::watch::Watch;

/// What is to be carried into one worktree.
pub(super) struct CarryDraft<'a> {
    plan: &'a Plan,
    entry: &'a Entry,
    record: CarryRecord,
    /// What is copied.
    found: CarryMatches,
    /// Those of it that take the place of something, and whether of what the user made.
    renewed: BTreeMap<String, bool>,
    kept: BTreeSet<KeptPath>,
    /// What is as it should be, and not remembered yet.
    same: BTreeMap<String, CarriedPath>,
}

/// Looks what there is to carry; changes nothing.
pub(super) fn draft<'a>(
    context: &Context,
    repository: &Repository,
    plan: &'a Plan,
    entry: &'a Entry,
    force: bool,
    warnings: &mut Vec<String>,
) -> Result<CarryDraft<'a>> {
    let target = &entry.path;
    let record = record::file(context, entry)?.find().unwrap_or_default();
    let mut found = choice::find(context, repository, plan, target, &entry.admin, warnings)?;
    choice::leave_large(context, &mut found, &plan.source, target);
    let sight = CarrySight { source: &plan.source, target, record: &record };
    let (real, uses) = (canonical(target), OnceCell::new());
    let is_open = |path: &str| {
        let uses: &Uses = uses.get_or_init(|| Uses::below(&real));
        uses.find(&real.join(path)).is_some()
    };
    let (mut renewed, mut kept, mut same) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for item in std::mem::take(&mut found.items) {
        context.host.interrupt.check()?;
        if let PathKind::Folder { .. } = item.kind {
            // Those above a match come with what lies in them.
            if !item.exists && (item.topmost.is_none() || force || sight.deleted(&item.path).is_none()) {
                found.items.push(item);
            } else if let Some(path) = sight.deleted(&item.path).filter(|_| !item.exists) {
                kept.insert(KeptPath { path: path.to_owned(), reason: WhyKept::Deleted });
            }
            continue;
        }
        let has_news = sight.has_news(&item);
        let verdict = decide(sight.here(&item), has_news, force, || is_open(&item.path));
        match verdict {
            AgainVerdict::Current if record.rows.contains_key(&item.path) && !has_news => {}
            AgainVerdict::Current => {
                same.extend(sight.row_of_same(&item).map(|row| (item.path.clone(), row)));
            }
            AgainVerdict::Keep(reason) => {
                let path = match reason {
                    WhyKept::Deleted => sight.deleted(&item.path).unwrap_or(&item.path).to_owned(),
                    _ => item.path.clone(),
                };
                kept.insert(KeptPath { path, reason });
            }
            AgainVerdict::Renew | AgainVerdict::Replace => {
                renewed.insert(item.path.clone(), verdict == AgainVerdict::Replace);
                found.items.push(item);
            }
            AgainVerdict::Bring => found.items.push(item),
        }
    }
    Ok(CarryDraft { plan, entry, record, found, renewed, kept, same })
}

impl CarryDraft<'_> {
    /// Says what would be carried.
    pub(super) fn report(&self) -> Refreshed {
        let files: Vec<&Item> =
            self.found.items.iter().filter(|item| !matches!(item.kind, PathKind::Folder { .. })).collect();
        let size = |item: &&Item| if let PathKind::File { size, .. } = item.kind { size } else { 0 };
        Refreshed {
            worktree: self.entry.name.clone(),
            source: self.plan.source.clone(),
            files: files.len(),
            bytes: files.iter().map(size).sum(),
            reflinked: 0,
            updated: self.renewed.keys().cloned().collect(),
            kept: self.kept.iter().cloned().collect(),
            left_out: self.found.leaving.clone().into_rows(),
            replaced: None,
            brought: files.iter().map(|item| Brought { path: item.path.clone(), tree_bytes: None }).collect(),
        }
    }

    /// Carries it.
    pub(super) fn apply(self, context: &Context, watch: &dyn Watch) -> Result<Refreshed> {
        let target = &self.entry.path;
        let aside = target.join(files::draft_name(stage::ASIDE)?);
        let carried = self.carry(context, watch, target, &aside);
        // What changed places and could not go back is in it: the message says so.
        let is_needed = carried.as_ref().is_err_and(|failure| failure.details().contains_key("kept"));
        if !is_needed && aside.symlink_metadata().is_ok() {
            let _ = remove_tree(&aside);
        }
        carried
    }

    fn carry(
        mut self,
        context: &Context,
        watch: &dyn Watch,
        target: &Path,
        aside: &Path,
    ) -> Result<Refreshed> {
        let file = record::file(context, self.entry)?;
        let mut report = self.report();
        let interrupt = &context.host.interrupt;
        let mut staged = stage::Staged::default();
        if self
            .found
            .items
            .iter()
            .any(|item| !matches!(item.kind, PathKind::Folder { .. }) || item.topmost.is_some())
        {
            staged = stage::stage(&stage::CopyWork {
                source: &self.plan.source,
                aside,
                found: &self.found,
                interrupted: &|| interrupt.is_raised(),
                progress: &|done, total| watch.carried(done, total),
            })?;
        }
        interrupt.check()?;
        let tree = stage::tree(aside);
        let kept_in = file.replaced().join(&token::random()?[..8]);
        report.updated.clear();
        for (path, is_users) in &self.renewed {
            if staged.rows.contains_key(path) {
                if self.renew(&tree, path, is_users.then_some(&kept_in))? {
                    report.updated.push(path.clone());
                } else {
                    staged.rows.remove(path);
                    self.kept.insert(KeptPath { path: path.clone(), reason: WhyKept::Edited });
                }
            }
        }
        if tree.is_dir() {
            for path in place::place(&tree, target)? {
                staged.rows.remove(&path);
                self.kept.insert(KeptPath { path, reason: WhyKept::Own });
            }
        }
        place::dress_folders(target, &self.found.items);
        report.replaced = kept_in.is_dir().then_some(kept_in);
        // A folder that was there before is nobody's copy.
        let known = |path: &String| self.record.rows.contains_key(path);
        let made: BTreeSet<&String> =
            self.found.items.iter().filter(|item| !item.exists).map(|item| &item.path).collect();
        staged.rows.retain(|path, row| *row != CarriedPath::Folder || known(path) || made.contains(path));
        self.remember(&file, &staged.rows)?;
        report.files = staged.rows.values().filter(|row| **row != CarriedPath::Folder).count();
        report.bytes = staged.bytes;
        report.reflinked = staged.reflinked;
        self.found.leaving.extend(std::mem::take(&mut staged.leaving));
        report.left_out = self.found.leaving.into_rows();
        report.kept = self.kept.into_iter().collect();
        report.brought = super::report::brought_of(&staged.rows, &self.found.matches);
        Ok(report)
    }

    /// Puts one copy in the place of what stands there.
    fn renew(&self, tree: &Path, path: &str, kept_in: Option<&PathBuf>) -> Result<bool> {
        let target = &self.entry.path;
        let here = target.join(path);
        if matches!(
            self.found.items.iter().find(|item| item.path == path),
            Some(Item { kind: PathKind::File { env: true, .. }, .. })
        ) {
            renew::keep_block(&tree.join(path), &here)?;
        }
        let expected = self.record.rows.get(path);
        let is_expected = |old: &Path| match (kept_in, expected) {
            (Some(kept), _) => files::is_same_tree(old, &kept.join(path)),
            (None, Some(row)) => crate::host::carry::proof::is_as_made_at(old, row),
            (None, None) => crate::host::carry::proof::own_bytes(old).is_some_and(|own| own.is_empty()),
        };
        if let Some(kept) = kept_in {
            renew::keep(target, path, kept)?;
        }
        renew::renew(tree, target, path, &is_expected)
    }

    fn remember(
        &self,
        file: &crate::host::carry::record_file::RecordFile,
        rows: &BTreeMap<String, CarriedPath>,
    ) -> Result<()> {
        if rows.is_empty() && self.same.is_empty() {
            return Ok(());
        }
        let mut record = self.record.clone();
        record.source.clone_from(&self.plan.source);
        record.rows.extend(self.same.clone());
        record.rows.extend(rows.clone());
        file.begin(&record)?;
        file.finish()
    }
}

/// Clears what a carrying left here that was killed; says where anything of it is kept.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn clear_leftovers(context: &Context, plan: &Plan, entry: &Entry) -> Result<Option<String>> {
    let file = record::file(context, entry)?;
    let record = file.find().unwrap_or_default();
    let sight = CarrySight { source: &plan.source, target: &entry.path, record: &record };
    let repository = context.require_repository()?;
    let admin = Some(entry.admin.as_str()).filter(|_| !entry.is_main());
    let is_tracked = |name: &str| {
        let inside = format!("{name}/");
        // Where nobody can tell, it is left alone.
        let tracked = repository.tracked_paths_of(admin, &entry.path);
        tracked.map_or(true, |paths| paths.iter().any(|path| path.starts_with(inside.as_bytes())))
    };
    let has_kept = leftover::clear(&sight, &file.replaced(), &is_tracked)?;
    Ok(has_kept
        .then(|| format!("what a `wt carry` held that was killed is in {}", file.replaced().display())))
}

/// Takes the right to carry into the worktree.
///
/// # Errors
///
/// `locked` while another one has it.
pub fn hold(context: &Context, entry: &Entry) -> Result<FileHold> {
    let name = entry.kept_under().to_string_lossy().replace('/', "-");
    let path = context.host.dirs()?.creating_folder()?.join(format!("carry-{name}"));
    FileHold::try_take(&path)?.ok_or_else(|| {
        Failure::new(Code::Locked, format!("another `wt carry` carries into `{}`", entry.name))
            .hint("wait until it is done, then try again")
    })
}
