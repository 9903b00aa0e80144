//! Ports for a worktree that is there already: its former ones if they are free, else others of the same ranges.

use std::collections::HashSet;

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::listener::WorktreeKey;
use crate::model::port::Port;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::selection::{Choice, Selection, Wish, owned_ports};

use super::choose;

/// Gives the entry its former ports again and returns what there is to say about those it did not get.
///
/// # Errors
///
/// Fails when the registry cannot be written or the machine cannot be asked.
pub fn reclaim(context: &Context, repository: &Repository, sequence: u64) -> Result<Vec<String>> {
    let _ = repository;
    let now = context.now();
    context.store()?.update(|registry| {
        let Some(entry) = registry.find_by_sequence(sequence).cloned() else { return Ok(Vec::new()) };
        let mut said = Vec::new();
        let mut given = Vec::new();
        for wish in wishes(context, registry, &entry) {
            let former = wish.former;
            let service = wish.service.clone();
            let kept = kept(context, registry, &entry, &given, &wish)?;
            let found = if kept.is_some() { kept } else { find_port(context, registry, &given, wish)? };
            match found {
                Some(choice) => {
                    if let Some(former) = former.filter(|former| *former != choice.port) {
                        said.push(format!(
                            "port {former} of `{service}` is taken by now: it has {} instead",
                            choice.port
                        ));
                    }
                    given.push(choice);
                }
                None => said.push(format!("no port is free for `{service}`: it has none")),
            }
        }
        if let Some(entry) = registry.find_by_sequence(sequence) {
            let allocations =
                given.into_iter().map(|choice| Allocation::new(choice.port, choice.service, now));
            entry.allocations = allocations.collect();
        }
        Ok(said)
    })
}

fn wishes(context: &Context, registry: &Registry, entry: &Entry) -> Vec<Wish> {
    let name = entry.branch.is_none().then_some(entry.name.as_str());
    let Some(purpose) = &entry.purpose else { return Vec::new() };
    let Some(former) = registry.find_former(&entry.repository_id, entry.branch.as_deref(), purpose, name)
    else {
        return Vec::new();
    };
    let wished = former.ports.iter().map(|former| Wish {
        service: former.service.clone(),
        ranges: context.config.ranges_for(purpose, &former.service),
        own_range: context
            .config
            .services
            .get(&former.service)
            .is_some_and(|service| service.ports.is_some()),
        former: Some(former.port),
        pinned: None,
    });
    wished.filter(|wish| !wish.ranges.is_empty()).collect()
}

/// The former port that a server of the worktree itself holds already: nobody else is in the way.
fn kept(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    given: &[Choice],
    wish: &Wish,
) -> Result<Option<Choice>> {
    let Some(port) = wish.former.filter(|port| wish.ranges.contains(*port)) else { return Ok(None) };
    let is_given = given.iter().any(|choice| choice.port == port);
    let exclusions = choose::exclusions(context, registry);
    let is_excluded = exclusions.iter().any(|known| known.applies_to(port, wish.own_range));
    if is_given || is_excluded || owned_ports(registry).contains(&port) {
        return Ok(None);
    }
    let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
    let is_own = choose::is_held_by_own(registry, &key, port)?;
    Ok(is_own.then(|| Choice { service: wish.service.clone(), port }))
}

/// One port, passing over whatever is busy; `None` when the ranges are exhausted.
fn find_port(context: &Context, registry: &Registry, given: &[Choice], wish: Wish) -> Result<Option<Choice>> {
    let mut skip: HashSet<Port> = given.iter().map(|choice| choice.port).collect();
    let wishes = [wish];
    loop {
        match choose::choose(context, registry, &wishes, &skip)? {
            Selection::Chosen(choices) => return Ok(choices.into_iter().next()),
            Selection::Busy { busy, denied, .. } => {
                let known = skip.len();
                skip.extend(busy);
                skip.extend(denied);
                if skip.len() == known {
                    return Ok(None);
                }
            }
            Selection::Exhausted { .. } | Selection::Excluded { .. } | Selection::Owned { .. } => {
                return Ok(None);
            }
        }
    }
}
