//! Has whoever is to be told hear of conflicts that come and go while nobody runs a command that meets them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::context::Context;
use crate::host::notify::spool;
use crate::model::event::Event;
use crate::model::registry::table::Registry;
use crate::ops::ports::conflicts::Conflict;

/// The conflicts of the look before, each with the event that ends it.
pub(super) type KnownConflicts = BTreeMap<String, Event>;

/// Tells which came and which are gone.
pub(super) fn tell(
    context: &Context,
    known: &mut KnownConflicts,
    conflicts: &[Conflict],
    registry: &Registry,
) {
    let now: KnownConflicts =
        conflicts.iter().map(|conflict| (key(conflict), begun(conflict, registry))).collect();
    let came = now.iter().filter(|(key, _)| !known.contains_key(*key)).map(|(_, event)| event.clone());
    let gone = known.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, event)| over(event));
    // The end first: whoever holds a port now may be another one than before.
    let told: Vec<Event> = gone.chain(came).map(|event| event.numbered(0, context.now())).collect();
    let is_heard = context.host.dirs().is_ok_and(|dirs| spool::hear(dirs.state(), &told).is_ok());
    // What cannot be told now is shown all the same, and told after the next look.
    if is_heard {
        *known = now;
    }
}

fn key(conflict: &Conflict) -> String {
    let pids: Vec<String> =
        conflict.ruling.owners.iter().filter_map(|owner| owner.pid).map(|pid| pid.to_string()).collect();
    format!("{:?} {} {}", conflict.kind, conflict.ruling.port, pids.join(","))
}

fn begun(conflict: &Conflict, registry: &Registry) -> Event {
    let ruling = &conflict.ruling;
    let mut event = Event::new("port_conflict")
        .with("port", ruling.port.number())
        .with("reason", conflict.level_reason.as_str());
    if let Some(one) = conflict.worktrees.first() {
        let has_it = |entry: &&crate::model::registry::entry::Entry| {
            entry.name == one.worktree
                && entry.allocations.iter().any(|known| known.find_port() == Some(ruling.port))
        };
        if let Some(entry) = registry.entries().find(has_it) {
            event = event.of(&entry.repository, &entry.name);
        }
        event = event.with("service", one.service.as_str());
    }
    let holders = ruling.owners.iter().map(|owner| json!({ "port": ruling.port, "pid": owner.pid }));
    event.with("holders", holders.collect::<serde_json::Value>())
}

fn over(event: &Event) -> Event {
    Event { event: "port_conflict_over".to_owned(), ..event.clone() }
}
