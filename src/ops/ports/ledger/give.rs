//! Gives a worktree that is there ports for services: those it has already, a chosen one, or the next free ones.

use std::collections::HashSet;
use std::path::Path;

use super::change::{RecordChange, follow_or_take_back, require_active};
use super::draw::{Asking, Drawn, RefusedPorts, draw, refuse};
use super::pin::pin;
use super::search::with_room;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::port::selection::{ChosenPort, Selection};
use crate::model::port::wish::ServiceWish;
use crate::model::registry::allocation::Allocation;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::choose::{self, Passing};
use crate::ops::claims;
use crate::ops::env_files::WrittenEnv;
use crate::ops::{host_ports, sharing};

/// The services of a worktree that are to have a port.
#[derive(Clone, Copy, Debug)]
pub struct Gift<'a> {
    pub sequence: u64,
    pub services: &'a [ServiceName],
    /// A definite port for the one service.
    pub port: Option<Port>,
    pub passing: Passing,
    /// Where the worktree stands.
    pub place: &'a Path,
}

/// What the worktree was given.
#[derive(Debug)]
pub struct GivenPorts {
    pub entry: Entry,
    /// The services that had no port before.
    pub new: Vec<ServiceName>,
    /// Held ports that stood in the way.
    pub passed: Vec<Port>,
    /// The env files, where something was given.
    pub written: Option<WrittenEnv>,
}

/// Gives the ports, and has the env files follow.
///
/// # Errors
///
/// `usage`, `not_found`, `locked`, `port_excluded`, `port_denied`, `port_conflict` for a chosen port, and what stops the env
/// files; nothing was changed then.
pub fn give(
    context: &Context,
    repository: &Repository,
    gift: Gift<'_>,
) -> Result<Result<GivenPorts, RefusedPorts>> {
    let attempt = || record(context, gift);
    let is_wanting =
        |outcome: &Result<Recorded, RefusedPorts>| outcome.as_ref().is_err_and(RefusedPorts::is_wanting);
    let (change, new, passed) = match with_room(context, attempt, is_wanting)? {
        Ok(recorded) => recorded,
        Err(refused) => return Ok(Err(refused)),
    };
    let undone = Event::new("port_allocation_undone").of(&change.after.repository, &change.after.name);
    let written = if new.is_empty() {
        None
    } else {
        follow_or_take_back(context, repository, &change, Some(gift.place), Some(&undone))?
    };
    let entry = Entry { path: gift.place.to_path_buf(), ..change.after };
    Ok(Ok(GivenPorts { entry, new, passed, written }))
}

type Recorded = (RecordChange, Vec<ServiceName>, Vec<Port>);

fn record(context: &Context, gift: Gift<'_>) -> Result<Result<Recorded, RefusedPorts>> {
    let now = context.now();
    host_ports::update(context, |registry| {
        let before =
            registry.entries().find(|entry| entry.sequence == gift.sequence && entry.is_living()).cloned();
        let before = before.ok_or_else(|| {
            Failure::new(Code::NotFound, "the worktree was removed meanwhile")
                .hint("`wt list` shows what is there")
        })?;
        require_active(&before)?;
        let (choices, passed) = match choose(context, registry, &before, gift, now)? {
            Ok(chosen) => chosen,
            Err(refused) => return Ok(Err(refused)),
        };
        let order = context.config.services_of(context.config.drawing_purpose(&before));
        let Some(known) = registry.find_by_sequence(gift.sequence) else {
            return Err(Failure::new(Code::Internal, "a record went away under the lock"));
        };
        let pinned = known.is_main();
        for choice in &choices {
            let given = Allocation { pinned, ..Allocation::new(choice.port, choice.service.clone(), now) };
            known.give(given, &order);
        }
        // Asked for by its number, it is to stay even where it was given by chance.
        if let (Some(port), Some(service)) = (gift.port, gift.services.first()) {
            let mut same = known.allocations.iter_mut().filter(|known| known.service == *service);
            if let Some(same) = same.find(|known| known.find_port() == Some(port)) {
                same.pinned = true;
            }
        }
        // Whoever made a worktree without an env block wanted none; an adopted one never had the choice.
        if !choices.is_empty() && known.created_by != "wt" && !known.is_main() {
            known.env = true;
        }
        claims::note(context, known)?;
        let after = known.clone();
        for choice in &choices {
            let event = Event::new("port_allocated").of(&after.repository, &after.name);
            let event = event.with("service", choice.service.as_str()).with("port", choice.port.number());
            registry.record_event(now, event);
        }
        let new = choices.into_iter().map(|choice| choice.service).collect();
        Ok(Ok((RecordChange::new(context, Some(before), after)?, new, passed)))
    })
}

/// Chooses for the services that have no port.
fn choose(
    context: &Context,
    registry: &mut Registry,
    entry: &Entry,
    gift: Gift<'_>,
    now: jiff::Timestamp,
) -> Result<Drawn> {
    let asking =
        Some(Asking { repository: &entry.repository, name: &entry.name, purpose: entry.purpose.as_ref() });
    let missing: Vec<&ServiceName> =
        gift.services.iter().filter(|service| find_port(entry, service).is_none()).collect();
    let Some(port) = gift.port else {
        let former = registry.find_former_of(entry).cloned();
        let wishes = missing
            .iter()
            .map(|service| Ok(wish(context, registry, entry, service)?.recalling(former.as_ref())))
            .collect::<Result<Vec<ServiceWish>>>()?;
        return draw(context, registry, asking, &wishes, gift.passing, now);
    };
    let Some(service) = missing.first() else {
        require_same(context, entry, gift.services, port)?;
        return Ok(Ok((Vec::new(), Vec::new())));
    };
    Ok(match pin(context, registry, entry, service, port)? {
        Some(selection) => Err(refuse(registry, asking, selection, (Vec::new(), Passing::Nothing), now)),
        None => Ok((vec![ChosenPort { service: (*service).clone(), port }], Vec::new())),
    })
}

fn find_port(entry: &Entry, service: &ServiceName) -> Option<Port> {
    entry.allocations.iter().filter(|known| known.service == *service).find_map(Allocation::find_port)
}

/// A service that has another port keeps it until somebody gives it up.
fn require_same(context: &Context, entry: &Entry, services: &[ServiceName], port: Port) -> Result<()> {
    let found = services.first().and_then(|service| Some((service, find_port(entry, service)?)));
    let Some((service, had)) = found.filter(|(_, had)| *had != port) else { return Ok(()) };
    let message = format!("`{service}` of `{}` has port {had} already", entry.name);
    let failure = Failure::new(Code::PortConflict, message);
    if context.config.is_shared(service) {
        return Err(failure.hint(sharing::another_port(service, Some(port))));
    }
    Err(failure.hint(format!(
        "`{release}` gives it up first",
        release = wt("ports release {} --worktree {}", &[&had, &entry.name])
    )))
}

fn wish(context: &Context, registry: &Registry, entry: &Entry, service: &ServiceName) -> Result<ServiceWish> {
    let wish = ServiceWish::of(&context.config, context.config.drawing_purpose(entry), service);
    if wish.ranges.is_empty() {
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
        let port = match free_port(context, registry, service)? {
            Some(port) => {
                let words: [&dyn std::fmt::Display; 3] = [&entry.name, service, &port];
                let allocate = wt("ports allocate --worktree {} --service {} --port {}", &words);
                format!("`{allocate}` gives it a port that is free now;\nor ")
            }
            None => String::new(),
        };
        return Err(Failure::new(Code::Usage, message).hint(format!(
            "{purpose}{port}give the service a range of its own in .wt.toml:\n[service.{service}]\nports = \"5700-5799\""
        )));
    }
    Ok(wish)
}

/// A port that is free now, of the first purpose that has any: an example that goes through.
fn free_port(context: &Context, registry: &Registry, service: &ServiceName) -> Result<Option<Port>> {
    let mut purposes = context.config.purposes.iter().map(|(_, settings)| &settings.ports);
    let Some(ranges) = purposes.find(|ranges| !ranges.is_empty()) else { return Ok(None) };
    let wishes = [ServiceWish::new(service.clone(), ranges.clone(), false)];
    let (selection, _) =
        choose::choose_passing(context, registry, &wishes, &HashSet::new(), Passing::Refused)?;
    Ok(match selection {
        Selection::Chosen(choices) => choices.first().map(|choice| choice.port),
        _ => None,
    })
}
