//! Moves ports of the main worktree for which the configuration names another number by now. One that is served stays, and so
//! does one whose new number somebody else has.

use super::seating::{Seating, find_held, why_lost};
use crate::context::Context;
use crate::error::Result;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose;

/// A service whose port the configuration names otherwise.
#[derive(Clone)]
struct Other {
    service: ServiceName,
    own: Port,
    named: Port,
}

/// Answers whether the configuration names another port, one that nobody else has, for a service of the main worktree.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn is_called_elsewhere(context: &Context, registry: &Registry, entry: &Entry) -> Result<bool> {
    Ok(!to_be_had(context, registry, entry, others(context, entry))?.is_empty())
}

/// Takes out of `entry` the allocations that leave for another port, and returns them with what there is to say of those that
/// stay.
pub(super) fn take_out(
    context: &Context,
    registry: &Registry,
    entry: &mut Entry,
    seating: Seating<'_>,
) -> Result<(Vec<Allocation>, Vec<String>)> {
    let mut said = Vec::new();
    let mut leaving = others(context, entry);
    leaving.retain(|other| seating.services.contains(&other.service));
    // Two of them may change places, so they are looked at together, and again when one of them stays.
    leaving = to_be_had(context, registry, entry, leaving)?;
    if leaving.is_empty() {
        return Ok((Vec::new(), said));
    }
    let mut rest = entry.clone();
    rest.allocations.retain(|known| !is_among(&leaving, known));
    let around = (registry, &without(registry, &rest));
    let mut free = Vec::new();
    for other in leaving {
        match why_not_now(context, around, &rest, &other, seating)? {
            Some(why) => said.push(why),
            None => free.push(other),
        }
    }
    let leaving = to_be_had(context, registry, entry, free)?;
    let is_leaving = |known: &Allocation| is_among(&leaving, known);
    let left = entry.allocations.iter().filter(|known| is_leaving(known)).cloned().collect();
    entry.allocations.retain(|known| !is_leaving(known));
    Ok((left, said))
}

/// The registry in which the main worktree has no more than in `entry`.
pub(super) fn without(registry: &Registry, entry: &Entry) -> Registry {
    let mut seen = registry.clone();
    if let Some(known) = seen.find_by_sequence(entry.sequence) {
        known.allocations.clone_from(&entry.allocations);
    }
    seen
}

/// What is told of the moves.
pub(super) fn events(left: &[Allocation], after: &Entry) -> Vec<Event> {
    let moved = left.iter().filter_map(|left| {
        let from = left.find_port()?;
        let to = after.allocations.iter().find(|known| known.service == left.service)?.find_port()?;
        let event = Event::new("port_moved").of(&after.repository, &after.name);
        let event = event.with("service", serde_json::Value::from(left.service.to_string()));
        Some(event.with("from", from.number()).with("to", to.number()))
    });
    moved.collect()
}

/// Answers whether `port` was given to a service that left another one.
pub(super) fn is_move(left: &[Allocation], after: &Entry, port: u16) -> bool {
    let is_it = |known: &&Allocation| known.find_port().is_some_and(|known| known.number() == port);
    let service = after.allocations.iter().find(is_it).map(|known| &known.service);
    left.iter().any(|left| Some(&left.service) == service)
}

fn others(context: &Context, entry: &Entry) -> Vec<Other> {
    let named = context.config.main.ports.iter();
    let differing = named.filter_map(|(service, named)| {
        let known = entry.allocations.iter().find(|known| known.service == *service)?;
        let own = known.find_port().filter(|own| own != named)?;
        Some(Other { service: service.clone(), own, named: *named })
    });
    differing.collect()
}

/// Those whose new port nobody has, or one that leaves it in the same go.
fn to_be_had(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    mut leaving: Vec<Other>,
) -> Result<Vec<Other>> {
    loop {
        let mut rest = entry.clone();
        rest.allocations.retain(|known| !is_among(&leaving, known));
        let seen = if leaving.is_empty() { return Ok(leaving) } else { without(registry, &rest) };
        let mut due = Vec::new();
        for other in &leaving {
            if why_lost(context, &seen, &rest, other.named)?.is_none() {
                due.push(other.clone());
            }
        }
        if due.len() == leaving.len() {
            return Ok(leaving);
        }
        leaving = due;
    }
}

fn is_among(others: &[Other], known: &Allocation) -> bool {
    others.iter().any(|other| other.service == known.service && known.find_port() == Some(other.own))
}

/// Why the port does not move now: a server of ours is on the old one, or a stranger's on the new one. Where somebody asks
/// for it, the stranger is refused by whoever chooses the port. The registries are the one as it stands, and the one `without`
/// what leaves.
fn why_not_now(
    context: &Context,
    (registry, seen): (&Registry, &Registry),
    entry: &Entry,
    other: &Other,
    seating: Seating<'_>,
) -> Result<Option<String>> {
    let Other { service, own, named } = other;
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    let runs = seating.running.iter().any(|name| name == service.as_str());
    if runs || choose::is_used_by_own(registry, &key, *own)? {
        return Ok(Some(format!(
            "`{service}` of the main worktree runs on {own}: it gets {named} after that"
        )));
    }
    if seating.is_asked || find_held(context, seen, entry, service, *named)?.is_none() {
        return Ok(None);
    }
    Ok(Some(format!("another program holds {named}: `{service}` of the main worktree keeps {own}")))
}
