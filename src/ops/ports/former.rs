//! The ports that a worktree had before they were released: it gets them back when it asks again.

use crate::model::registry::entry::Entry;
use crate::model::registry::former::FormerPort;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;

/// Returns the services that had a port and have none now.
#[must_use]
pub fn services(registry: &Registry, entry: &Entry) -> Vec<ServiceName> {
    let has = |known: &&FormerPort| {
        entry.allocations.iter().any(|now| now.service == known.service && now.find_port().is_some())
    };
    let former = registry.find_former_of(entry).into_iter().flat_map(|former| &former.ports);
    former.filter(|known| !has(known)).map(|known| known.service.clone()).collect()
}
