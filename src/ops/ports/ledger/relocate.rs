//! Gives an allocation another free port.

use std::collections::HashSet;

use serde_json::Value;

use super::change::{RecordChange, follow_or_take_back, require_active};
use super::search::with_room;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::port::selection::Selection;
use crate::model::port::wish::ServiceWish;
use crate::model::registry::allocation::{Allocation, RecordedPort};
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose::{self, Passing};
use crate::ops::claims;
use crate::ops::host_ports;

/// Which allocation leaves which port.
#[derive(Clone, Copy, Debug)]
pub struct LeavingPort<'a> {
    pub sequence: u64,
    pub service: &'a ServiceName,
    pub from: Port,
    /// How many other ports are tried at most.
    pub most: u32,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    To(Port),
    Exhausted,
    /// It was not necessary any more.
    NotDue,
}

/// Moves the allocation, if `is_due` says so under the lock, and has the env files follow.
///
/// # Errors
///
/// `not_found` where the port is no longer the service's, `locked` also for a pinned one, and what stops the env files; the
/// record is as it was then.
pub fn relocate(
    context: &Context,
    repository: &Repository,
    leaving: LeavingPort<'_>,
    is_due: &dyn Fn(&Registry) -> Result<bool>,
) -> Result<Moved> {
    let attempt = || record(context, leaving, is_due);
    let is_wanting = |outcome: &Result<(RecordChange, Port), Moved>| matches!(outcome, Err(Moved::Exhausted));
    let (change, to) = match with_room(context, attempt, is_wanting)? {
        Ok(moved) => moved,
        Err(other) => return Ok(other),
    };
    let undone = event("port_move_undone", &change.after, leaving.service, to, leaving.from);
    follow_or_take_back(context, repository, &change, None, Some(&undone))?;
    Ok(Moved::To(to))
}

fn record(
    context: &Context,
    leaving: LeavingPort<'_>,
    is_due: &dyn Fn(&Registry) -> Result<bool>,
) -> Result<Result<(RecordChange, Port), Moved>> {
    let now = context.now();
    let LeavingPort { sequence, service, from, most } = leaving;
    host_ports::update(context, |registry| {
        let before = require_movable(registry, sequence, service, from)?;
        if !is_due(registry)? {
            return Ok(Err(Moved::NotDue));
        }
        let wish = ServiceWish::of(&context.config, context.config.drawing_purpose(&before), service);
        let Some(to) = find_port(context, registry, wish, most)? else {
            return Ok(Err(Moved::Exhausted));
        };
        let Some(known) = registry.find_by_sequence(sequence) else { return Ok(Err(Moved::NotDue)) };
        let mut all = known.allocations.iter_mut();
        let Some(allocation) = all.find(|known| is_it(known, service, from)) else {
            return Ok(Err(Moved::NotDue));
        };
        allocation.port = RecordedPort::Valid(to);
        allocation.allocated_at = now;
        allocation.health = None;
        allocation.moved_at.write(&now);
        claims::note(context, known)?;
        let after = known.clone();
        registry.record_event(now, event("port_moved", &after, service, from, to));
        Ok(Ok((RecordChange::new(context, Some(before), after)?, to)))
    })
}

/// The lowest free port, passing over what is busy; `None` when the ranges, or the tries, are exhausted.
fn find_port(context: &Context, registry: &Registry, wish: ServiceWish, most: u32) -> Result<Option<Port>> {
    let wishes = [wish];
    let (selection, passed) =
        choose::choose_passing(context, registry, &wishes, &HashSet::new(), Passing::Refused)?;
    let Selection::Chosen(choices) = selection else { return Ok(None) };
    let Some(chosen) = choices.first().map(|choice| choice.port) else { return Ok(None) };
    let before = wishes[0].ranges.ports().take_while(|port| *port != chosen);
    let tried = before.filter(|port| passed.contains(port)).count() + 1;
    Ok((u32::try_from(tried).is_ok_and(|tried| tried <= most)).then_some(chosen))
}

fn is_it(known: &Allocation, service: &ServiceName, port: Port) -> bool {
    known.service == *service && known.find_port() == Some(port)
}

fn require_movable(registry: &Registry, sequence: u64, service: &ServiceName, from: Port) -> Result<Entry> {
    let entry = registry.entries().find(|entry| entry.sequence == sequence && entry.is_living());
    let found = entry
        .and_then(|entry| Some((entry, entry.allocations.iter().find(|known| is_it(known, service, from))?)));
    let Some((entry, allocation)) = found else {
        return Err(Failure::new(Code::NotFound, format!("port {from} is no longer that of `{service}`"))
            .hint("look again: `wt ports conflicts`"));
    };
    require_active(entry)?;
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

fn event(name: &str, entry: &Entry, service: &ServiceName, from: Port, to: Port) -> Event {
    Event::new(name)
        .of(&entry.repository, &entry.name)
        .with("service", Value::from(service.to_string()))
        .with("from", from.number())
        .with("to", to.number())
}
