//! Rows of the registry that cannot be read: rebuilt from git where it still has the worktree, else set aside in a file.

use serde::Deserialize;
use serde_json::Value;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::{Repository, Worktree};
use crate::host::place::Surroundings;
use crate::model::event::Event;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::record::Record;
use crate::model::registry::table::Registry;

use super::grounds::Grounds;

/// Mends every row that cannot be read.
///
/// # Errors
///
/// `permission`, `disk_full`; the rows stay then.
pub fn mend(context: &Context, grounds: &Grounds<'_>) -> Result<Vec<String>> {
    let registry = context.store()?.read()?;
    let unreadable: Vec<Value> = registry.worktrees.iter().filter_map(row).cloned().collect();
    let mut rebuilt: Vec<(Value, Option<Entry>)> = Vec::new();
    for value in unreadable {
        let entry = rebuild(context, grounds, &registry, &value)?;
        rebuilt.push((value, entry));
    }
    let now = context.now();
    let store = context.store()?;
    store.update(|registry| {
        let of_others = registry.take_unreadable_rows();
        let lost = rebuilt.iter().filter(|(value, entry)| entry.is_none() && has(registry, value));
        let aside: Vec<Value> = lost.map(|(value, _)| value.clone()).chain(of_others).collect();
        let mut said = Vec::new();
        if !aside.is_empty() {
            // Before they are gone from the registry: twice is better than never.
            let file = store.set_aside(&aside)?;
            said.push(format!("{} rows were set aside in {}", aside.len(), file.display()));
        }
        for (value, entry) in rebuilt {
            put(registry, &value, entry, &mut said);
        }
        registry.record_event(now, Event::new("rows_mended").with("said", said.clone()));
        Ok(said)
    })
}

fn row(record: &Record) -> Option<&Value> {
    match record {
        Record::Unreadable(value) => Some(value),
        Record::Entry(_) => None,
    }
}

fn has(registry: &Registry, value: &Value) -> bool {
    registry.worktrees.iter().filter_map(row).any(|known| known == value)
}

fn put(registry: &mut Registry, value: &Value, entry: Option<Entry>, said: &mut Vec<String>) {
    let Some(position) = registry.worktrees.iter().position(|record| row(record) == Some(value)) else {
        return;
    };
    registry.worktrees.remove(position);
    if let Some(entry) = entry.filter(|entry| registry.find_at(&entry.path).is_none()) {
        said.push(format!("the record of `{}` was rebuilt from git", entry.name));
        registry.insert(entry);
    }
}

/// The worktree that the row is about, as git knows it; what else the row says is kept where it makes sense.
fn rebuild(
    context: &Context,
    grounds: &Grounds<'_>,
    registry: &Registry,
    value: &Value,
) -> Result<Option<Entry>> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if text("state") == Some("removed") {
        return Ok(None);
    }
    for repository in grounds.contexts().filter_map(|ground| ground.repository.as_ref()) {
        let Some(id) = repository.find_id() else { continue };
        if text("repository_id").is_some_and(|known| known != id.0) {
            continue;
        }
        let is_it = |worktree: &Worktree| {
            let by_admin = worktree.admin.is_some() && text("admin") == worktree.admin.as_deref();
            let by_path = text("path").is_some_and(|path| worktree.path.as_os_str() == path);
            worktree.admin.is_some() && !worktree.missing && (by_admin || by_path)
        };
        let found = repository.worktrees()?.into_iter().find(is_it);
        let found = found.filter(|worktree| repository.require_own(&worktree.path).is_ok());
        let Some(worktree) = found.filter(|worktree| registry.find_at(&worktree.path).is_none()) else {
            continue;
        };
        return Ok(Some(entry(context, repository, id, worktree, value)));
    }
    Ok(None)
}

fn entry(
    context: &Context,
    repository: &Repository,
    id: crate::model::registry::repository::RepositoryId,
    worktree: Worktree,
    value: &Value,
) -> Entry {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let admin = worktree.admin.clone().unwrap_or_default();
    let name = text("name").filter(|name| !name.is_empty()).unwrap_or_else(|| admin.clone());
    let allocations = value.get("allocations").and_then(Value::as_array);
    Entry {
        repository: repository.root().to_path_buf(),
        repository_id: id,
        identifier: text("identifier").unwrap_or_else(|| name.clone()),
        name,
        admin,
        place: Some(Surroundings::read().place_of(&worktree.path)),
        branch: worktree.head.branch().map(str::to_owned),
        path: worktree.path,
        purpose: text("purpose").and_then(|purpose| purpose.parse().ok()),
        state: EntryState::Active,
        created_at: text("created_at").and_then(|at| at.parse().ok()).unwrap_or_else(|| context.now()),
        created_by: text("created_by").unwrap_or_else(|| "rebuild".to_owned()),
        host: context.host.name(),
        sequence: 0,
        env: value.get("env").and_then(Value::as_bool).unwrap_or(false),
        allocations: allocations
            .into_iter()
            .flatten()
            .filter_map(|row| Allocation::deserialize(row).ok())
            .collect(),
        extra: serde_json::Map::new(),
    }
}
