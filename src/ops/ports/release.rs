//! Gives ports up, and has the env block follow; where it cannot, the record is as it was.

use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::net::listeners::listeners;
use crate::host::place;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::port::selection::owned_ports;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::variables;
use crate::ops::env_files::follow;
use crate::ops::find;

/// What is given up: these ports, or all of the worktree, or all of the repository.
#[derive(Clone, Debug)]
pub struct Request {
    pub ports: Vec<Port>,
    pub worktree: Option<String>,
}

/// What was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub released: Vec<Released>,
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One port that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    let only = match &request.worktree {
        Some(wanted) => {
            let found = find::named(context, &registry, wanted)?;
            let entry = found.entry.ok_or_else(|| {
                Failure::new(
                    Code::NotFound,
                    format!("worktree `{}` is not recorded and has no ports", found.name),
                )
                .hint("`wt ports list` shows who has ports")
            })?;
            Some(entry.sequence)
        }
        None => None,
    };
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
                return Err(not_here(&registry, *port, request.worktree.as_deref()));
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
    entries.iter().try_for_each(|entry| require_active(entry))?;
    let held: Vec<Port> = listeners()?.into_iter().filter(|one| one.listening).map(|one| one.port).collect();
    let mut report = Report { released: Vec::new(), warnings: Vec::new() };
    let mut sequences: Vec<(u64, String)> =
        entries.iter().map(|entry| (entry.sequence, entry.name.clone())).collect();
    sequences.sort();
    for (sequence, name) in sequences {
        let gone = release_of(context, sequence, &request.ports, &mut report.warnings)?;
        report.released.extend(gone.into_iter().filter_map(|allocation| {
            let port = allocation.find_port()?;
            let listening = held.contains(&port);
            Some(Released { port, service: allocation.service, worktree: name.clone(), listening })
        }));
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
fn not_here(registry: &Registry, port: Port, wanted: Option<&str>) -> Failure {
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
        Some(owner) if place::is_gone(&owner.path) && !is_reachable(owner) => failure.hint(format!(
            "its folder and its repository are gone: `{prune}` gives its ports up",
            prune = wt("prune {}", &[&owner.path.display()])
        )),
        Some(owner) => failure.hint(format!(
            "`{release}` gives it up",
            release = wt("ports release {}", &[&port]).at(owner.repository.display())
        )),
        None => failure.hint("`wt ports list` shows who has which"),
    }
}

fn is_reachable(entry: &Entry) -> bool {
    let found = Repository::discover(&entry.repository);
    found.is_ok_and(|found| found.find_id().as_ref() == Some(&entry.repository_id))
}

fn require_active(entry: &Entry) -> Result<()> {
    if entry.state == EntryState::Active {
        return Ok(());
    }
    let message = format!("`{}` is {} just now", entry.name, entry.state.as_str());
    Err(Failure::new(Code::Locked, message).hint("try again when that is done"))
}

fn release_of(
    context: &Context,
    sequence: u64,
    ports: &[Port],
    warnings: &mut Vec<String>,
) -> Result<Vec<Allocation>> {
    let now = context.now();
    let changed = context.store()?.update(|registry| {
        let Some(entry) = registry.find_by_sequence(sequence).filter(|entry| entry.is_living()) else {
            return Ok(None);
        };
        require_active(entry)?;
        let is_gone = |known: &Allocation| {
            known.find_port().is_some_and(|port| ports.is_empty() || ports.contains(&port))
        };
        let before = port_bearer(context, entry);
        let gone: Vec<Allocation> =
            entry.allocations.iter().filter(|known| is_gone(known)).cloned().collect();
        entry.allocations.retain(|known| !is_gone(known));
        let after = entry.clone();
        let numbers: Vec<u16> = gone.iter().filter_map(Allocation::find_port).map(Port::number).collect();
        let ports: Vec<Port> = gone.iter().filter_map(Allocation::find_port).collect();
        registry.forget_former(&after, &ports);
        let event = Event::new("ports_released").of(&after.repository, &after.name).with("ports", numbers);
        registry.record_event(now, event);
        Ok(Some((after, gone, before)))
    })?;
    let Some((mut after, gone, before)) = changed else { return Ok(Vec::new()) };
    let row = find::named(context, &*context.store()?.read()?, &after.name);
    if let Ok(row) = row {
        after.path = row.path;
    }
    if !after.env || !after.path.is_dir() {
        return Ok(gone);
    }
    match follow(context, context.require_repository()?, &after) {
        Ok(written) => {
            warnings.extend(written.warnings);
            let now = port_bearer(context, &after);
            warnings.extend(before.and_then(|(before, _)| moved_port(&before, now.as_ref())));
        }
        Err(failure) => {
            // The block still tells a server the port: the record says so again.
            context.store()?.update(|registry| {
                // Whoever was given one of them meanwhile has it now.
                let given = owned_ports(registry);
                let is_left =
                    |known: &Allocation| known.find_port().is_none_or(|port| !given.contains(&port));
                if let Some(entry) = registry.find_by_sequence(sequence) {
                    let order = context.config.services_of(entry.purpose.as_ref());
                    gone.into_iter().filter(is_left).for_each(|known| entry.give(known, &order));
                    let event = Event::new("ports_release_undone").of(&after.repository, &after.name);
                    registry.record_event(now, event);
                }
                Ok(())
            })?;
            return Err(failure);
        }
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
