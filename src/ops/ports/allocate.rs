//! Gives a worktree that is there a port for a service: the one it has already, a chosen one, or the next free one.
//! The env block follows; where it cannot, the record is as it was.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::{former, kill, passing};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::probe;
use crate::model::advised::wt;
use crate::model::config::settings::ConflictPolicy;
use crate::model::event::Event;
use crate::model::port::listener::{Probe, WorktreeKey};
use crate::model::port::selection::{self, Selection, Wish, owned_ports};
use crate::model::port::{Port, PortRange, PortRanges};
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::create::{WayOut, refused_after};
use crate::ops::env_files::follow;
use crate::ops::vanished::room;
use crate::ops::{choose, env};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The one we stand in when nobody is named.
    pub worktree: Option<String>,
    pub services: Vec<ServiceName>,
    /// A definite port for the one service.
    pub port: Option<Port>,
    /// To take the next free port instead of a busy one, whatever the configuration says of conflicts.
    pub gives_way: bool,
    /// What a refusal over a busy port recommends.
    pub way_out: WayOut,
}

/// What the worktree has now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub worktree: String,
    pub ports: Vec<Given>,
    /// The env block that was written.
    pub env: Option<PathBuf>,
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Busy ports that were passed over (`--on-conflict retry`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Port>,
    /// Who held these, in words.
    #[serde(skip)]
    pub said: Vec<String>,
}

/// One service's port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Given {
    pub port: Port,
    pub service: ServiceName,
    pub url: Option<String>,
    pub pinned: bool,
    /// The last health result; `None` when nobody looked yet.
    pub health: Option<Value>,
    /// False for what it had before.
    pub new: bool,
}

enum Attempt {
    Done { entry: Box<Entry>, given: Vec<Given>, had_env: bool, passed: Vec<Port> },
    Refused { selection: Selection, seen: Box<Registry> },
}

/// Allocates.
///
/// # Errors
///
/// `usage`, `not_found`, `port_conflict`, `port_excluded`, `port_denied`, `range_exhausted`, and what stops the env
/// block; nothing was changed then.
pub fn allocate(context: &Context, request: &Request) -> Result<Report> {
    if request.port.is_some() && request.services.len() != 1 {
        return Err(
            Failure::new(Code::Usage, "one port is for one service").hint("name one service with `--port`")
        );
    }
    let mut known = env::require_entry(context, request.worktree.as_deref())?;
    let path = std::mem::take(&mut known.path);
    let settings = &context.config.conflict;
    let retries = request.port.is_none() && (request.gives_way || settings.policy == ConflictPolicy::Retry);
    let mut held: Vec<Port> = Vec::new();
    if let Some(port) = request.port {
        room::make_for(context, port)?;
    }
    let mut is_room_made = false;
    let (mut entry, given, had_env, passed_over) = loop {
        match attempt(context, known.sequence, request, &held, retries)? {
            Attempt::Done { entry, given, had_env, passed } => break (*entry, given, had_env, passed),
            // All that were met are passed over: nobody waits for what a stranger holds.
            Attempt::Refused { selection, .. } if retries && !selection.newly_held(&held).is_empty() => {
                held.extend(selection.newly_held(&held));
            }
            Attempt::Refused { selection, .. } if !is_room_made && room::make(context, &selection)? => {
                is_room_made = true;
            }
            Attempt::Refused { selection, seen } => {
                return Err(refused(context, &known, request, &selection, &seen, &held)?);
            }
        }
    };
    entry.path = path;
    let repository = context.require_repository()?;
    let given = given.into_iter().map(|given| {
        let url = env::url(&context.config, &repository.name(), &entry, &given.service, given.port);
        Given { url, ..given }
    });
    let given: Vec<Given> = given.collect();
    let chosen: Vec<Port> = given.iter().filter(|given| given.new).map(|given| given.port).collect();
    let said = passing::said(context, &passed_over, &chosen)?;
    let worktree = entry.name.clone();
    let mut report = Report { worktree, ports: given, env: None, warnings: Vec::new(), passed_over, said };
    let is_news = report.ports.iter().any(|given| given.new);
    if is_news && !entry.env {
        let message = format!("`{}` was made without an env block, so nothing names the port", entry.name);
        report.warnings.push(message);
    }
    if entry.env && is_news {
        match follow(context, repository, &entry) {
            Ok(written) => {
                report.env = Some(written.path);
                report.warnings = written.warnings;
            }
            Err(failure) => {
                take_back(context, entry.sequence, &report.ports, had_env)?;
                env::forget_exclude(context, repository, &entry.repository_id)?;
                return Err(failure);
            }
        }
    }
    Ok(report)
}

fn attempt(
    context: &Context,
    sequence: u64,
    request: &Request,
    held: &[Port],
    retries: bool,
) -> Result<Attempt> {
    let skip: HashSet<Port> = held.iter().copied().collect();
    let now = context.now();
    context.store()?.update(|registry| {
        let entry = registry.entries().find(|entry| entry.sequence == sequence && entry.is_living()).cloned();
        let entry = entry.ok_or_else(|| {
            Failure::new(Code::NotFound, "the worktree was removed meanwhile")
                .hint("`wt list` shows what is there")
        })?;
        if entry.state != EntryState::Active {
            let message = format!("`{}` is {} just now", entry.name, entry.state.as_str());
            return Err(Failure::new(Code::Locked, message).hint("try again when that is done"));
        }
        let (before, had_env) = (entry.allocations.clone(), entry.env);
        let find = |service: &ServiceName| {
            let known = before.iter().find(|known| known.service == *service && known.find_port().is_some());
            known.and_then(|known| Some((known.find_port()?, known.pinned)))
        };
        let missing: Vec<&ServiceName> =
            request.services.iter().filter(|service| find(service).is_none()).collect();
        let mut chosen: Vec<(ServiceName, Port, bool)> = Vec::new();
        let mut passed: Vec<Port> = Vec::new();
        match (request.port, missing.first()) {
            (Some(port), Some(service)) => {
                if let Some(selection) = pin(context, registry, &entry, service, port)? {
                    passing::note_refused(registry, &entry, &selection, held, retries, now);
                    return Ok(Attempt::Refused { selection, seen: Box::new(registry.clone()) });
                }
                chosen.push(((*service).clone(), port, true));
            }
            (Some(port), None) => require_same(&entry, &request.services, port, &find)?,
            (None, _) => {
                let wishes = missing.iter().map(|service| {
                    let former = former::port(registry, &entry, service);
                    wish(context, &entry, service).map(|wish| Wish { former, ..wish })
                });
                let wishes = wishes.collect::<Result<Vec<Wish>>>()?;
                match choose::choose(context, registry, &wishes, &skip)? {
                    Selection::Chosen(choices) => {
                        passed = selection::passed_over(&wishes, &choices, held);
                        if let (false, Some(wish)) = (passed.is_empty(), wishes.first()) {
                            passing::note_conflict(registry, &entry, &wish.service, &passed, now);
                        }
                        chosen.extend(choices.into_iter().map(|choice| (choice.service, choice.port, false)));
                    }
                    selection => {
                        passing::note_refused(registry, &entry, &selection, held, retries, now);
                        return Ok(Attempt::Refused { selection, seen: Box::new(registry.clone()) });
                    }
                }
            }
        }
        let given = request.services.iter().filter_map(|service| {
            let new = chosen.iter().find(|(known, ..)| known == service);
            let (port, pinned) = new.map(|(_, port, pinned)| (*port, *pinned)).or_else(|| find(service))?;
            let pinned = pinned || request.port == Some(port);
            let same =
                before.iter().find(|known| known.service == *service && known.find_port() == Some(port));
            let health = same.and_then(|known| known.health.clone());
            Some(Given { port, service: service.clone(), url: None, pinned, health, new: new.is_some() })
        });
        let given: Vec<Given> = given.collect();
        let events: Vec<Event> = chosen
            .iter()
            .map(|(service, port, _)| {
                Event::new("port_allocated")
                    .of(&entry.repository, &entry.name)
                    .with("service", service.as_str())
                    .with("port", port.number())
            })
            .collect();
        let order = context.config.services_of(entry.purpose.as_ref());
        if let Some(known) = registry.find_by_sequence(sequence) {
            for (service, port, pinned) in chosen {
                known.give(Allocation { pinned, ..Allocation::new(port, service, now) }, &order);
            }
            // Asked for by its number, it is to stay even where it was given by chance.
            if let (Some(port), Some(service)) = (request.port, request.services.first()) {
                let mut same = known.allocations.iter_mut().filter(|known| known.service == *service);
                if let Some(same) = same.find(|known| known.find_port() == Some(port)) {
                    same.pinned = true;
                }
            }
            // Whoever made a worktree without an env block wanted none; an adopted one never had the choice.
            if !events.is_empty() && known.created_by != "wt" {
                known.env = true;
            }
        }
        for event in events {
            registry.record_event(now, event);
        }
        let entry = registry.find_by_sequence(sequence).map_or(entry, |known| known.clone());
        Ok(Attempt::Done { entry: Box::new(entry), given, had_env, passed })
    })
}

fn require_same(
    entry: &Entry,
    services: &[ServiceName],
    port: Port,
    find: &dyn Fn(&ServiceName) -> Option<(Port, bool)>,
) -> Result<()> {
    let Some((service, (had, _))) = services.first().and_then(|service| Some((service, find(service)?)))
    else {
        return Ok(());
    };
    if had == port {
        return Ok(());
    }
    let message = format!("`{service}` of `{}` has port {had} already", entry.name);
    Err(Failure::new(Code::PortConflict, message).hint(format!(
        "`{release}` gives it up first",
        release = wt("ports release {} --worktree {}", &[&had, &entry.name])
    )))
}

/// Returns why that port cannot be had; a server of the worktree itself is no reason.
fn pin(
    context: &Context,
    registry: &Registry,
    entry: &Entry,
    service: &ServiceName,
    port: Port,
) -> Result<Option<Selection>> {
    let own = context.config.services.get(service).and_then(|settings| settings.ports.as_ref());
    let is_own = own.is_some_and(|ranges| ranges.contains(port));
    let exclusions = choose::exclusions(context, registry);
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
    match probe::prober()(port)? {
        Probe::Free => Ok(None),
        Probe::Denied => {
            let message = format!("the system does not let us bind port {port}");
            Err(Failure::new(Code::PortDenied, message).hint("choose a port above 1023"))
        }
        Probe::Busy => {
            let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
            let is_free_for_it = choose::is_held_by_own(registry, &key, port)?;
            let ranges = PortRanges(range_around(context, entry, service, port).into_iter().collect());
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
fn range_around(context: &Context, entry: &Entry, service: &ServiceName, port: Port) -> Option<PortRange> {
    let ranges = ranges(context, entry, service).0.into_iter();
    ranges.into_iter().find(|range| range.contains(port)).or_else(|| PortRange::new(port, port))
}

/// In the words of a create; a port that was named has no other that could be tried.
fn refused(
    context: &Context,
    entry: &Entry,
    request: &Request,
    selection: &Selection,
    seen: &Registry,
    held: &[Port],
) -> Result<Failure> {
    let most = context.config.conflict.max_retries;
    let failure = refused_after(entry.purpose.as_ref(), selection, seen, held, most, request.way_out)?;
    Ok(match request.port {
        Some(port) if matches!(selection, Selection::Busy { .. }) => {
            let is_endable = !kill::endable(seen, &[port])?.is_empty();
            let kill = if is_endable {
                format!(", `{kill}` ends that", kill = wt("ports kill {}", &[&port]))
            } else {
                String::new()
            };
            failure.hint(format!(
                "`{owner}` shows who holds it{kill};\nwithout `--port` another port is chosen",
                owner = wt("ports owner {}", &[&port])
            ))
        }
        _ => failure,
    })
}

fn wish(context: &Context, entry: &Entry, service: &ServiceName) -> Result<Wish> {
    let own_range = context.config.services.get(service).is_some_and(|settings| settings.ports.is_some());
    let ranges = ranges(context, entry, service);
    if ranges.is_empty() {
        let what =
            entry.purpose.as_ref().map_or("no purpose".to_owned(), |purpose| format!("purpose {purpose}"));
        let message = format!("`{}` has {what}, so there is no range for `{service}`", entry.name);
        let purpose = match entry.purpose {
            None => format!(
                "`{adopt}` gives it that purpose;\nor ",
                adopt = wt("adopt {} --purpose feature", &[&entry.name])
            ),
            Some(_) => String::new(),
        };
        return Err(Failure::new(Code::Usage, message).hint(format!(
            "{purpose}name a port (`--port N`), or give the service a range: `ports` under [service.{service}]"
        )));
    }
    Ok(Wish { service: service.clone(), ranges, own_range, former: None, pinned: None })
}

fn ranges(context: &Context, entry: &Entry, service: &ServiceName) -> PortRanges {
    let own = context.config.services.get(service).and_then(|settings| settings.ports.clone());
    let of_purpose = || entry.purpose.as_ref().map(|purpose| context.config.ranges_for(purpose, service));
    own.or_else(of_purpose).unwrap_or_default()
}

fn take_back(context: &Context, sequence: u64, given: &[Given], had_env: bool) -> Result<()> {
    let is_new = |known: &Allocation| {
        given
            .iter()
            .any(|given| given.new && known.service == given.service && known.find_port() == Some(given.port))
    };
    let now = context.now();
    context.store()?.update(|registry| {
        let Some(entry) = registry.find_by_sequence(sequence) else { return Ok(()) };
        entry.allocations.retain(|known| !is_new(known));
        entry.env = had_env;
        let event = Event::new("port_allocation_undone").of(entry.repository.clone(), &entry.name.clone());
        registry.record_event(now, event);
        Ok(())
    })
}
