//! Allocations by worktree with a verdict each, and how full the ranges are.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::ranges::{self, Capacity, Drawer};
use super::sight::{self, PortLook};
use crate::context::{Context, not_a_repository};
use crate::error::Result;
use crate::model::port::Port;
use crate::model::port::listener::WorktreeKey;
use crate::model::port::selection::owned_ports;
use crate::model::port::verdict::PortVerdict;
use crate::model::purpose::Purpose;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::repository_name;
use crate::model::service::ServiceName;
use crate::ops::seen_grounds::SeenGrounds;
use crate::ops::{choose, env, find};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub worktree: Option<String>,
    pub service: Option<ServiceName>,
    pub purpose: Option<Purpose>,
    pub all: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub worktrees: Vec<WorktreePorts>,
    pub ranges: Vec<Capacity>,
}

/// A worktree and its ports.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct WorktreePorts {
    pub name: String,
    pub repository: std::path::PathBuf,
    pub purpose: Option<Purpose>,
    pub ports: Vec<Allotted>,
}

/// A port that a worktree has.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Allotted {
    pub port: Port,
    pub service: ServiceName,
    pub pinned: bool,
    pub url: Option<String>,
    /// The last health result; `None` when nobody looked yet.
    pub health: Option<Value>,
    pub verdict: PortVerdict,
    pub reason: String,
}

/// Returns the list.
///
/// # Errors
///
/// `not_a_repository` outside of one unless all are asked for; `not_found` for the worktree.
pub fn list(context: &Context, request: &Request) -> Result<Report> {
    if context.repository.is_none() && !request.all {
        return Err(not_a_repository(&context.folder)
            .hint("change to a repository, name one with `-C DIR`, or see them all: `wt ports list --all`"));
    }
    let registry = context.store()?.read()?;
    let wanted = request.worktree.as_deref();
    let found = wanted.map(|wanted| find::named(context, &registry, wanted)?.require_entry("ports"));
    let only = found.transpose()?.map(|entry| entry.sequence);
    let here = if request.all { None } else { Some(context.require_repository()?.find_id()) };
    let is_wanted = |entry: &&Entry| {
        entry.is_living()
            && here.as_ref().is_none_or(|here| here.as_ref() == Some(&entry.repository_id))
            && only.is_none_or(|only| only == entry.sequence)
            && request.purpose.as_ref().is_none_or(|purpose| entry.purpose.as_ref() == Some(purpose))
    };
    let entries: Vec<&Entry> = registry.entries().filter(is_wanted).collect();
    let is_wanted_service =
        |service: &ServiceName| request.service.as_ref().is_none_or(|only| only == service);
    let mut ports: Vec<Port> = entries.iter().flat_map(|entry| entry.ports()).collect();
    ports.sort_unstable();
    ports.dedup();
    let seen = sight::see_all(context, &registry, &ports, PortLook::Sockets)?;
    let grounds = SeenGrounds::new(context, &registry);
    let worktrees = entries.iter().map(|entry| {
        // What a URL says is its own repository's to say.
        let ground = grounds.find(&entry.repository_id).unwrap_or(context);
        let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
        let ports = entry.allocations.iter().filter(|allocation| is_wanted_service(&allocation.service));
        let ports = ports.filter_map(|allocation| {
            let port = allocation.find_port()?;
            let at = seen.binary_search_by_key(&port, |(situation, _)| situation.port).ok()?;
            let (situation, ruling) = &seen[at];
            let ruling = sight::seen_from(situation, ruling, &key);
            Some(Allotted {
                port,
                service: allocation.service.clone(),
                pinned: allocation.pinned,
                url: env::url(
                    ground,
                    &repository_name::of_unopened(&entry.repository),
                    entry,
                    &allocation.service,
                    port,
                ),
                health: allocation.health.clone(),
                verdict: ruling.verdict,
                reason: ruling.reason,
            })
        });
        WorktreePorts {
            name: entry.name.clone(),
            repository: entry.repository.clone(),
            purpose: entry.purpose.clone(),
            ports: ports.collect(),
        }
    });
    let worktrees = worktrees.filter(|worktree| !worktree.ports.is_empty()).collect();
    let exclusions = choose::exclusions(context, &registry);
    let owned = owned_ports(&registry);
    let is_wanted_range = |drawer: &Drawer| match drawer {
        Drawer::Purpose(purpose) => {
            // A service without a range of its own draws from the purposes'.
            request.service.as_ref().is_none_or(|service| !has_own_range(context, service))
                && request.purpose.as_ref().is_none_or(|only| only == purpose)
        }
        Drawer::Service(service) => request.purpose.is_none() && is_wanted_service(service),
    };
    let ranges = ranges::all(context).into_iter().filter(|(drawer, _)| is_wanted_range(drawer));
    let ranges =
        ranges.map(|(drawer, range)| ranges::capacity(context, &exclusions, &owned, drawer, range)).collect();
    Ok(Report { worktrees, ranges })
}

/// Returns the name of each range, how many ports it can give, and how many of them are given. The range of a service is
/// called `service/NAME`; several ranges of one drawer count as one.
#[must_use]
pub fn capacities(context: &Context, registry: &Registry) -> Vec<(String, usize, usize)> {
    let exclusions = choose::exclusions(context, registry);
    let owned = owned_ports(registry);
    let mut found: Vec<(String, usize, usize)> = Vec::new();
    for (drawer, range) in ranges::all(context) {
        let prefix = if drawer.is_service() { "service/" } else { "" };
        let name = format!("{prefix}{}", drawer.name());
        let Capacity { used, free, .. } = ranges::capacity(context, &exclusions, &owned, drawer, range);
        match found.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, of, given)) => {
                *of += used + free;
                *given += used;
            }
            None => found.push((name, used + free, used)),
        }
    }
    found
}

fn has_own_range(context: &Context, service: &ServiceName) -> bool {
    context.config.services.get(service).is_some_and(|settings| settings.ports.is_some())
}
