//! `wt down` where services serve all worktrees: one that does is stopped with the last worktree that uses it. A worktree's own are
//! stopped first, and nobody waits for them: only then the repository's lock is taken.

use super::contact::WishListener;
use super::down::{self, Report, Request};
use super::letting_go::{self, LONGEST, alone};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::sharing::Sharing;
use crate::ops::{env, shared};

/// Stops services of the worktree we stand in; what serves all worktrees is stopped with its last user. `is_forced` stops what was
/// named although others use it.
///
/// # Errors
///
/// As [`down::down`]; `dirty` for one that was named and that others use.
pub fn down(
    context: &Context,
    request: &Request,
    is_forced: bool,
    listener: &mut dyn WishListener,
) -> Result<Report> {
    let entry = env::require_entry(context, None)?;
    let is_whole = request.services.is_empty();
    let (mut named, mut own): (Vec<ServiceName>, Vec<ServiceName>) =
        request.services.iter().cloned().partition(|name| context.config.is_shared(name));
    let is_all_own = if is_whole {
        context.config.shared_services().is_empty() && shared::uses(context, entry.sequence)?.is_empty()
    } else {
        named.is_empty()
    };
    if is_all_own {
        return down::down(context, request, listener);
    }
    // What ran here before it was shared is this worktree's own.
    let running = if entry.is_main() { Vec::new() } else { down::running(context, &entry)? };
    let is_here = |name: &ServiceName| running.iter().any(|known| known == name.as_str());
    own.extend(named.iter().filter(|name| is_here(name)).cloned());
    let asked = if is_forced { Vec::new() } else { named.clone() };
    let require_unused = || {
        let sharing = Sharing::of(context, &entry);
        asked.iter().filter(|name| !is_here(name)).try_for_each(|name| require_unused(&sharing, name))
    };
    require_unused()?;
    if is_whole && entry.is_main() {
        own = own_of_main(context, &entry)?;
    }
    let reset = request.reset && !entry.is_main();
    let first = if own.is_empty() && (!is_whole || entry.is_main()) {
        Report::of(&entry)
    } else {
        down::down(context, &Request { services: own, reset }, listener)?
    };
    let _alone = alone(context, &entry, LONGEST, listener)?;
    // Somebody may have begun to use it meanwhile.
    require_unused()?;
    if is_forced {
        forget_users(context, &entry, &named)?;
    }
    if entry.is_main() {
        named.retain(|name| !first.stopped.contains(name));
        let second =
            down_in_main(context, &entry, &Request { services: named, reset: request.reset }, listener)?;
        return Ok(joined(first, second));
    }
    let stopped = if is_whole {
        let used = shared::uses(context, entry.sequence)?;
        letting_go::end_unneeded(context, &entry, &used, listener)?
    } else {
        shared::drop_use(context, entry.sequence, &named)?;
        letting_go::stop_idle(context, &entry, named, listener)?
    };
    Ok(joined(first, Report { stopped, ..Report::of(&entry) }))
}

/// What was stopped first and then; of how they stand the later look counts.
fn joined(mut first: Report, mut then: Report) -> Report {
    then.stopped.retain(|service| !first.stopped.contains(service));
    first.stopped.append(&mut then.stopped);
    first.remains.append(&mut then.remains);
    first.left.append(&mut then.left);
    if !then.services.is_empty() {
        first.services = then.services;
    }
    first
}

fn require_unused(sharing: &Sharing<'_>, service: &ServiceName) -> Result<()> {
    let others = sharing.others(service)?;
    if others.is_empty() {
        return Ok(());
    }
    let message = format!("`{service}` serves all worktrees, and others use it: {}", others.join(", "));
    Err(Failure::new(Code::Dirty, message)
        .hint(format!("`{}` stops it all the same", wt("down {} --force", &[service])))
        .detail("service", service.as_str())
        .detail("used_by", others))
}

fn forget_users(context: &Context, entry: &Entry, services: &[ServiceName]) -> Result<()> {
    let registry = context.store()?.read()?;
    let all: Vec<u64> = registry.living(&entry.repository_id).map(|entry| entry.sequence).collect();
    all.into_iter().try_for_each(|known| shared::drop_use(context, known, services).map(drop))
}

/// The services of the main worktree that serve it alone.
fn own_of_main(context: &Context, entry: &Entry) -> Result<Vec<ServiceName>> {
    let configured = context.config.services.iter().filter(|(_, settings)| settings.is_runnable());
    let mut own: Vec<ServiceName> = configured.map(|(name, _)| name.clone()).collect();
    own.extend(down::running(context, entry)?.iter().filter_map(|name| name.parse().ok()));
    own.retain(|name| !context.config.is_shared(name));
    own.sort();
    own.dedup();
    Ok(own)
}

/// What serves all worktrees, in the main one: what others use runs on, and ends with the last of them. Its own services have
/// ended.
fn down_in_main(
    context: &Context,
    entry: &Entry,
    request: &Request,
    listener: &mut dyn WishListener,
) -> Result<Report> {
    if !request.services.is_empty() {
        let report = down::down(context, request, listener)?;
        shared::drop_use(context, entry.sequence, &request.services)?;
        return Ok(report);
    }
    let sharing = Sharing::of(context, entry);
    let (mut left, mut idle) = (Vec::new(), Vec::new());
    for service in context.config.shared_services() {
        let others = sharing.others(&service)?;
        if others.is_empty() {
            idle.push(service);
        } else {
            listener.note(&format!("`{service}` runs on for {}", others.join(", ")));
            left.push(service);
        }
    }
    let report = if left.is_empty() {
        down::down(context, request, listener)?
    } else {
        if request.reset {
            listener.note("what is on record about services stays: some run on");
        }
        if idle.is_empty() {
            Report::of(entry)
        } else {
            down::down(context, &Request { services: idle, reset: false }, listener)?
        }
    };
    let used = shared::uses(context, entry.sequence)?;
    shared::drop_use(context, entry.sequence, &letting_go::unneeded(context, entry, &used))?;
    Ok(report)
}
