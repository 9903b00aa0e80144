//! Gives an allocation another free port: chosen and recorded under the lock, then written into the env block. A block
//! that cannot be written leaves the record as it was.

use std::collections::HashSet;

use serde_json::Value;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::port::selection::{Selection, Wish};
use crate::model::port::{Port, PortRanges};
use crate::model::registry::allocation::{Allocation, MOVED_AT, RecordedPort};
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::env_files::follow;
use crate::ops::vanished::room;
use crate::ops::{choose, rows};

/// Which allocation leaves which port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving<'a> {
    pub sequence: u64,
    pub service: &'a ServiceName,
    pub from: Port,
    /// How many other ports are tried at most.
    pub most: u32,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    To(Port),
    Exhausted,
    /// It was not necessary any more.
    NotDue,
}

/// As [`relocate`], while `is_due` says so under the lock; `None` also when it does not.
///
/// # Errors
///
/// As [`relocate`].
pub fn relocate_while(
    context: &Context,
    repository: &Repository,
    sequence: u64,
    service: &ServiceName,
    from: Port,
    is_due: &dyn Fn(&Registry) -> Result<bool>,
) -> Result<Option<Port>> {
    let leaving = Leaving { sequence, service, from, most: u32::MAX };
    match move_away(context, repository, leaving, is_due)? {
        Moved::To(port) => Ok(Some(port)),
        Moved::Exhausted | Moved::NotDue => Ok(None),
    }
}

/// As [`relocate`], if `is_due` says so under the lock.
pub(super) fn move_away(
    context: &Context,
    repository: &Repository,
    leaving: Leaving<'_>,
    is_due: &dyn Fn(&Registry) -> Result<bool>,
) -> Result<Moved> {
    match try_to_move(context, repository, leaving, is_due)? {
        Moved::Exhausted if room::make_any(context)? => try_to_move(context, repository, leaving, is_due),
        moved => Ok(moved),
    }
}

fn try_to_move(
    context: &Context,
    repository: &Repository,
    leaving: Leaving<'_>,
    is_due: &dyn Fn(&Registry) -> Result<bool>,
) -> Result<Moved> {
    let now = context.now();
    let Leaving { sequence, service, from, .. } = leaving;
    let moved = context.store()?.update(|registry| {
        let entry = require_movable(registry, sequence, service, from)?;
        if !is_due(registry)? {
            return Ok(Err(Moved::NotDue));
        }
        let wish = wish(context, &entry, service);
        let Some(to) = find_port(context, registry, wish, leaving.most)? else {
            return Ok(Err(Moved::Exhausted));
        };
        let Some(allocation) = find_allocation(registry, sequence, service, from) else {
            return Ok(Err(Moved::NotDue));
        };
        let before = allocation.clone();
        allocation.port = RecordedPort::Valid(to);
        allocation.allocated_at = now;
        allocation.health = None;
        allocation.extra.insert(MOVED_AT.to_owned(), now.to_string().into());
        registry.record_event(now, event("port_moved", &entry, service, from, to));
        let after = registry.find_by_sequence(sequence).map_or(entry, |after| after.clone());
        Ok(Ok((after, before, to)))
    })?;
    let (entry, before, to) = match moved {
        Ok(moved) => moved,
        Err(other) => return Ok(other),
    };
    if let Err(failure) = write_env(context, repository, entry.clone()) {
        take_back(context, &entry, before, to)?;
        return Err(failure);
    }
    Ok(Moved::To(to))
}

/// The lowest free port, passing over what is busy; `None` when the ranges, or the tries, are exhausted.
fn find_port(context: &Context, registry: &Registry, wish: Wish, most: u32) -> Result<Option<Port>> {
    let mut passed = HashSet::new();
    let wishes = [wish];
    loop {
        match choose::choose(context, registry, &wishes, &passed)? {
            Selection::Chosen(choices) => {
                let Some(chosen) = choices.first().map(|choice| choice.port) else { return Ok(None) };
                let before = wishes[0].ranges.ports().take_while(|port| *port != chosen);
                let tried = before.filter(|port| passed.contains(port)).count() + 1;
                return Ok((u32::try_from(tried).is_ok_and(|tried| tried <= most)).then_some(chosen));
            }
            Selection::Busy { busy, denied, .. } => {
                let known = passed.len();
                passed.extend(busy);
                passed.extend(denied);
                if passed.len() == known {
                    return Ok(None);
                }
            }
            Selection::Exhausted { .. } | Selection::Excluded { .. } | Selection::Owned { .. } => {
                return Ok(None);
            }
        }
    }
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
        let release = format!(
            "`{release}` gives it up",
            release = wt("ports release {} --worktree {}", &[&from, &entry.name])
        );
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
    let rows = rows::rows(repository, &*context.store()?.read()?)?;
    let is_it = |row: &&rows::Row| row.entry.as_ref().is_some_and(|known| known.sequence == entry.sequence);
    if let Some(row) = rows.iter().find(is_it) {
        entry.path = row.path().to_path_buf();
    }
    follow(context, repository, &entry).map(drop)
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
