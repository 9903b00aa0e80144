//! The ports that a worktree had before they were released: it gets them back when it asks again.

use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::registry::former::{Former, FormerPort};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// Returns the port that the worktree had for the service before it was released.
#[must_use]
pub(super) fn port(registry: &Registry, entry: &Entry, service: &ServiceName) -> Option<Port> {
    let former = find(registry, entry)?;
    former.ports.iter().find(|known| known.service == *service).map(|known| known.port)
}

/// Returns the services that had a port and have none now.
#[must_use]
pub fn services(registry: &Registry, entry: &Entry) -> Vec<ServiceName> {
    let has = |known: &&FormerPort| {
        entry.allocations.iter().any(|now| now.service == known.service && now.find_port().is_some())
    };
    let former = find(registry, entry).into_iter().flat_map(|former| &former.ports);
    former.filter(|known| !has(known)).map(|known| known.service.clone()).collect()
}

fn find<'a>(registry: &'a Registry, entry: &Entry) -> Option<&'a Former> {
    let name = entry.branch.is_none().then_some(entry.name.as_str());
    registry.find_former(&entry.repository_id, entry.branch.as_deref(), entry.purpose.as_ref(), name)
}
