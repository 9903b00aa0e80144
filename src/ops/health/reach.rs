//! Whether the services of one worktree answer, and are its own: at once, or within a time.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use super::gather::{AskedService, Gathered, Request, gather};
use super::report::{ServiceHealth, view};
use super::{look, record};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::health::judgement::Judgement;
use crate::model::health::recorded::FRESH;
use crate::model::health::state::Health;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::state::spoken;
use crate::model::variables;
use crate::ops::env;
use crate::ops::services::{run, standing};
use crate::ops::sharing::Sharing;

/// How long after a look the next one begins.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a service is reached.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Address {
    pub url: String,
    pub service: ServiceName,
    pub port: Port,
    /// Whether this worktree's own process answers there, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<bool>,
}

/// The services that were waited for.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub worktree: String,
    pub services: Vec<ServiceHealth>,
}

/// Returns the URL of a service, of the one that `PORT` names without a name; with `is_asked` only where this worktree's
/// own process answers there.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded and a service without a port or a URL; `port_conflict` where somebody else
/// has the port, `service_failed` where nobody answers.
pub fn address(context: &Context, service: Option<&ServiceName>, is_asked: bool) -> Result<Address> {
    let entry = env::require_entry(context, None)?;
    let facts = env::facts_of(context, context.require_repository()?, &entry);
    let found = match service {
        Some(service) => facts.ports.iter().find(|(known, _)| known == service),
        None => variables::bearer(&context.config, &facts),
    };
    let (service, port) = found.cloned().ok_or_else(|| portless(context, &entry, service))?;
    let of_main = standing::of_shared(context, &entry, std::slice::from_ref(&service));
    // What serves all worktrees has one name: the main worktree's.
    let named = of_main.as_ref().map_or(&entry, |(main, _)| main);
    let url = env::url(context, &facts.repo_name, named, &service, port).ok_or_else(|| {
        let message = format!("`{service}` of `{}` has no URL: it speaks no HTTP", entry.name);
        Failure::new(Code::NotFound, message).hint(format!("its port is {port}"))
    })?;
    if is_asked {
        let services = std::slice::from_ref(&service);
        let begun = context.host.clock.instant();
        match &of_main {
            Some((main, there)) => reach(there, main, services, (None, begun))?,
            None => reach(context, &entry, services, (None, begun))?,
        };
    }
    Ok(Address { url, service, port, answers: is_asked.then_some(true) })
}

/// Waits until the services, all that have a port where none is named, are healthy and the worktree's own.
///
/// # Errors
///
/// `not_found` for a worktree that is not recorded, and where there is nothing to wait for; `port_conflict` where somebody
/// else has a port; `service_failed` where one is not healthy within `timeout`, `details.services` as `health` has them.
pub fn wait(context: &Context, services: &[ServiceName], timeout: Duration) -> Result<Report> {
    let entry = env::require_entry(context, None)?;
    let sharing = Sharing::of(context, &entry);
    let (mut of_all, own) = sharing.part(services);
    let has_own = entry.services().iter().any(|(service, _)| !sharing.is_elsewhere(service));
    if services.is_empty() && !has_own {
        of_all.extend(sharing.ports()?.into_iter().map(|(service, _)| service));
    }
    // All together have the time that was asked for.
    let patience = (Some(timeout), context.host.clock.instant());
    let mut healthy = match standing::of_shared(context, &entry, &of_all) {
        Some((main, there)) => reach(&there, &main, &of_all, patience)?,
        None => Vec::new(),
    };
    if of_all.is_empty() || !own.is_empty() {
        healthy.extend(reach(context, &entry, &own, patience)?);
    }
    Ok(Report { worktree: entry.name, services: healthy })
}

/// Looks once, with a timeout again and again until that much has passed since the moment beside it, and returns the services
/// once all are healthy.
fn reach(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
    (timeout, begun): (Option<Duration>, Instant),
) -> Result<Vec<ServiceHealth>> {
    let clock = context.host.clock;
    let mut held_before: Vec<(Port, Option<u32>)> = Vec::new();
    loop {
        let gathered = meant(context, entry, services)?;
        let seen = look::judge_all(context, &gathered)?;
        let at = context.now();
        let mut views: Vec<ServiceHealth> =
            gathered.subjects.iter().zip(&seen).map(|(subject, seen)| view(subject, seen, at)).collect();
        // One that sleeps is where it should be, and answers nobody: who names it, or names none where all sleep, waits for it.
        let is_awake = |seen: &Judgement| !seen.is_asleep;
        let is_well = if services.is_empty() && seen.iter().any(is_awake) {
            seen.iter().all(|seen| seen.health == Health::Healthy)
        } else {
            seen.iter().all(|seen| seen.health == Health::Healthy && is_awake(seen))
        };
        // A server that is just about to start may be out of sight for a moment: only who is seen twice is believed.
        let held = gathered.subjects.iter().zip(&seen).filter(|(_, seen)| seen.by_others);
        let held: Vec<(Port, Option<u32>)> = held.map(|(subject, seen)| (subject.port, seen.pid)).collect();
        let is_held = held.iter().any(|one| held_before.contains(one));
        let left = timeout.unwrap_or_default().saturating_sub(clock.since(begun));
        let is_second = !held_before.is_empty();
        let is_over = is_held || (left.is_zero() && (held.is_empty() || is_second));
        if is_well || is_over {
            let pairs: Vec<(&AskedService, &Judgement)> = gathered.subjects.iter().zip(&seen).collect();
            // It is of use to later readers alone.
            let _ = record::record(context, &gathered.registry, &pairs, at, FRESH);
        }
        if is_well {
            let mut awake = seen.iter().map(is_awake);
            views.retain(|_| awake.next().unwrap_or(true));
            return Ok(views);
        }
        if is_over {
            return Err(refusal(entry, &views, &seen, timeout));
        }
        held_before = held;
        clock.wait(PAUSE.min(left.max(PAUSE / 2)), &context.host.interrupt)?;
    }
}

/// The services of the worktree that are meant, as they are allocated now.
fn meant(context: &Context, entry: &Entry, services: &[ServiceName]) -> Result<Gathered> {
    let request = Request { worktree: Some(entry.path.display().to_string()), ..Request::default() };
    let mut gathered = gather(context, &request)?;
    for service in services {
        if gathered.subjects.iter().all(|subject| subject.service != *service) {
            return Err(portless(context, entry, Some(service)));
        }
    }
    gathered.subjects.retain(|subject| services.is_empty() || services.contains(&subject.service));
    if gathered.subjects.is_empty() {
        return Err(portless(context, entry, None));
    }
    Ok(gathered)
}

/// Names the first that is not well: a stranger before all others.
fn refusal(entry: &Entry, views: &[ServiceHealth], seen: &[Judgement], timeout: Option<Duration>) -> Failure {
    let pairs = || views.iter().zip(seen);
    let held = pairs().find(|(_, seen)| seen.by_others);
    let first =
        held.or_else(|| pairs().find(|(view, seen)| view.health != Health::Healthy || seen.is_asleep));
    let Some((view, judged)) = first else {
        return Failure::new(Code::Internal, "all services are healthy");
    };
    let (service, port, name) = (&view.service, view.port, &entry.name);
    let reason = match view.reason.as_deref() {
        _ if judged.is_asleep => "it sleeps until the first request",
        Some(reason) => reason,
        None => "it is not known whether it answers",
    };
    let within = timeout.map(|time| format!(" within {}", spoken(time)));
    let (code, message) = if judged.by_others {
        (Code::PortConflict, format!("port {port} of `{service}` of `{name}` is not its own: {reason}"))
    } else {
        let within = within.unwrap_or_default();
        (Code::ServiceFailed, format!("`{service}` of `{name}` does not answer{within}: {reason}"))
    };
    let hint = match &view.action {
        None if judged.is_asleep => {
            format!("`{}` starts it", wt("up {} -w {}", &[service, name]))
        }
        Some(action) if action.contains('`') => action.clone(),
        Some(action) => format!("`{action}`"),
        None => format!("`{}` says more", wt("ports owner {}", &[&port])),
    };
    let failure = Failure::new(code, message).hint(hint);
    let failure = failure.detail("service", service.as_str()).detail("port", port.number());
    failure.detail("services", serde_json::to_value(views).unwrap_or_default())
}

fn portless(context: &Context, entry: &Entry, service: Option<&ServiceName>) -> Failure {
    if let Some(service) = service {
        return run::portless(context, service, entry);
    }
    let message = format!("no service of `{}` has a port of its own", entry.name);
    let shared = Sharing::of(context, entry).ports().unwrap_or_default();
    Failure::new(Code::NotFound, message).hint(if let Some((shared, _)) = shared.first() {
        let url = wt("url {}", &[shared]);
        format!("`{url}` says where `{shared}` is, which serves all worktrees")
    } else {
        let allocate = context.advised(wt("ports allocate --service web", &[]));
        format!("`{allocate}` gives `web` one")
    })
}
