//! Ports for a worktree that is there already: its former ones if they are free, else others of the same ranges.

use std::collections::HashSet;

use super::change::{RecordChange, claim_or_take_back};
use super::draw::{Asking, note};
use crate::context::Context;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::selection::{Selection, owned_ports};
use crate::model::port::wish::ServiceWish;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::former::FormerPort;
use crate::model::registry::table::Registry;
use crate::ops::choose::{self, Passing};
use crate::ops::claims;
use crate::ops::host_ports;

/// What became of a former port.
enum Reclaimed {
    Free,
    /// Not to be had, and why, in words.
    Lost(String),
    /// Somebody who is not ours holds it.
    Held,
}

/// Gives an entry without ports its former ones again and returns what there is to say about those it did not get.
///
/// # Errors
///
/// Fails when the registry cannot be written or the machine cannot be asked.
pub fn reclaim(context: &Context, sequence: u64) -> Result<Vec<String>> {
    let now = context.now();
    let (change, mut said) = host_ports::update(context, |registry| {
        let found = registry.find_by_sequence(sequence).cloned();
        let Some(entry) = found.filter(|entry| entry.allocations.is_empty()) else {
            return Ok((None, Vec::new()));
        };
        let formers = registry.find_former_of(&entry).map(|former| former.ports.clone()).unwrap_or_default();
        // Each has its own one tried before any looks for another: no service takes what a sibling had.
        let mut skip: HashSet<Port> = formers.iter().map(|former| former.port).collect();
        let mut given: HashSet<Port> = HashSet::new();
        let mut tried = Vec::new();
        for former in &formers {
            let wish =
                ServiceWish::of(&context.config, context.config.drawing_purpose(&entry), &former.service);
            let is_twice = !given.insert(former.port);
            let found = if is_twice {
                Reclaimed::Lost("taken".to_owned())
            } else {
                look_at(context, registry, &entry, &wish, former)?
            };
            tried.push((former, wish, found));
        }
        let mut said = Vec::new();
        let mut allocations = Vec::new();
        for (former, wish, found) in tried {
            let service = former.service.clone();
            let (why, is_held) = match found {
                Reclaimed::Free => {
                    let pinned = former.pinned;
                    allocations.push(Allocation { pinned, ..Allocation::new(former.port, service, now) });
                    continue;
                }
                Reclaimed::Lost(why) => (why, false),
                Reclaimed::Held => ("taken".to_owned(), true),
            };
            let lost = format!("port {} of `{service}` is {why} by now", former.port);
            let other = find_port(context, registry, &skip, wish)?;
            if is_held {
                let asking = Asking {
                    repository: &entry.repository,
                    name: &entry.name,
                    purpose: entry.purpose.as_ref(),
                };
                let outcome = if other.is_some() { "passed_over" } else { "given_up" };
                note(registry, asking, &service, (&[former.port], "retry", outcome), now);
            }
            match other {
                Some(port) => {
                    skip.insert(port);
                    said.push(format!("{lost}: it has {port} instead"));
                    allocations.push(Allocation::new(port, service, now));
                }
                None => said.push(format!("{lost}, and no port is free for `{service}`: it has none")),
            }
        }
        if let Some(entry) = registry.find_by_sequence(sequence) {
            entry.allocations = allocations;
            claims::note(context, entry)?;
        }
        let after = registry.find_by_sequence(sequence).map(|after| after.clone());
        let change = after.map(|after| RecordChange::alone(Some(entry), after));
        Ok((change, said))
    })?;
    // Without its claims it comes back without ports.
    if let Some(change) = change
        && let Err(failure) = claim_or_take_back(context, &change)
    {
        said.push(failure.to_string());
    }
    Ok(said)
}

/// Answers whether the former port is to be had, wherever it lies: it was this service's before. One that a server of the
/// worktree itself holds already is.
fn look_at(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    wish: &ServiceWish,
    former: &FormerPort,
) -> Result<Reclaimed> {
    let port = former.port;
    let is_carved_out = !wish.own_range && !former.pinned && context.config.is_carved_out(port);
    let own_range = wish.own_range && wish.ranges.contains(port);
    let exclusions = choose::exclusions(context, registry);
    if is_carved_out || exclusions.iter().any(|known| known.applies_to(port, own_range)) {
        return Ok(Reclaimed::Lost("excluded".to_owned()));
    }
    if owned_ports(registry).contains(&port) {
        return Ok(Reclaimed::Lost("taken".to_owned()));
    }
    if let Some(holding) = host_ports::others(context)?.get(&port) {
        return Ok(Reclaimed::Lost(holding.told()));
    }
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    if choose::is_held_by_own(registry, &key, port)? {
        return Ok(Reclaimed::Free);
    }
    let very_port = [ServiceWish { pinned: Some(port), ..wish.clone() }];
    Ok(match choose::choose(context, registry, &very_port, &HashSet::new())? {
        Selection::Chosen(_) => Reclaimed::Free,
        Selection::Busy { .. } => Reclaimed::Held,
        _ => Reclaimed::Lost("taken".to_owned()),
    })
}

/// One port of the ranges, passing over whatever is busy; `None` when there is none.
fn find_port(
    context: &Context,
    registry: &Registry,
    skip: &HashSet<Port>,
    wish: ServiceWish,
) -> Result<Option<Port>> {
    let (selection, _) = choose::choose_passing(context, registry, &[wish], skip, Passing::Held)?;
    Ok(match selection {
        Selection::Chosen(choices) => choices.first().map(|choice| choice.port),
        _ => None,
    })
}
