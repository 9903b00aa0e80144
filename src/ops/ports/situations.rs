//! Gathers the situation of ports: the registry's allocations, the machine's sockets, and what is known of the processes that
//! hold them. Everything that needs more than one look is asked for only where a port is in doubt.

use std::collections::{HashMap, HashSet};

use super::{holders, kill, strays};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::net::container::{self, PublishingContainer};
use crate::host::net::owner;
use crate::host::place::HostSurroundings;
use crate::host::process::users;
use crate::model::port::Port;
use crate::model::port::holder::{Background, serves_containers};
use crate::model::port::listener::{Busy, Listener, WorktreeKey};
use crate::model::port::situation::Situation;
use crate::model::port::tenant::Tenant;
use crate::model::presence::Presence;
use crate::model::process::killing::KillRefusal;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::ops::origin;
use crate::ops::vanished::Lookout;

/// Returns the situation of each of `ports`, in their order.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn situations(context: &Context, registry: &Registry, ports: &[Port]) -> Result<Vec<Situation>> {
    Ok(of_seen(context, registry, &owner::attribute(ports, registry)?))
}

/// As [`situations`], of ports whose sockets were seen already.
#[must_use]
pub fn of_seen(context: &Context, registry: &Registry, busy: &[Busy]) -> Vec<Situation> {
    let is_dark = busy.iter().flat_map(|busy| &busy.listeners).any(is_dark);
    let published = if is_dark { container::published() } else { Vec::new() };
    of_busy(context, registry, busy, &published)
}

/// Answers whether a container may stand behind the socket: its process is out of sight, or the engine's own.
#[must_use]
pub fn is_dark(socket: &Listener) -> bool {
    socket.owners.is_empty() || socket.owners.iter().any(|owner| serves_containers(&owner.command))
}

/// Returns the situation of ports whose sockets, and the containers that publish them, are known already.
#[must_use]
pub fn of_busy(
    context: &Context,
    registry: &Registry,
    busy: &[Busy],
    published: &[PublishingContainer],
) -> Vec<Situation> {
    let mut tenants = tenants(registry, busy);
    let is_doubtful = |busy: &&Busy| tenants.get(&busy.port).is_some_and(|tenants| in_doubt(tenants, busy));
    let doubtful: Vec<&Busy> = busy.iter().filter(is_doubtful).collect();
    let refusals = refusals(&doubtful);
    let doubtful: HashSet<Port> = doubtful.into_iter().map(|busy| busy.port).collect();
    let in_question = tenants.iter_mut().filter(|(port, _)| doubtful.contains(port));
    look_closely(context, registry, in_question.flat_map(|(_, tenants)| tenants));
    let strays = strays(&context.host.name(), registry, busy);
    let user = Some(users::ourselves());
    let situations = busy.iter().map(|busy| {
        let container = container::find(published, busy.port);
        let background = Background { user, container, strays: Some(&strays), refusals: Some(&refusals) };
        let tenants = tenants.remove(&busy.port).unwrap_or_default();
        Situation::of(busy.port, tenants, &busy.listeners, &background)
    });
    situations.collect()
}

/// Returns the situation of a port on the machine called `host`, seen from the worktree with that sequence, as far as naming its
/// holders needs it: nobody else is asked, so that it may be looked at under the registry's lock.
#[must_use]
pub fn of_one(host: &str, registry: &Registry, busy: &Busy, sequence: u64) -> Situation {
    let strays = strays(host, registry, std::slice::from_ref(busy));
    let background =
        Background { user: Some(users::ourselves()), strays: Some(&strays), ..Background::default() };
    let mut tenants = tenants(registry, std::slice::from_ref(busy));
    let tenants = tenants.remove(&busy.port).unwrap_or_default();
    let own = tenants.iter().find(|tenant| tenant.sequence == sequence).map(|own| own.worktree.clone());
    let situation = Situation::of(busy.port, tenants, &busy.listeners, &background);
    own.map_or_else(|| situation.clone(), |own| situation.seen_from(&own))
}

/// Who has the ports, by the registry alone.
fn tenants(registry: &Registry, busy: &[Busy]) -> HashMap<Port, Vec<Tenant>> {
    let wanted: HashSet<Port> = busy.iter().map(|busy| busy.port).collect();
    let mut found: HashMap<Port, Vec<Tenant>> = HashMap::new();
    for entry in registry.entries().filter(|entry| entry.is_living()) {
        for allocation in &entry.allocations {
            let Some(port) = allocation.find_port().filter(|port| wanted.contains(port)) else { continue };
            let worktree = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
            found.entry(port).or_default().push(Tenant {
                sequence: entry.sequence,
                worktree,
                service: allocation.service.clone(),
                port,
                allocated_at: allocation.allocated_at,
                pinned: allocation.pinned,
                locked: false,
                settled: entry.state == EntryState::Active,
                visible: true,
                runs: false,
            });
        }
    }
    found
}

/// Several have it, or a socket of it is held by none of its tenants.
fn in_doubt(tenants: &[Tenant], busy: &Busy) -> bool {
    let is_tenant = |key: &WorktreeKey| tenants.iter().any(|tenant| tenant.worktree == *key);
    let is_own =
        |socket: &Listener| socket.owners.iter().filter_map(|owner| owner.belongs_to.as_ref()).any(is_tenant);
    tenants.len() > 1 || !busy.listeners.iter().all(is_own)
}

/// Asks git for locks, and the disk for what is gone or lies in another network.
fn look_closely<'a>(context: &Context, registry: &Registry, tenants: impl Iterator<Item = &'a mut Tenant>) {
    let mut by_repository: HashMap<RepositoryId, Vec<&mut Tenant>> = HashMap::new();
    for tenant in tenants {
        by_repository.entry(tenant.worktree.repository.clone()).or_default().push(tenant);
    }
    if by_repository.is_empty() {
        return;
    }
    let here = HostSurroundings::read();
    for (id, tenants) in by_repository {
        let mut repository: Option<Repository> = None;
        if let Some(one) = registry.living(&id).next() {
            repository = origin::find_repository(context, one);
        }
        let lookout = Lookout::new(context, repository.as_ref()).ok();
        for tenant in tenants {
            let known = registry.living(&id).find(|entry| entry.sequence == tenant.sequence);
            let Some(entry) = known else { continue };
            let place = entry.place.as_ref();
            tenant.visible = place.is_none_or(|place| !place.is_other_network(&here.place_of(&entry.path)));
            if let Some(lookout) = &lookout {
                tenant.locked = is_locked(lookout, entry);
                tenant.settled &= lookout.presence(entry) != Presence::Vanished;
            }
        }
    }
}

fn is_locked(lookout: &Lookout<'_>, entry: &Entry) -> bool {
    let worktree = lookout.find_worktree(entry);
    worktree.is_some_and(|worktree| worktree.lock.is_some() && !worktree.initializing)
}

/// The worktree that is gone of each holder that is a stray, by pid.
fn strays(host: &str, registry: &Registry, busy: &[Busy]) -> HashMap<u32, String> {
    let owners = busy.iter().flat_map(|busy| &busy.listeners).flat_map(|socket| &socket.owners);
    let of_nobody: Vec<_> = owners.filter(|owner| owner.belongs_to.is_none()).collect();
    if of_nobody.is_empty() {
        return HashMap::new();
    }
    let past = strays::past(host, registry);
    let found = of_nobody.into_iter().filter_map(|owner| {
        let (of, _) = strays::why_stray(owner.pid, owner.started, &past)?;
        Some((owner.pid, of))
    });
    found.collect()
}

/// Why holders of these ports would not be ended, by pid.
fn refusals(busy: &[&Busy]) -> HashMap<u32, KillRefusal> {
    if busy.is_empty() {
        return HashMap::new();
    }
    let ourselves = kill::ourselves();
    let all = busy.iter().flat_map(|busy| holders::merged(&busy.listeners));
    let found = all.filter_map(|holder| Some((holder.pid?, kill::refusal(&holder, &ourselves, false)?)));
    found.collect()
}
