//! Gives an allocation another free port: chosen and recorded under the lock, then written into the env block. A block
//! that cannot be written leaves the record as it was.

use serde_json::Value;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::event::Event;
use crate::model::port::{Port, PortRanges};
use crate::model::registry::allocation::{Allocation, RecordedPort};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::selection::Wish;
use crate::model::service::ServiceName;
use crate::ops::{env, reclaim, rows};

/// Moves `service` of the entry with that sequence number away from port `from`, to the lowest free port of its ranges,
/// and renders the env block again. Returns the new port; `None` when no other is free.
///
/// # Errors
///
/// `not_found` when the entry has no such allocation any more, `locked` when the port is pinned, and what stops the env
/// block; the allocation is as it was then.
pub fn relocate(
    context: &Context,
    repository: &Repository,
    sequence: u64,
    service: &ServiceName,
    from: Port,
) -> Result<Option<Port>> {
    let now = context.now();
    let moved = context.store()?.update(|registry| {
        let entry = require_movable(registry, sequence, service, from)?;
        let wish = wish(context, &entry, service);
        let Some(choice) = reclaim::find_port(context, registry, &[], wish)? else { return Ok(None) };
        let Some(allocation) = find_allocation(registry, sequence, service, from) else { return Ok(None) };
        let before = allocation.clone();
        allocation.port = RecordedPort::Valid(choice.port);
        allocation.allocated_at = now;
        allocation.health = None;
        registry.record_event(now, event("port_moved", &entry, service, from, choice.port));
        Ok(registry.find_by_sequence(sequence).map(|after| (after.clone(), before, choice.port)))
    })?;
    let Some((entry, before, to)) = moved else { return Ok(None) };
    if let Err(failure) = write_env(context, repository, entry.clone()) {
        take_back(context, &entry, before, to)?;
        return Err(failure);
    }
    Ok(Some(to))
}

fn require_movable(registry: &Registry, sequence: u64, service: &ServiceName, from: Port) -> Result<Entry> {
    let entry = registry.entries().find(|entry| entry.sequence == sequence && entry.is_living());
    let is_it = |known: &&Allocation| known.service == *service && known.find_port() == Some(from);
    let found = entry.and_then(|entry| Some((entry, entry.allocations.iter().find(is_it)?)));
    let Some((entry, allocation)) = found else {
        return Err(Failure::new(Code::NotFound, format!("port {from} is no longer that of `{service}`"))
            .hint("look again: `wt ports conflicts`"));
    };
    if entry.state != EntryState::Active {
        let message = format!("`{}` is {} just now", entry.name, entry.state.as_str());
        return Err(Failure::new(Code::Locked, message).hint("try again when that is done"));
    }
    if allocation.pinned {
        let message = format!("port {from} of `{service}` in `{}` is pinned and never moved", entry.name);
        let release = format!("`wt ports release {from} --worktree {}` gives it up", entry.name);
        return Err(Failure::new(Code::Locked, message).hint(release));
    }
    Ok(entry.clone())
}

fn wish(context: &Context, entry: &Entry, service: &ServiceName) -> Wish {
    let own = context.config.services.get(service).and_then(|settings| settings.ports.clone());
    let own_range = own.is_some();
    let of_purpose = || entry.purpose.as_ref().map(|purpose| context.config.ranges_for(purpose, service));
    let ranges: PortRanges = own.or_else(of_purpose).unwrap_or_default();
    Wish { service: service.clone(), ranges, own_range, former: None, pinned: None }
}

fn find_allocation<'a>(
    registry: &'a mut Registry,
    sequence: u64,
    service: &ServiceName,
    port: Port,
) -> Option<&'a mut Allocation> {
    let allocations = &mut registry.find_by_sequence(sequence)?.allocations;
    allocations.iter_mut().find(|known| known.service == *service && known.find_port() == Some(port))
}

/// git knows where a worktree stands that was moved since it was recorded.
fn write_env(context: &Context, repository: &Repository, mut entry: Entry) -> Result<()> {
    if !entry.env {
        return Ok(());
    }
    let rows = rows::rows(repository, &context.store()?.read()?)?;
    let is_it = |row: &&rows::Row| row.entry.as_ref().is_some_and(|known| known.sequence == entry.sequence);
    if let Some(row) = rows.iter().find(is_it) {
        entry.path = row.path().to_path_buf();
    }
    env::write(context, repository, &entry).map(drop)
}

/// The server would read the old port from the block: the record says the same again.
fn take_back(context: &Context, entry: &Entry, before: Allocation, to: Port) -> Result<()> {
    let now = context.now();
    let Some(from) = before.find_port() else { return Ok(()) };
    context.store()?.update(|registry| {
        if let Some(allocation) = find_allocation(registry, entry.sequence, &before.service, to) {
            let service = before.service.clone();
            *allocation = before;
            registry.record_event(now, event("port_move_undone", entry, &service, to, from));
        }
        Ok(())
    })
}

fn event(name: &str, entry: &Entry, service: &ServiceName, from: Port, to: Port) -> Event {
    Event::new(name)
        .of(&entry.repository, &entry.name)
        .with("service", Value::from(service.to_string()))
        .with("from", from.number())
        .with("to", to.number())
}
