//! Worktrees that nothing happened in: no server of theirs was seen, no commit was made, no file was written.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::host::disk::{self, CountedPlace};
use crate::host::place::HostSurroundings;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::report::tables::{Idle, Service};
use crate::model::services::state::ServiceState;
use crate::model::short_names::ShortNames;
use crate::ops::rows::canonical;
use crate::ops::seen_grounds::SeenGrounds;

/// Returns those that were idle all the time since then, the longest first.
pub(super) fn idle(
    context: &Context,
    registry: &Registry,
    entries: &[&Entry],
    names: &ShortNames,
    services: &[Service],
    held: &HashSet<Port>,
    since: Timestamp,
) -> Result<Vec<Idle>> {
    let runs = |entry: &Entry| {
        let is_of = |one: &&Service| one.repository == entry.repository && one.worktree == entry.name;
        entry.ports().any(|port| held.contains(&port))
            || services.iter().filter(is_of).any(|one| {
                one.state.is_some_and(|state| !state.is_resting() && state != ServiceState::Asleep)
            })
    };
    let may_be = |entry: &&&Entry| !entry.is_main() && last_seen(entry) < since && !runs(entry);
    let quiet: Vec<&Entry> = entries.iter().filter(may_be).copied().collect();
    let grounds = SeenGrounds::new(context, registry);
    let (mut places, mut kept) = (Vec::new(), Vec::new());
    for entry in quiet {
        let ground = grounds.find(&entry.repository_id);
        let Some(repository) = ground.and_then(|ground| ground.repository.as_ref()) else { continue };
        let path = canonical(&entry.path);
        let committed = repository.head_log_of(&entry.admin).unwrap_or_default();
        let last = committed.iter().filter_map(|line| line.at).chain([last_seen(entry)]).max();
        places.push(CountedPlace { ignores: repository.ignores(&path, &[]), path });
        kept.push((entry, last.unwrap_or(entry.created_at)));
    }
    let barred = HostSurroundings::read();
    let (interrupt, caches) = (&context.host.interrupt, &context.config.remove.caches);
    let counted = disk::count(&places, caches, barred.mounts(), &[], &|| interrupt.is_raised());
    interrupt.check()?;
    let mut idle = Vec::new();
    for ((entry, last), found) in kept.into_iter().zip(counted) {
        let Some(found) = found else { continue };
        let last = Timestamp::from_second(found.newest).map_or(last, |newest| newest.max(last));
        if last < since {
            idle.push(Idle {
                repository: entry.repository.clone(),
                repository_name: names.name(&entry.repository_id).to_owned(),
                worktree: entry.name.clone(),
                idle_s: context.now().duration_since(last).as_secs(),
                disk_bytes: found.bytes,
            });
        }
    }
    idle.sort_by_key(|one| std::cmp::Reverse(one.idle_s));
    Ok(idle)
}

fn last_seen(entry: &Entry) -> Timestamp {
    let seen = entry.allocations.iter().filter_map(|known| known.last_listening.read());
    let given = entry.allocations.iter().map(|known| known.allocated_at);
    seen.chain(given).chain([entry.created_at]).max().unwrap_or(entry.created_at)
}
