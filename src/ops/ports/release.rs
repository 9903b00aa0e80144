//! `wt ports release`: which ports are given up, and the words for it.

use schemars::JsonSchema;
use serde::Serialize;

use super::ledger::{self, GivenUp, GivingUp, Remembrance};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::listeners::listeners;
use crate::host::place;
use crate::model::advised::wt;
use crate::model::port::Port;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::variables;
use crate::ops::{find, main_worktree, origin, sharing};

/// What is given up: these ports, or all of the worktree, or all of the repository.
#[derive(Clone, Debug)]
pub struct Request {
    pub ports: Vec<Port>,
    pub worktree: Option<String>,
}

/// What was given up.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub released: Vec<Released>,
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One port that was given up.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Released {
    pub port: Port,
    pub service: ServiceName,
    pub worktree: String,
    /// Whether a server still listens on it.
    pub listening: bool,
}

/// Releases.
///
/// # Errors
///
/// `not_found`, `ambiguous` for a port that two worktrees have, `locked`, and what stops an env block.
pub fn release(context: &Context, request: &Request) -> Result<Report> {
    let repository = context.require_repository()?;
    let id = repository.require_id()?;
    let registry = context.store()?.read()?;
    let wanted = request.worktree.as_deref();
    let found = wanted.map(|wanted| find::named(context, &registry, wanted)?.require_entry("ports"));
    let only = found.transpose()?.map(|entry| entry.sequence);
    let living = registry.living(&id).filter(|entry| only.is_none_or(|only| only == entry.sequence));
    let has =
        |entry: &&Entry| entry.ports().any(|port| request.ports.is_empty() || request.ports.contains(&port));
    let entries: Vec<&Entry> = living.filter(has).collect();
    for port in &request.ports {
        let names: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.ports().any(|known| known == *port))
            .map(|entry| entry.name.as_str())
            .collect();
        match names[..] {
            [] => {
                return Err(not_here(context, &registry, *port, request.worktree.as_deref()));
            }
            [_] => {}
            _ => {
                return Err(Failure::new(
                    Code::Ambiguous,
                    format!("{} all have port {port}", names.join(" and ")),
                )
                .hint(format!(
                    "say whose claim ends: `{release}`",
                    release = wt("ports release {} --worktree {}", &[&port, &names[0]])
                )));
            }
        }
    }
    entries.iter().try_for_each(|entry| ledger::require_active(entry))?;
    entries.iter().try_for_each(|entry| require_unshared(context, entry, &request.ports))?;
    let held: Vec<Port> = listeners()?.into_iter().filter(|one| one.listening).map(|one| one.port).collect();
    let mut report = Report { released: Vec::new(), warnings: Vec::new() };
    let mut entries = entries;
    entries.sort_by_key(|entry| entry.sequence);
    let is_of_main = entries.iter().any(|entry| entry.is_main());
    for entry in entries {
        let gone = release_of(context, entry, &request.ports, &mut report.warnings)?;
        report.released.extend(gone.into_iter().filter_map(|allocation| {
            let port = allocation.find_port()?;
            let listening = held.contains(&port);
            Some(Released { port, service: allocation.service, worktree: entry.name.clone(), listening })
        }));
    }
    if is_of_main {
        report.warnings.extend(main_worktree::leave_without_ports(context)?);
    }
    Ok(report)
}

/// Returns what a release of everything here would give up, in words.
///
/// # Errors
///
/// `not_a_repository`; fails when the registry cannot be read.
pub fn all_in_words(context: &Context) -> Result<Vec<String>> {
    let Some(id) = context.require_repository()?.find_id() else { return Ok(Vec::new()) };
    let registry = context.store()?.read()?;
    let words = registry.living(&id).flat_map(|entry| {
        entry.allocations.iter().filter_map(|allocation| {
            Some(format!("{} ({} of {})", allocation.find_port()?, allocation.service, entry.name))
        })
    });
    Ok(words.collect())
}

/// Nobody here has the port, or not the one who was named: says who does.
fn not_here(context: &Context, registry: &Registry, port: Port, wanted: Option<&str>) -> Failure {
    let owner = registry.find_owner(port);
    let message = match (wanted, owner) {
        (Some(wanted), Some(owner)) => {
            format!(
                "`{wanted}` does not have port {port}: `{}` of {} does",
                owner.name,
                owner.repository.display()
            )
        }
        (Some(wanted), None) => format!("`{wanted}` does not have port {port}: nobody does"),
        (None, Some(owner)) => {
            format!(
                "port {port} is that of `{}` of another repository, {}",
                owner.name,
                owner.repository.display()
            )
        }
        (None, None) => format!("no worktree has port {port}"),
    };
    let failure = Failure::new(Code::NotFound, message);
    match owner {
        Some(owner) if place::is_gone(&owner.path) && origin::find_repository(context, owner).is_none() => {
            failure.hint(format!(
                "its folder and its repository are gone: `{prune}` gives its ports up",
                prune = wt("prune {}", &[&owner.path.display()])
            ))
        }
        Some(owner) => failure.hint(format!(
            "`{release}` gives it up",
            release = wt("ports release {}", &[&port]).at(owner.repository.display())
        )),
        None => failure.hint("`wt ports list` shows who has which"),
    }
}

/// A port that serves all worktrees stands in the env block of each, and is given back by the next command.
fn require_unshared(context: &Context, entry: &Entry, ports: &[Port]) -> Result<()> {
    let is_shared = |known: &&Allocation| {
        entry.is_main()
            && context.config.is_shared(&known.service)
            && known.find_port().is_some_and(|port| ports.contains(&port))
    };
    let Some(known) = entry.allocations.iter().find(is_shared) else { return Ok(()) };
    let service = &known.service;
    let message = format!("`{service}` serves all worktrees, and each has this port in its env block");
    Err(Failure::new(Code::PortDenied, message)
        .hint(sharing::another_port(service, None))
        .detail("service", service.as_str()))
}

fn release_of(
    context: &Context,
    entry: &Entry,
    ports: &[Port],
    warnings: &mut Vec<String>,
) -> Result<Vec<Allocation>> {
    // What serves all worktrees is never given up with the rest.
    let stays = |known: &Allocation| entry.is_main() && context.config.is_shared(&known.service);
    let is_gone = |known: &Allocation| {
        known.find_port().is_some_and(|port| (ports.is_empty() && !stays(known)) || ports.contains(&port))
    };
    if ports.is_empty() {
        let left = entry.allocations.iter().filter(|known| stays(known));
        let told = left.filter_map(|known| Some((known.find_port()?, &known.service)));
        warnings.extend(
            told.map(|(port, service)| format!("`{service}` keeps port {port}: it serves all worktrees")),
        );
    }
    let giving = GivingUp {
        sequence: entry.sequence,
        is_it: &is_gone,
        is_due: &|_| Ok(true),
        remembrance: Remembrance::Forgotten,
        events: ("ports_released", "ports_release_undone"),
        place: None,
    };
    let given_up = ledger::give_up(context, context.require_repository()?, &giving)?;
    let Some(GivenUp { change, gone, written }) = given_up else { return Ok(Vec::new()) };
    if let Some(written) = written {
        warnings.extend(written.warnings);
        let bearer = |entry: &Entry| port_bearer(context, entry);
        let before = change.before.as_ref().and_then(bearer);
        let now = bearer(&change.after);
        warnings.extend(before.and_then(|(before, _)| moved_port(&before, now.as_ref())));
    }
    Ok(gone)
}

/// Returns the service whose port is `PORT` too.
fn port_bearer(context: &Context, entry: &Entry) -> Option<(ServiceName, Port)> {
    let ports = entry.services();
    let services: Vec<&ServiceName> = ports.iter().map(|(service, _)| service).collect();
    let purpose = entry.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    let bearer = variables::bears_port(&context.config, &purpose, &services)?.clone();
    ports.into_iter().find(|(service, _)| *service == bearer)
}

/// Says where `PORT` is another service's now, or nobody's.
fn moved_port(before: &ServiceName, after: Option<&(ServiceName, Port)>) -> Option<String> {
    match after {
        Some((service, _)) if service == before => None,
        Some((service, port)) => {
            Some(format!("PORT in .env is now {port}, of `{service}`: `{before}` has no port"))
        }
        None => Some(format!("PORT is no longer in .env: `{before}` has no port")),
    }
}
