//! The line for a prompt, from the registry alone: its row of the worktree is found without reading the others. What changed
//! is what `wt list --status` saw last; git is never asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::files;
use crate::host::git::Whereabouts;
use crate::host::machine::Host;
use crate::host::store::Store;
use crate::model::agent::marker;
use crate::model::health::recorded::HealthRecord;
use crate::model::matching::{Likeness, WorktreeMark};
use crate::model::prompt::{PromptChanges, PromptFacts};
use crate::model::registry::entry::Entry;
use crate::model::registry::glimpse::RowGlimpse;
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::view::{ChangesView, WorktreeView};
use crate::ops::agent::{self, marks, tells_life};

/// The line; `null` where there is nothing to say.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    pub line: Option<String>,
}

/// How long what was seen is left as it is while it is the same.
const SAME: jiff::SignedDuration = jiff::SignedDuration::from_secs(20);

/// Returns the folder that an agent's program names on stdin.
#[must_use]
pub fn told_folder() -> Option<PathBuf> {
    agent::told()?.folder
}

/// Returns what is known of the worktree that `folder` lies in; `None` where there is no record.
#[must_use]
pub fn facts(host: &Host, folder: &Path) -> Option<PromptFacts> {
    let place = Whereabouts::find(folder)?;
    let id = place.find_id()?;
    let dirs = host.dirs().ok()?;
    let store = Store::<Registry>::open(dirs.clone(), Duration::ZERO, host.interrupt.clone());
    // By name alone: a record that is about this folder by its path may be on any line of the registry.
    let here = WorktreeMark { admin: place.admin.as_deref(), path: &place.folder };
    let is_it = |row: &RowGlimpse<'_>| {
        row.is_living() && here.likeness(WorktreeMark::of_glimpse(row)) == Some(Likeness::Name)
    };
    let entry = store.find_row(&id, is_it)?;
    let marks = marker::living(marks(&entry), host.clock.now(), &tells_life);
    let ports = entry.allocations.iter().filter_map(|allocation| {
        let health = allocation.health.as_ref().and_then(HealthRecord::find).map(|recorded| recorded.state);
        Some((allocation.service.to_string(), allocation.find_port()?, health))
    });
    Some(PromptFacts {
        name: entry.name.clone(),
        ports: ports.collect(),
        seen: read(dirs.state(), &id).get(&entry.sequence).copied(),
        agent: marker::busiest(&marker::views(&marks)),
    })
}

fn file(state: &Path, id: &RepositoryId) -> PathBuf {
    state.join("seen").join(format!("{id}.json"))
}

/// What was seen of a repository's worktrees, by their sequence.
fn read(state: &Path, id: &RepositoryId) -> BTreeMap<u64, PromptChanges> {
    files::read_plain(&file(state, id))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Remembers what was seen of worktrees of one repository. Never fails: a prompt without it is one.
pub fn remember(host: &Host, entries: &[Option<&Entry>], shown: &[WorktreeView]) {
    let Some(id) = entries.iter().flatten().map(|entry| entry.repository_id.clone()).next() else { return };
    let Ok(dirs) = host.dirs() else { return };
    let now = host.clock.now();
    let before = read(dirs.state(), &id);
    let seen = |worktree: &WorktreeView| {
        let ChangesView { staged, modified, untracked } = worktree.status.as_ref()?.changes?;
        Some((worktree.sequence?, PromptChanges { files: staged + modified + untracked, at: now }))
    };
    let all: BTreeMap<u64, PromptChanges> = shown.iter().filter_map(seen).collect();
    let is_same = |(sequence, seen): (&u64, &PromptChanges)| {
        before
            .get(sequence)
            .is_some_and(|known| known.files == seen.files && now.duration_since(known.at) < SAME)
    };
    if all.len() == before.len() && all.iter().all(is_same) {
        return;
    }
    let path = file(dirs.state(), &id);
    let Some(folder) = path.parent() else { return };
    if let Ok(text) = serde_json::to_vec(&all)
        && crate::host::ownership::make_private_folders(folder).is_ok()
    {
        // Nothing is lost that the next look does not see.
        let _ = files::make(&path, &text, 0o600);
    }
}
