//! A worktree found by what the records and git's HEADs say, where that is enough: what else git knows of a worktree takes
//! five times as many calls, and most names mean one that is on record.

use std::collections::HashMap;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::plain_path::without_dots;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::resolve::{self, NamedWorktree, Naming, Resolution};
use crate::ops::rows::{self, WorktreeRow};

/// The words that worktrees are known by, as far as records and HEADs tell.
pub(super) struct Glances {
    /// What git calls each of them; `None` for the main one.
    admins: Vec<Option<String>>,
    candidates: Vec<NamedWorktree>,
}

impl Glances {
    /// Answers whether they may tell what `wanted` means: it is not the folder of a worktree, which the records alone do not
    /// know.
    pub(super) fn may_tell(context: &Context, wanted: &str) -> bool {
        !wanted.is_empty() && without_dots(&context.folder.join(wanted)).symlink_metadata().is_err()
    }

    /// `None` where a record is about a worktree that git calls otherwise: which one, its folder tells.
    ///
    /// # Errors
    ///
    /// Fails when git's files cannot be read.
    pub(super) fn read(repository: &Repository, registry: &Registry) -> Result<Option<Self>> {
        let Some(id) = repository.find_id() else { return Ok(None) };
        let mut records: HashMap<&str, &Entry> = HashMap::new();
        for entry in registry.living(&id).filter(|entry| !entry.is_main()) {
            if records.insert(&entry.admin, entry).is_some() {
                return Ok(None);
            }
        }
        let mut glances = Self { admins: Vec::new(), candidates: Vec::new() };
        if let Some(row) = rows::find_main_row(repository, registry)? {
            glances.note(None, rows::candidate(&row, registry, repository));
        }
        for (admin, branch) in repository.names_with_branches() {
            let candidate = match (records.remove(admin.as_str()), branch) {
                (Some(entry), Some(branch)) => NamedWorktree {
                    name: entry.name.clone(),
                    identifier: Some(entry.identifier.clone()),
                    branch: Some(branch),
                    path: entry.path.clone(),
                },
                // What it is called otherwise, or which branch it will be back on, is written elsewhere.
                (entry, _) => {
                    let Some(worktree) = repository.find_worktree_called(&admin)? else { continue };
                    let row = WorktreeRow { worktree: Some(worktree), entry: entry.cloned() };
                    rows::candidate(&row, registry, repository)
                }
            };
            glances.note(Some(admin), candidate);
        }
        Ok(records.is_empty().then_some(glances))
    }

    fn note(&mut self, admin: Option<String>, candidate: NamedWorktree) {
        self.admins.push(admin);
        self.candidates.push(candidate);
    }

    /// Finds the worktree that `wanted` means; `None` where it means none or many: all of them have to be read to say so.
    ///
    /// # Errors
    ///
    /// Fails when git's files cannot be read.
    pub(super) fn find(
        &self,
        context: &Context,
        registry: &Registry,
        wanted: &str,
    ) -> Result<Option<WorktreeRow>> {
        let found = resolve::resolve(wanted, &self.candidates, &context.folder, Naming::Whole);
        let Resolution::One(at) = found else { return Ok(None) };
        let repository = context.require_repository()?;
        let row = match self.admins.get(at) {
            Some(Some(admin)) => rows::find_row(repository, registry, admin)?,
            _ => rows::find_main_row(repository, registry)?,
        };
        // git's word on its folder may be another than the record's.
        let is_meant = |row: &WorktreeRow| {
            let words = [rows::candidate(row, registry, repository)];
            resolve::resolve(wanted, &words, &context.folder, Naming::Whole) == Resolution::One(0)
        };
        Ok(row.filter(is_meant))
    }
}
