//! Looks whether a port that was asked for by its number can be had.

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::probe;
use crate::model::advised::wt;
use crate::model::port::listener::{Probe, WorktreeKey};
use crate::model::port::selection::{Selection, owned_ports};
use crate::model::port::wish::ServiceWish;
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose;
use crate::ops::host_ports;

/// Returns why that port cannot be had; a server of the worktree itself is no reason.
pub(super) fn pin(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Result<Option<Selection>> {
    let wish = ServiceWish::of(&context.config, context.config.drawing_purpose(entry), service);
    // Whose ports people choose may have a well-known one, as whose own range names it.
    let is_own = entry.is_main() || (wish.own_range && wish.ranges.contains(port));
    let exclusions = if entry.is_main() {
        choose::exclusions_of_main(context, registry)
    } else {
        choose::exclusions(context, registry)
    };
    if port.number() < 1024 {
        let message =
            format!("port {port} for `{service}` is privileged: only the system's own servers get it");
        return Err(Failure::new(Code::PortDenied, message).hint("choose a port above 1023"));
    }
    if let Some(exclusion) = exclusions.iter().find(|exclusion| exclusion.applies_to(port, is_own)) {
        let message = format!("port {port} for `{service}` is excluded: {}", exclusion.reason);
        return Err(Failure::new(Code::PortExcluded, message).hint("`wt ports next` names another port"));
    }
    if owned_ports(registry).contains(&port) {
        let whose = match registry.find_owner(port) {
            Some(owner) if owner.repository_id == entry.repository_id => format!("`{}`", owner.name),
            Some(owner) => format!("`{}` of {}", owner.name, owner.repository.display()),
            None => "a damaged record".to_owned(),
        };
        let message = format!("port {port} for `{service}` belongs to {whose}");
        return Err(Failure::new(Code::PortConflict, message)
            .hint(format!("`{check}` tells more", check = wt("ports check {}", &[&port]))));
    }
    if let Some(holding) = host_ports::others(context)?.get(&port) {
        return Err(host_ports::refusal(port, holding));
    }
    match probe::prober()(port)? {
        Probe::Free => Ok(None),
        Probe::Denied => {
            let message = format!("the system does not let us bind port {port}");
            Err(Failure::new(Code::PortDenied, message).hint("choose a port above 1023"))
        }
        Probe::Busy => {
            let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
            let is_free_for_it = choose::is_held_by_own(registry, &key, port)?;
            let ranges = PortRanges(range_around(wish.ranges, port).into_iter().collect());
            Ok((!is_free_for_it).then(|| Selection::Busy {
                ranges,
                busy: vec![port],
                denied: Vec::new(),
                service: service.clone(),
                own_range: is_own,
            }))
        }
    }
}

/// The range that `port` was chosen from, or the port alone where it lies outside of them.
fn range_around(ranges: PortRanges, port: Port) -> Option<PortRange> {
    ranges.0.into_iter().find(|range| range.contains(port)).or_else(|| PortRange::new(port, port))
}
