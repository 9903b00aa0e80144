//! Services that a request starts: only those that somebody started before, and not because a page of another site asks.

use super::book::{Book, NamedTarget, NamesLook};
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::services::protocol::Request;
use crate::model::services::state::ServiceState;
use crate::ops::services::contact::{self, Deaf, WishAnswer};
use crate::ops::services::place::ServicesPlace;
use crate::ops::services::supervision;

/// Finds a service that sleeps, or that is just being started or put to sleep, and how it stands.
fn find(book: &Book, registry: &Registry, target: &NamedTarget) -> Option<(Entry, ServiceState)> {
    let entry = registry.entries().find(|entry| entry.is_living() && entry.sequence == target.sequence)?;
    let state = supervision::on_demand_in(book.state(), entry).get(&target.service)?.state;
    let is_on_its_way = matches!(
        state,
        ServiceState::Asleep | ServiceState::Starting | ServiceState::Stopping | ServiceState::Backoff
    );
    is_on_its_way.then(|| (entry.clone(), state))
}

/// Answers whether a service has to be woken, or is just being woken. Costs a look at two files.
///
/// # Errors
///
/// Those of reading the registry.
pub fn sleeps(book: &Book, target: &NamedTarget) -> Result<bool> {
    Ok(find(book, &*book.registry()?, target).is_some())
}

/// Wakes a service and waits until it is ready; `may` is whether whoever asks may do that.
///
/// # Errors
///
/// `forbidden` for who may not; `not_allowed` where nothing may be changed; `service_failed` where it does not start.
pub fn wake(book: &Book, target: &NamedTarget, may: bool, look: NamesLook<'_>) -> Result<()> {
    let Some((entry, state)) = find(book, &*book.registry()?, target) else { return Ok(()) };
    let (service, name) = (&target.service, &target.worktree.name);
    // Whoever comes while it starts only waits for it.
    if !may && state != ServiceState::Starting {
        let message =
            format!("`{service}` of `{name}` is {state}, and a page of another site does not start it");
        return Err(Failure::new(Code::Forbidden, message).hint("open its address itself"));
    }
    let context = look(&target.repository)?;
    if context.config.policy.is_read_only() {
        let message = format!("`{service}` of `{name}` is {state}, and nothing may be started");
        return Err(Failure::new(Code::NotAllowed, message));
    }
    let ask = Request::Wake { services: vec![service.clone()] };
    match contact::ask_if_there(&context, &ServicesPlace::of(&context, &entry)?, &ask, &mut Deaf)? {
        Some(WishAnswer::Failed(failed)) => {
            let message = format!("`{service}` of `{name}` does not start: {}", failed.reason);
            let logs = wt("logs {} -w {}", &[service, name]).at(target.repository.display());
            Err(Failure::new(Code::ServiceFailed, message)
                .hint(format!("`{logs}` says more"))
                .detail("service", service.as_str())
                .detail("worktree", name.as_str()))
        }
        Some(WishAnswer::Done(_)) | None => Ok(()),
    }
}
