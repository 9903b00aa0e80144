//! After a checkout: what is unfinished is healed, what vanished is released, a new worktree is adopted, and a switch of
//! branch is followed by the record and the env block.

use std::path::Path;

use super::passing::{self, Calls, Own};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{Current, Repository, Whereabouts};
use crate::host::place;
use crate::model::advised::wt;
use crate::model::branch::Head;
use crate::model::event::Event;
use crate::model::hook_event::{Checkout, Want, wants};
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::glimpse::Glimpse;
use crate::model::service::ServiceName;
use crate::model::view::WorktreeView;
use crate::ops::create::PortWish;
use crate::ops::{adopt, env_files, heal, vanished};

/// Does what a checkout calls for, and returns what there is to say about it.
#[must_use]
pub fn post_checkout(context: &Context, checkout: &Checkout, calls: Calls) -> Vec<String> {
    let mut said = Vec::new();
    if calls.heal {
        said.extend(heal::heal(context));
    }
    if calls.release {
        said.extend(vanished::release::release(context));
    }
    if calls.worktree != Want::Nothing {
        match tend(context, checkout) {
            Ok(words) => said.extend(words),
            Err(failure) => said.push(with_next_step(&failure)),
        }
    }
    said
}

/// Looks at the worktree again, now with everything at hand, and does what it wants.
fn tend(context: &Context, checkout: &Checkout) -> Result<Option<String>> {
    let repository = context.require_repository()?;
    let Some(Current { path, admin: Some(admin) }) = repository.current() else { return Ok(None) };
    let registry = context.store()?.read()?;
    let id = repository.find_id();
    let mut own = Own::default();
    for entry in id.iter().flat_map(|id| registry.living(id)) {
        own.consider(&Glimpse::from(entry), Some(admin), path, || entry);
    }
    let Some(mut standing) = Whereabouts::find(path).map(|place| passing::standing(&place, checkout)) else {
        return Ok(None);
    };
    if matches!(standing.head, Head::Unreadable(_)) {
        standing.head = repository.read_head(Some(admin))?;
    }
    let own = own.find().copied();
    match (wants(checkout, &standing, own.map(Glimpse::from).as_ref()), own) {
        (Want::Adopt, _) if context.config.adopt.auto => record(context, path, standing.head.branch()),
        (Want::Follow, Some(entry)) => follow(context, repository, entry, path, standing.head.branch()),
        _ => Ok(None),
    }
}

/// Records the worktree that git made; where its ports are not to be had, without them.
fn record(context: &Context, path: &Path, branch: Option<&str>) -> Result<Option<String>> {
    let purpose = branch.and_then(|branch| adopt::guess_purpose(context, branch));
    let services = purpose.as_ref().map(|purpose| services(context, purpose)).unwrap_or_default();
    let ports = if services.is_empty() { PortWish::None } else { PortWish::Purpose };
    let mut request = adopt::Request { paths: vec![path.to_path_buf()], purpose: None, ports };
    let refused = match adopt::adopt(context, &request) {
        Ok(report) => return Ok(report.worktree.map(|worktree| adopted(&worktree, &report.warnings))),
        // Somebody else recorded it meanwhile.
        Err(failure) if failure.code() == Code::WorktreeExists && is_recorded(context, path)? => {
            return Ok(None);
        }
        Err(failure) if request.ports == PortWish::None || !is_about_ports(&failure) => {
            return Err(not_recorded(path, &failure));
        }
        Err(failure) => failure,
    };
    request.ports = PortWish::None;
    let report = adopt::adopt(context, &request).map_err(|failure| not_recorded(path, &failure))?;
    let name = report.worktree.map(|worktree| worktree.name).unwrap_or_default();
    let services: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
    Ok(Some(format!(
        "recorded `{name}` without ports: {} (`{allocate}` when that is settled)",
        refused.message(),
        allocate = wt("ports allocate --service {}", &[&services.join(",")])
    )))
}

/// The purpose's own services; none where there are no ports for one of them.
fn services<'a>(context: &'a Context, purpose: &Purpose) -> &'a [ServiceName] {
    let services =
        context.config.find_purpose(purpose).map(|settings| &*settings.services).unwrap_or_default();
    let has_ports = |service| !context.config.ranges_for(purpose, service).is_empty();
    if services.iter().all(has_ports) { services } else { &[] }
}

/// Answers whether the worktree can be recorded all the same: what failed were its ports or its env block.
fn is_about_ports(failure: &Failure) -> bool {
    matches!(
        failure.code(),
        Code::PortConflict
            | Code::RangeExhausted
            | Code::PortExcluded
            | Code::PortDenied
            | Code::EnvTracked
            | Code::ConfigInvalid
            | Code::Permission
            | Code::Usage
    )
}

fn is_recorded(context: &Context, path: &Path) -> Result<bool> {
    Ok(context.store()?.read()?.find_at(path).is_some())
}

fn not_recorded(path: &Path, failure: &Failure) -> Failure {
    Failure::new(failure.code(), format!("{} is not recorded: {}", path.display(), failure.message()))
        .hint(format!("`{adopt}` when that is settled", adopt = wt("adopt {}", &[&path.display()])))
}

fn adopted(worktree: &WorktreeView, warnings: &[String]) -> String {
    let purpose = match &worktree.purpose {
        Some(purpose) => format!("purpose {purpose}"),
        None => "no purpose".to_owned(),
    };
    let ports = worktree.ports.iter().map(|port| format!("{} {}", port.service, port.port));
    let facts: Vec<String> = std::iter::once(purpose).chain(ports).collect();
    let said = std::iter::once(format!("recorded `{}`: {}", worktree.name, facts.join(", ")));
    said.chain(warnings.iter().cloned()).collect::<Vec<_>>().join("; ")
}

/// Lets the record and the env block say the branch that is checked out, in the folder that the worktree is in.
fn follow(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    path: &Path,
    branch: Option<&str>,
) -> Result<Option<String>> {
    repository.require_own(path)?;
    let now = context.now();
    let here = place::Surroundings::read().place_of(path);
    let followed = context.store()?.update(|registry| {
        let Some(known) = registry.find_by_sequence(entry.sequence) else { return Ok(None) };
        // Another command came first: it is being removed.
        if known.state != EntryState::Active {
            return Ok(None);
        }
        if known.path != path {
            path.clone_into(&mut known.path);
            known.place = Some(here.clone());
        }
        let before = std::mem::replace(&mut known.branch, branch.map(ToOwned::to_owned));
        let known = known.clone();
        if before != known.branch {
            let event = Event::new("branch_changed").of(&known.repository, &known.name);
            registry.record_event(now, event.with("from", before).with("to", known.branch.clone()));
        }
        Ok(Some(known))
    })?;
    let Some(entry) = followed.filter(|entry| entry.env) else { return Ok(None) };
    env_files::follow(context, repository, &entry).map(|_| None).map_err(|failure| {
        Failure::new(
            failure.code(),
            format!("the env block of `{}` still names its former branch: {}", entry.name, failure.message()),
        )
        .hint("`wt env` when that is settled")
    })
}

fn with_next_step(failure: &Failure) -> String {
    match failure.next_step() {
        Some(hint) => format!("{} ({hint})", failure.message()),
        None => failure.message().to_owned(),
    }
}
