//! Gives the main worktree its ports: those that the configuration names for it, else the next free ones of a range. All of
//! them stay: nobody else is given them, and nothing moves them but another number in the configuration.

use std::collections::HashSet;

use jiff::Timestamp;

use super::change::{RecordChange, require_active};
use super::draw::RefusedPorts;
use super::reseat;
use super::seating::{Seating, find_held, why_lost};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::port::selection::Selection;
use crate::model::port::wish::ServiceWish;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::record::RegistryRow;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose::{self, Passing};
use crate::ops::claims;

/// What became of it.
#[derive(Debug)]
pub struct Seated {
    pub change: RecordChange,
    /// Which ports it did not get, and why.
    pub said: Vec<String>,
}

/// Gives `wanted`, a record that is new or there already, a port for each service that has none or whose port the
/// configuration names otherwise by now, and records it.
///
/// # Errors
///
/// `locked`; `usage` for a service that nothing gives a range; fails when the machine cannot be asked.
pub fn seat(
    context: &Context,
    registry: &mut Registry,
    wanted: Entry,
    seating: Seating<'_>,
    now: Timestamp,
) -> Result<Result<Seated, RefusedPorts>> {
    let before = registry.entries().find(|known| known.sequence == wanted.sequence).cloned();
    let before = before.filter(|_| wanted.sequence != 0);
    before.as_ref().map_or(Ok(()), require_active)?;
    let mut entry = wanted;
    let mut given = Vec::new();
    let (left, mut said) = reseat::take_out(context, registry, &mut entry, seating)?;
    let without = (!left.is_empty()).then(|| reseat::without(registry, &entry));
    let order: Vec<ServiceName> =
        context.config.main.ports.iter().map(|(service, _)| service.clone()).collect();
    for service in seating.services {
        if entry.allocations.iter().any(|known| known.service == *service && known.find_port().is_some()) {
            continue;
        }
        let seen = without.as_ref().unwrap_or(registry);
        let port = match choose_one(context, seen, &entry, service, seating.is_asked, &mut said)? {
            Found::Port(port) => port,
            Found::None => continue,
            Found::Refused(selection) => {
                return Ok(Err(RefusedPorts {
                    selection,
                    seen: Box::new(registry.clone()),
                    held: Vec::new(),
                }));
            }
        };
        given.push(port.number());
        let allocation = Allocation { pinned: true, ..Allocation::new(port, service.clone(), now) };
        entry.give(allocation, &order);
    }
    claims::note(context, &mut entry)?;
    let is_new = before.is_none();
    let after = if is_new { registry.insert(entry) } else { put(registry, entry) };
    for event in reseat::events(&left, &after) {
        registry.record_event(now, event);
    }
    given.retain(|port| !reseat::is_move(&left, &after, *port));
    if is_new || !given.is_empty() {
        let event = Event::new(if is_new { "adopted" } else { "port_allocated" });
        registry.record_event(now, event.of(&after.repository, &after.name).with("ports", given));
    }
    Ok(Ok(Seated { change: RecordChange::new(context, before, after)?, said }))
}

fn put(registry: &mut Registry, entry: Entry) -> Entry {
    let is_it = |record: &&mut RegistryRow| matches!(record, RegistryRow::Entry(known) if known.sequence == entry.sequence);
    if let Some(RegistryRow::Entry(known)) = registry.worktrees.iter_mut().find(is_it) {
        **known = entry.clone();
    }
    entry
}

enum Found {
    Port(Port),
    /// There is none, and that was said.
    None,
    Refused(Selection),
}

/// The port that the configuration names where it can be had, else the next free one.
fn choose_one(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    service: &ServiceName,
    is_asked: bool,
    said: &mut Vec<String>,
) -> Result<Found> {
    let declared =
        context.config.main.ports.iter().find(|(known, _)| known == service).map(|(_, port)| *port);
    let lost = match declared {
        None => None,
        Some(port) => match why_lost(context, registry, entry, port)? {
            None if is_asked => return find_free(context, registry, entry, service, port),
            None => return Ok(Found::Port(port)),
            Some(why) => Some(format!("port {port} of `{service}` {why}")),
        },
    };
    let wish = ServiceWish::of(&context.config, context.config.drawing_purpose(entry), service);
    if wish.ranges.is_empty() {
        let Some(lost) = lost else { return without_range(context, entry, service, is_asked, said) };
        said.push(format!("{lost}, and nothing names a range for it: the main worktree has none for it"));
        return Ok(Found::None);
    }
    let former = registry.find_former_of(entry);
    let taken: HashSet<Port> = entry.ports().collect();
    // A busy port is refused only where nothing else was asked for: what stands in for another is any free one.
    let passing = if is_asked && lost.is_none() { Passing::Nothing } else { Passing::Refused };
    let wishes = [wish.recalling(former)];
    let (selection, _) = choose::choose_passing(context, registry, &wishes, &taken, passing)?;
    let port = match &selection {
        Selection::Chosen(choices) => choices.first().map(|choice| choice.port),
        _ => None,
    };
    match (port, lost) {
        (Some(port), Some(lost)) => said.push(format!("{lost}: the main worktree has {port} for it instead")),
        (None, lost) if !is_asked => {
            let lost = lost.unwrap_or_else(|| format!("`{service}` of the main worktree has no port"));
            said.push(format!("{lost}, and no port of {} is free", wishes[0].ranges));
        }
        _ => {}
    }
    Ok(match port {
        Some(port) => Found::Port(port),
        None if is_asked => Found::Refused(selection),
        None => Found::None,
    })
}

fn without_range(
    context: &Context,
    entry: &Entry,
    service: &ServiceName,
    is_asked: bool,
    said: &mut Vec<String>,
) -> Result<Found> {
    let purpose = context.config.drawing_purpose(entry).map(ToString::to_string).unwrap_or_default();
    let message =
        format!("nothing says which port `{service}` of the main worktree gets: `{purpose}` has no ports");
    if !is_asked {
        said.push(message);
        return Ok(Found::None);
    }
    Err(Failure::new(Code::Usage, message)
        .hint(format!("name it in .wt.toml:\n[main]\nports = {{ {service} = 3000 }}")))
}

/// Refuses a port that somebody else holds: a server of the main worktree itself may run there for long.
fn find_free(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Result<Found> {
    let held = find_held(context, registry, entry, service, port)?;
    Ok(held.map_or(Found::Port(port), Found::Refused))
}
