//! Releases the records of worktrees that vanished, those of one repository together: a transaction for each would cost the
//! square of their number.

use std::collections::HashMap;

use crate::context::Context;
use crate::error::Result;
use crate::model::finding::{Fix, FixTarget};
use crate::model::presence::Presence;
use crate::model::registry::entry::Entry;
use crate::model::registry::repository::RepositoryId;
use crate::ops::vanished::Lookout;
use crate::ops::vanished::release::release_all;

use super::grounds::Grounds;

/// Applies every [`Fix::ReleaseEntry`] of `fixes` whose reason still stands, and returns what there is to say about it.
///
/// # Errors
///
/// `interrupted`, or the registry cannot be written.
pub fn release(context: &Context, grounds: &Grounds<'_>, fixes: &[Fix]) -> Result<Vec<String>> {
    let mut wanted: HashMap<u64, &FixTarget> = HashMap::new();
    for fix in fixes {
        if let Fix::ReleaseEntry { target } = fix {
            wanted.insert(target.sequence, target);
        }
    }
    let mut said = Vec::new();
    if wanted.is_empty() {
        return Ok(said);
    }
    let registry = context.store()?.read()?;
    let is_wanted = |entry: &&Entry| wanted.get(&entry.sequence).is_some_and(|target| target.is(entry));
    // In the order of the file, as the findings are.
    let mut order: Vec<&RepositoryId> = Vec::new();
    let mut by_repository: HashMap<&RepositoryId, Vec<&Entry>> = HashMap::new();
    for entry in registry.entries().filter(is_wanted) {
        let id = &entry.repository_id;
        by_repository.entry(id).or_insert_with(|| {
            order.push(id);
            Vec::new()
        });
        by_repository.entry(id).and_modify(|entries| entries.push(entry));
    }
    // Those whose repository is out of reach have no ground of their own: one transaction for all of them.
    let mut unreachable = Vec::new();
    for id in order {
        let entries = by_repository.remove(id).unwrap_or_default();
        let ground = grounds.find(id);
        match ground.and_then(|ground| ground.repository.as_ref().map(|repository| (ground, repository))) {
            Some((ground, repository)) => {
                let lookout = Lookout::new(ground, Some(repository))?;
                let vanished = still_vanished(context, &lookout, entries)?;
                release_all(ground, Some(repository), &vanished, &mut said)?;
            }
            None => unreachable.extend(entries),
        }
    }
    let lookout = Lookout::new(context, None)?;
    let vanished = still_vanished(context, &lookout, unreachable)?;
    release_all(context, None, &vanished, &mut said)?;
    Ok(said)
}

fn still_vanished<'a>(
    context: &Context,
    lookout: &Lookout<'_>,
    entries: Vec<&'a Entry>,
) -> Result<Vec<&'a Entry>> {
    let mut vanished = Vec::new();
    for entry in entries {
        context.host.interrupt.check()?;
        if lookout.presence(entry) == Presence::Vanished {
            vanished.push(entry);
        }
    }
    Ok(vanished)
}
