//! Why ports of a full range could not be taken over for a new worktree, as a sentence.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::net::owner;
use crate::model::port::PortRanges;
use crate::model::port::kept::{Kept, sentence};
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::ops::validate::IdlePort;
use crate::ops::{occupants, origin};

/// Says it of the ports of `ranges`: `missing` are needed, `found` could be had.
///
/// # Errors
///
/// When the registry cannot be read.
pub(super) fn why(
    context: &Context,
    ranges: &PortRanges,
    idle: Duration,
    all: bool,
    missing: usize,
    found: &[IdlePort],
) -> Result<String> {
    let registry = context.store()?.read()?;
    let listeners = owner::sight(&registry).ok();
    let own = context.repository.as_ref().and_then(Repository::find_id);
    let mut kept: BTreeMap<Kept, usize> = BTreeMap::new();
    for entry in registry.entries().filter(|entry| entry.is_living()) {
        let in_range = |known: &&Allocation| known.find_port().is_some_and(|port| ranges.contains(port));
        for known in entry.allocations.iter().filter(in_range) {
            if found.iter().any(|one| known.find_port() == Some(one.port)) {
                continue;
            }
            let seconds = context.now().duration_since(known.idle_since()).as_secs();
            let is_young = u64::try_from(seconds).is_ok_and(|seconds| seconds < idle.as_secs());
            let why = if known.pinned {
                Kept::Pinned
            } else if !all && own.as_ref() != Some(&entry.repository_id) {
                Kept::Elsewhere
            } else if is_locked(context, entry) {
                Kept::Locked
            } else if occupants::business(context, entry, listeners.as_deref()).is_some() {
                Kept::InUse
            } else if is_young {
                Kept::Young
            } else {
                Kept::Refused
            };
            *kept.entry(why).or_default() += 1;
        }
    }
    Ok(sentence(&kept, missing, found.len(), idle))
}

fn is_locked(context: &Context, entry: &Entry) -> bool {
    let repository = origin::find_repository(context, entry);
    let worktree =
        repository.and_then(|repository| repository.find_worktree_called(&entry.admin).ok().flatten());
    worktree.is_some_and(|worktree| worktree.lock.is_some())
}
