//! After records came from a backup or from wreckage: their worktrees are heard, before any env block is rendered from them.

use std::collections::HashMap;

use super::grounds::{Grounds, id_of};
use super::report::Request;
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::net::owner;
use crate::model::port::listener::{Listener, WorktreeKey};
use crate::model::recovery::{self, Testimony};
use crate::model::registry::entry::Entry;
use crate::ops::env_claim;

/// Hears the worktrees of all repositories that can be reached, and returns what there is to say about what was learned.
///
/// # Errors
///
/// Fails when the registry cannot be read or written.
pub fn believe(context: &Context, request: &Request) -> Result<Vec<String>> {
    let store = context.store()?;
    let registry = store.read()?;
    // A block that nobody asked about today is cut tomorrow, when it is rendered from its record.
    let request = Request { all: true, ..request.clone() };
    let grounds = Grounds::new(context, Some(&registry), &request);
    // Where sockets cannot be seen the blocks still speak.
    let listeners = owner::sight(&registry).unwrap_or_default();
    let mut running: HashMap<&WorktreeKey, Vec<&Listener>> = HashMap::new();
    for listener in listeners.iter().filter(|listener| listener.listening) {
        for key in listener.owners.iter().filter_map(|owner| owner.belongs_to.as_ref()) {
            running.entry(key).or_default().push(listener);
        }
    }
    let mut testimonies = Vec::new();
    for ground in grounds.contexts() {
        let (Some(repository), Some(id)) = (&ground.repository, id_of(ground)) else { continue };
        for entry in registry.living(&id).filter(|entry| stands(repository, entry)) {
            let told = env_claim::read(ground, &entry.path);
            let key = WorktreeKey { repository: id.clone(), name: entry.name.clone() };
            let runs = running.get(&key).into_iter().flatten().map(|listener| listener.port);
            let purpose = entry.purpose.as_ref().or(told.purpose.as_ref());
            let services = purpose.and_then(|purpose| {
                let services = &ground.config.find_purpose(purpose)?.services;
                let ranges = |service| ground.config.ranges_for(purpose, service);
                Some(services.iter().map(|service| (service.clone(), ranges(service))).collect())
            });
            testimonies.push(Testimony {
                sequence: entry.sequence,
                recorded: entry.allocations.clone(),
                runs: runs.collect(),
                services: services.unwrap_or_default(),
                told,
            });
        }
    }
    let now = context.now();
    store.update(|registry| Ok(recovery::believe(registry, &testimonies, now)))
}

/// Answers whether the folder is the worktree that the record is about.
fn stands(repository: &Repository, entry: &Entry) -> bool {
    repository.find_admin_named_by(&entry.path).is_some_and(|admin| admin == entry.admin)
}
