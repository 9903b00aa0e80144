//! What `[main]` of the configuration makes of the main worktree: it counts for others at once, and is put on record by the
//! next command that records anything.

use super::join::{draft, find, follow_up, record, running};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::ports::ledger::{self, Seating};

/// Answers whether the configuration makes the main worktree a member.
#[must_use]
pub fn is_declared(context: &Context) -> bool {
    !context.config.main.ports.is_empty() || !context.config.shared_services().is_empty()
}

/// The services whose ports the main worktree is to have: those that `[main]` names, and those that serve all worktrees.
fn services(context: &Context) -> Vec<ServiceName> {
    let mut services: Vec<ServiceName> =
        context.config.main.ports.iter().map(|(service, _)| service.clone()).collect();
    let shared = context.config.shared_ports();
    for service in shared {
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services
}

/// Brings the record of the main worktree up to `[main]`, and returns what there is to say. Never fails: whoever calls does
/// something else.
pub fn follow(context: &Context) -> Vec<String> {
    let Some(repository) = context.repository.as_ref().filter(|repository| !repository.is_bare()) else {
        return Vec::new();
    };
    // Another file's words are tried out, and recorded by nobody.
    if context.config_file.is_some() {
        return Vec::new();
    }
    follow_in(context, repository).unwrap_or_else(|failure| {
        vec![format!("the main worktree is not on record as `[main]` says: {failure}")]
    })
}

fn follow_in(context: &Context, repository: &Repository) -> Result<Vec<String>> {
    let known = find(context, repository)?;
    if !is_due(context, known.as_ref())? {
        return Ok(Vec::new());
    }
    let services = services(context);
    let running = running(context, known.as_ref())?;
    let seating = Seating { services: &services, is_asked: false, running: &running };
    match record(context, repository, None, seating)? {
        Ok(seated) => Ok(follow_up(context, repository, seated, false)?.1),
        Err(_) => Ok(Vec::new()),
    }
}

/// Returns the registry as it is once the main worktree has its ports; nothing is written.
///
/// # Errors
///
/// Fails when the machine cannot be asked.
pub fn foreseen(context: &Context, registry: &Registry) -> Result<Registry> {
    let mut seen = registry.clone();
    let repository = context.repository.as_ref().filter(|repository| !repository.is_bare());
    let Some(repository) = repository.filter(|_| context.config_file.is_none()) else { return Ok(seen) };
    let known = find(context, repository)?;
    if !is_due(context, known.as_ref())? {
        return Ok(seen);
    }
    // One that was never recorded has no id yet, and nobody else has this one.
    let id = repository.find_id().unwrap_or_else(|| RepositoryId(String::new()));
    let running = running(context, known.as_ref())?;
    let entry = known.unwrap_or_else(|| draft(context, repository, &id, registry));
    let seating = Seating { services: &services(context), is_asked: false, running: &running };
    let seated = ledger::seat(context, &mut seen, entry, seating, context.now())?;
    Ok(if seated.is_ok() { seen } else { registry.clone() })
}

fn is_due(context: &Context, known: Option<&Entry>) -> Result<bool> {
    let main = &context.config.main;
    let Some(entry) = known else { return Ok(is_declared(context)) };
    let has = |service: &ServiceName| {
        entry.allocations.iter().any(|known| known.service == *service && known.find_port().is_some())
    };
    if entry.state != EntryState::Active {
        return Ok(false);
    }
    if entry.env != main.env || services(context).iter().any(|service| !has(service)) {
        return Ok(true);
    }
    ledger::is_called_elsewhere(context, &*context.store()?.read()?, entry)
}
