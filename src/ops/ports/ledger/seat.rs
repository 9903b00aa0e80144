//! Gives the main worktree its ports: those that the configuration names for it, else the next free ones of a range. All of
//! them stay: nothing moves them, and nobody else is given them.

use std::collections::HashSet;

use jiff::Timestamp;

use super::change::{Change, require_active};
use super::draw::Refused;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::event::Event;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::selection::{Selection, owned_ports};
use crate::model::port::wish::Wish;
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::record::Record;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose::{self, Passing};
use crate::ops::claims;
use crate::ops::host_ports;

/// The services that are to have a port.
#[derive(Clone, Copy, Debug)]
pub struct Seating<'a> {
    pub services: &'a [ServiceName],
    /// Whether somebody asks for it: then a port that a stranger holds is refused. Else it is recorded all the same, for the
    /// configuration says whose it is, and the conflict is told by those who look for conflicts.
    pub is_asked: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct Seated {
    pub change: Change,
    /// Which ports it did not get, and why.
    pub said: Vec<String>,
}

/// Gives `wanted`, a record that is new or there already, a port for each service that has none, and records it.
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
) -> Result<Result<Seated, Refused>> {
    let before = registry.entries().find(|known| known.sequence == wanted.sequence).cloned();
    let before = before.filter(|_| wanted.sequence != 0);
    before.as_ref().map_or(Ok(()), require_active)?;
    let mut entry = wanted;
    let (mut said, mut given) = (Vec::new(), Vec::new());
    let order: Vec<ServiceName> =
        context.config.main.ports.iter().map(|(service, _)| service.clone()).collect();
    for service in seating.services {
        if entry.allocations.iter().any(|known| known.service == *service && known.find_port().is_some()) {
            continue;
        }
        let port = match choose_one(context, registry, &entry, service, seating.is_asked, &mut said)? {
            Found::Port(port) => port,
            Found::None => continue,
            Found::Refused(selection) => {
                return Ok(Err(Refused { selection, seen: Box::new(registry.clone()), held: Vec::new() }));
            }
        };
        given.push(port.number());
        let allocation = Allocation { pinned: true, ..Allocation::new(port, service.clone(), now) };
        entry.give(allocation, &order);
    }
    claims::note(context, &mut entry)?;
    let is_new = before.is_none();
    let after = if is_new { registry.insert(entry) } else { put(registry, entry) };
    if is_new || !given.is_empty() {
        let event = Event::new(if is_new { "adopted" } else { "port_allocated" });
        registry.record_event(now, event.of(&after.repository, &after.name).with("ports", given));
    }
    Ok(Ok(Seated { change: Change { before, after }, said }))
}

fn put(registry: &mut Registry, entry: Entry) -> Entry {
    let is_it =
        |record: &&mut Record| matches!(record, Record::Entry(known) if known.sequence == entry.sequence);
    if let Some(Record::Entry(known)) = registry.worktrees.iter_mut().find(is_it) {
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
            None if is_asked => return look(context, registry, entry, service, port),
            None => return Ok(Found::Port(port)),
            Some(why) => Some(format!("port {port} of `{service}` {why}")),
        },
    };
    let wish = Wish::of(&context.config, context.config.drawing_purpose(entry), service);
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

/// Why the port that the configuration names cannot be the main worktree's, whoever listens on it.
fn why_lost(context: &Context, registry: &Registry, entry: &Entry, port: Port) -> Result<Option<String>> {
    let exclusions = choose::exclusions_of_main(context, registry);
    if let Some(exclusion) = exclusions.iter().find(|exclusion| exclusion.applies_to(port, true)) {
        return Ok(Some(format!("is excluded: {}", exclusion.reason)));
    }
    let is_other = |known: &&Entry| known.is_living() && known.sequence != entry.sequence;
    let owner = registry.entries().filter(is_other).find(|known| known.ports().any(|known| known == port));
    Ok(match owner {
        Some(owner) if owner.repository_id == entry.repository_id => {
            Some(format!("is that of `{}`", owner.name))
        }
        Some(owner) => Some(format!("is that of `{}` of {}", owner.name, owner.repository.display())),
        None if entry.ports().any(|own| own == port) => Some("is that of another service here".to_owned()),
        None if owned_ports(registry).contains(&port) => Some("is that of a damaged record".to_owned()),
        None => host_ports::others(context)?.get(&port).map(|holding| format!("is {}", holding.told())),
    })
}

/// Refuses a port that somebody else holds: a server of the main worktree itself may run there for long.
fn look(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Result<Found> {
    let ranges = PortRanges(PortRange::new(port, port).into_iter().collect());
    let wish = Wish { pinned: Some(port), ..Wish::new(service.clone(), ranges.clone(), true) };
    let mut very_port = choose::select_of_main(context, registry, &[wish])?;
    match &mut very_port {
        Selection::Chosen(_) => return Ok(Found::Port(port)),
        Selection::Busy { ranges: of_it, .. } => *of_it = ranges,
        _ => {}
    }
    // It has no record yet by which its processes are known.
    let mut known = registry.clone();
    if known.find_by_sequence(entry.sequence).is_none() {
        known.insert(entry.clone());
    }
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    let is_own = choose::is_held_by_own(&known, &key, port)?;
    Ok(if is_own { Found::Port(port) } else { Found::Refused(very_port) })
}
