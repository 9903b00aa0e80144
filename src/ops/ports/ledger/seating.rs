//! What decides whether the main worktree can have a port that the configuration names for it.

use crate::context::Context;
use crate::error::Result;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::selection::{Selection, owned_ports};
use crate::model::port::wish::ServiceWish;
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose;
use crate::ops::host_ports;

/// The services that are to have a port.
#[derive(Clone, Copy, Debug)]
pub struct Seating<'a> {
    pub services: &'a [ServiceName],
    /// Whether somebody asks for it: then a port that a stranger holds is refused. Else it is recorded all the same, for the
    /// configuration says whose it is, and the conflict is told by those who look for conflicts.
    pub is_asked: bool,
    /// Services of it that run: their ports stay.
    pub running: &'a [String],
}

/// Why the port that the configuration names cannot be the main worktree's, whoever listens on it.
pub(super) fn why_lost(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    port: Port,
) -> Result<Option<String>> {
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

/// Why the system does not let the main worktree have the port just now, in the words of a selection.
pub(super) fn find_held(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Result<Option<Selection>> {
    let ranges = PortRanges(PortRange::new(port, port).into_iter().collect());
    let wish = ServiceWish { pinned: Some(port), ..ServiceWish::new(service.clone(), ranges.clone(), true) };
    let mut very_port = choose::select_of_main(context, registry, &[wish])?;
    match &mut very_port {
        Selection::Chosen(_) => return Ok(None),
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
    Ok((!is_own).then_some(very_port))
}
