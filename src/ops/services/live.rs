//! How the services of worktrees stand now, for a list of many: all supervisors are asked at once, the machine's sockets
//! are read once, and neither is waited for longer than a list may take.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::supervision::{self, Supervision};
use crate::context::Context;
use crate::host::net::owner;
use crate::model::health::recorded::HealthRecord;
use crate::model::port::Port;
use crate::model::port::listener::{Busy, WorktreeKey};
use crate::model::port::occupancy::occupancy;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::services::live::judge;
use crate::model::view::WorktreeView;

/// How long everything may take.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long of that is left to the supervisors.
const ANSWERS: Duration = Duration::from_millis(30);

/// Tells of each port how its service stands. Where there are no ports nobody is asked.
pub fn add_states(context: &Context, registry: &Registry, worktrees: &mut [WorktreeView]) {
    let with_ports = worktrees.iter().filter(|worktree| !worktree.ports.is_empty());
    let sequences: HashSet<u64> = with_ports.filter_map(|worktree| worktree.sequence).collect();
    if sequences.is_empty() {
        return;
    }
    let clock = context.host.clock;
    let begun = clock.instant();
    let is_asked = |entry: &&Entry| sequences.contains(&entry.sequence);
    let entries: Vec<&Entry> = registry.entries().filter(is_asked).collect();
    let said = supervision::of_all(context, &entries, None, begun + ANSWERS);
    let known: HashMap<u64, (&Entry, Supervision)> =
        entries.into_iter().zip(said).map(|(entry, said)| (entry.sequence, (entry, said))).collect();
    let busy = sockets(registry, &known, &|| clock.since(begun) >= PATIENCE);
    let now = context.now();
    for worktree in worktrees {
        let Some((entry, said)) = worktree.sequence.and_then(|sequence| known.get(&sequence)) else {
            continue;
        };
        let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
        for port in &mut worktree.ports {
            let seen = busy.as_ref().and_then(|busy| busy.get(&port.port));
            let seen = seen.map(|busy| occupancy(&busy.listeners, &key));
            let checked = port.health.as_ref().and_then(HealthRecord::find);
            port.live = Some(judge(said.said(&port.service), seen.as_ref(), checked.as_ref(), now));
        }
    }
}

/// Who is on the ports of which no supervisor says that their service runs; `None` where that takes too long.
fn sockets(
    registry: &Registry,
    known: &HashMap<u64, (&Entry, Supervision)>,
    is_late: &dyn Fn() -> bool,
) -> Option<HashMap<Port, Busy>> {
    let untold = |(entry, said): &(&Entry, Supervision)| {
        let allocations = entry.allocations.iter();
        let untold = allocations.filter(|known| !said.said(&known.service).is_of_running());
        untold.filter_map(crate::model::registry::allocation::Allocation::find_port).collect::<Vec<_>>()
    };
    let mut ports: Vec<Port> = known.values().flat_map(untold).collect();
    ports.sort_unstable();
    ports.dedup();
    if ports.is_empty() {
        return Some(HashMap::new());
    }
    let busy = owner::attribute_in_time(&ports, registry, is_late).ok().flatten()?;
    Some(busy.into_iter().map(|busy| (busy.port, busy)).collect())
}
