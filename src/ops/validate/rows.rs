//! Rows of the registry that cannot be read: rebuilt from git where it still has the worktree, else set aside in a file.

use serde::Deserialize;
use serde_json::Value;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{GitWorktree, Repository};
use crate::host::place::HostSurroundings;
use crate::model::event::Event;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::note::Notes;
use crate::model::registry::record::RegistryRow;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;

use super::grounds::Grounds;

/// A repository's worktrees as git knows them, read once.
struct Known<'a> {
    repository: &'a Repository,
    id: RepositoryId,
    worktrees: Vec<GitWorktree>,
}

/// Mends every row that cannot be read.
///
/// # Errors
///
/// `permission`, `disk_full`; the rows stay then.
pub fn mend(context: &Context, grounds: &Grounds<'_>) -> Result<Vec<String>> {
    let mut known: Vec<Known<'_>> = Vec::new();
    for repository in grounds.contexts().filter_map(|ground| ground.repository.as_ref()) {
        if let Some(id) = repository.find_id() {
            let mut worktrees = repository.worktrees()?;
            worktrees.retain(|worktree| !worktree.missing && repository.require_own(&worktree.path).is_ok());
            known.push(Known { repository, id, worktrees });
        }
    }
    let now = context.now();
    let store = context.store()?;
    // Before they are gone from the registry: twice is better than never.
    let set_aside = |registry: &Registry| {
        let (_, aside) = mend_all(context, &known, &mut registry.clone());
        Ok(if aside.is_empty() { None } else { Some(store.set_aside(&aside)?) })
    };
    let mended = store.update_after(set_aside, |registry, _| {
        let (said, aside) = mend_all(context, &known, registry);
        registry.record_event(now, Event::new("rows_mended").with("aside", aside.len()));
        Ok((said, aside.len()))
    });
    mended.map(|((mut said, count), file)| {
        said.extend(file.map(|file| format!("{count} rows were set aside in {}", file.display())));
        said
    })
}

/// Mends the rows in `registry`; returns what there is to say, and the rows that are to be set aside.
fn mend_all(context: &Context, known: &[Known<'_>], registry: &mut Registry) -> (Vec<String>, Vec<Value>) {
    let mut aside = registry.take_unreadable_rows();
    let mut said = Vec::new();
    let mut kept = Vec::with_capacity(registry.worktrees.len());
    let mut rows = Vec::new();
    for record in std::mem::take(&mut registry.worktrees) {
        match record {
            RegistryRow::Unreadable(row) => rows.push(row),
            RegistryRow::Entry(_) => kept.push(record),
        }
    }
    registry.worktrees = kept;
    for row in rows {
        match rebuild(context, known, registry, &row) {
            Some(entry) => {
                said.push(format!("the record of `{}` was rebuilt from git", entry.name));
                registry.insert(entry);
            }
            None => aside.push(row),
        }
    }
    (said, aside)
}

/// The worktree that the row is about, as git knows it; what else the row says is kept where it makes sense.
fn rebuild(context: &Context, known: &[Known<'_>], registry: &Registry, row: &Value) -> Option<Entry> {
    let text = |key: &str| row.get(key).and_then(Value::as_str);
    if text("state") == Some("removed") {
        return None;
    }
    let of_repository = |known: &&Known<'_>| text("repository_id").is_none_or(|id| id == known.id.0);
    known.iter().filter(of_repository).find_map(|known| {
        let is_it = |worktree: &&GitWorktree| {
            let by_path = text("path").is_some_and(|path| worktree.path.as_os_str() == path);
            by_path || (worktree.admin.is_some() && text("admin") == worktree.admin.as_deref())
        };
        let worktree = known.worktrees.iter().find(is_it)?;
        let is_new = registry.find_at(&worktree.path).is_none();
        is_new.then(|| entry(context, known.repository, known.id.clone(), worktree.clone(), row))
    })
}

fn entry(
    context: &Context,
    repository: &Repository,
    id: RepositoryId,
    worktree: GitWorktree,
    value: &Value,
) -> Entry {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let admin = worktree.admin.clone().unwrap_or_default();
    let mut notes = Notes::default();
    if worktree.admin.is_none() {
        notes.main.write(&true);
    }
    let name = text("name").filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let folder = worktree.path.file_name().unwrap_or_default().to_string_lossy();
        if admin.is_empty() { folder.into_owned() } else { admin.clone() }
    });
    let allocations = value.get("allocations").and_then(Value::as_array);
    Entry {
        repository: repository.root().to_path_buf(),
        repository_id: id,
        identifier: text("identifier").unwrap_or_else(|| name.clone()),
        name,
        admin,
        place: Some(HostSurroundings::read().place_of(&worktree.path)),
        branch: worktree.head.branch().filter(|_| worktree.admin.is_some()).map(str::to_owned),
        path: worktree.path,
        purpose: text("purpose").and_then(|purpose| purpose.parse().ok()),
        state: EntryState::Active,
        created_at: text("created_at").and_then(|at| at.parse().ok()).unwrap_or_else(|| context.now()),
        created_by: text("created_by").unwrap_or_else(|| "rebuild".to_owned()),
        host: context.host.name(),
        sequence: 0,
        env: value.get("env").and_then(Value::as_bool).unwrap_or(false),
        env_files: Vec::<String>::deserialize(value.get("env_files").unwrap_or(&Value::Null))
            .unwrap_or_default(),
        allocations: allocations
            .into_iter()
            .flatten()
            .filter_map(|row| Allocation::deserialize(row).ok())
            .collect(),
        notes,
        extra: serde_json::Map::new(),
    }
}
