//! Which removed worktrees are kept, so that they can be brought back.

use crate::context::Context;
use crate::host::git::Repository;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::journal::Trash;
use crate::model::registry::table::Registry;
use crate::ops::trash::is_half_deleted;

pub(super) fn removed(repository: &Repository, registry: &Registry) -> Vec<(Entry, Trash)> {
    let Some(id) = repository.find_id() else { return Vec::new() };
    let mut found: Vec<(Entry, Trash)> = registry
        .entries()
        .filter(|entry| entry.repository_id == id)
        .filter_map(|entry| match &entry.state {
            EntryState::Removed { trash } if is_kept(repository, trash) => {
                Some((entry.clone(), trash.clone()))
            }
            _ => None,
        })
        .collect();
    found.extend(described(repository, registry));
    found.sort_by_key(|(entry, trash)| std::cmp::Reverse((trash.removed_at, entry.sequence)));
    found
}

/// What another registry put away (a container's, say): only what lies beside it tells.
fn described(repository: &Repository, registry: &Registry) -> Vec<(Entry, Trash)> {
    let notes = repository.trash_notes();
    let entries = notes.iter().filter_map(|note| serde_json::from_slice::<Entry>(note).ok());
    let described = entries.filter_map(|mut entry| {
        let EntryState::Removed { trash } = &mut entry.state else { return None };
        // Under whatever path the repository was seen from there.
        let admin = repository.trash_dir(&trash.token);
        if trash.is_record_only() {
            trash.folder.clone_from(&admin);
        }
        trash.admin = admin;
        let trash = trash.clone();
        let is_known = registry.entries().any(|known| match &known.state {
            EntryState::Removed { trash: known } | EntryState::Removing { trash: known, .. } => {
                known.token == trash.token
            }
            EntryState::Active | EntryState::Creating { .. } => false,
        });
        let is_named_well =
            trash.token.len() == 32 && trash.token.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_whole = is_named_well && trash.admin.is_dir() && is_kept(repository, &trash);
        entry.sequence = 0;
        // A file in a repository may be anybody's: nothing that it says is run.
        entry.notes.teardown.clear();
        (!is_known && is_whole && Some(&entry.repository_id) == repository.find_id().as_ref())
            .then_some((entry, trash))
    });
    described.collect()
}

/// The repository may have been moved since, and its own trash with it.
pub(super) fn is_kept(repository: &Repository, trash: &Trash) -> bool {
    if trash.is_record_only() {
        return repository.trash_dir(&trash.token).is_dir();
    }
    trash.folder.is_dir() && !is_half_deleted(trash)
}

/// Answers whether a removed worktree called `name` is kept.
pub(super) fn is_restorable(context: &Context, registry: &Registry, name: &str) -> bool {
    let Some(repository) = &context.repository else { return false };
    let place = context.folder.join(name);
    removed(repository, registry).iter().any(|(entry, _)| is_called(entry, name) || entry.path == place)
}

pub(super) fn is_called(entry: &Entry, name: &str) -> bool {
    entry.name == name
        || entry.identifier == name
        || entry.branch.as_deref() == Some(name)
        || entry.path.as_os_str() == name
}

/// How much of a token is shown: enough to tell any two apart.
const SHORT: usize = 8;

/// Returns the beginning of a token, by which it can be asked for.
#[must_use]
pub fn short(token: &str) -> &str {
    token.get(..SHORT).unwrap_or(token)
}

/// Answers whether `word` is a token's beginning, long enough to be meant as one.
pub(super) fn is_beginning(word: &str, token: &str) -> bool {
    word.len() >= SHORT && token.starts_with(word)
}
