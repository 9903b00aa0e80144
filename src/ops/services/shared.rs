//! Services that serve all worktrees: the first `wt up` that needs one starts it in the main worktree, and it is stopped with the
//! last worktree that uses it.

use super::contact::{Deaf, WishListener};
use super::foreground;
use super::{down, plans, restart, shared_view, standing, up};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::{env, shared};

/// Starts services, first what serves all worktrees and is needed for them.
///
/// # Errors
///
/// As [`up::up`]; what was begun for it is used no more then.
pub fn up(context: &Context, request: &up::Request, listener: &mut dyn WishListener) -> Result<up::Report> {
    let needed = plans::shared(context, &request.services)?;
    if needed.is_empty() {
        return up::up(context, request, listener);
    }
    let entry = env::require_entry(context, None)?;
    let begun = begin(context, &entry, &needed, request, listener)?;
    match up::up(context, request, listener) {
        Ok(mut report) => {
            if let Some(of_main) = begun.report {
                report.allocated.extend(of_main.allocated);
                report.warnings.extend(of_main.warnings);
                report.services.retain(|view| !needed.contains(&view.service));
                report.services.extend(shared_view::views(context, &entry, &needed)?);
                report.services.sort_by(|one, other| one.service.cmp(&other.service));
            } else {
                shared_view::mark(context, &entry, &mut report.services)?;
            }
            Ok(report)
        }
        Err(failure) => {
            take_back(context, &entry, &begun.new);
            Err(failure)
        }
    }
}

/// Starts services and stays until they have ended; what serves all worktrees is used no more then.
///
/// # Errors
///
/// As [`foreground::foreground`].
pub fn stay(context: &Context, request: &up::Request, listener: &mut dyn WishListener) -> Result<()> {
    let needed = plans::shared(context, &request.services)?;
    if needed.is_empty() {
        return foreground::foreground(context, request, listener);
    }
    let entry = env::require_entry(context, None)?;
    let begun = begin(context, &entry, &needed, request, listener)?;
    let ended = foreground::foreground(context, request, listener);
    take_back(context, &entry, &begun.new);
    ended
}

/// What was begun for a worktree.
struct Begun {
    /// Those that it did not use before.
    new: Vec<ServiceName>,
    /// What was started in the main worktree; `None` where that is the one.
    report: Option<up::Report>,
}

fn begin(
    context: &Context,
    entry: &Entry,
    needed: &[ServiceName],
    request: &up::Request,
    listener: &mut dyn WishListener,
) -> Result<Begun> {
    // Before anything starts: whoever stops the last use meanwhile sees this one.
    let new = shared::note_use(context, entry.sequence, needed)?;
    if entry.is_main() {
        return Ok(Begun { new, report: None });
    }
    let Some((_, there)) = standing::of_shared(context, entry, needed) else {
        take_back(context, entry, &new);
        let message = format!("`{}` serves all worktrees, and the main worktree is no member", needed[0]);
        return Err(Failure::new(Code::NotFound, message)
            .hint("`wt adopt --main` makes it a member, and says what stops that"));
    };
    let services = needed.to_vec();
    let wish = up::Request { services, wait: request.wait, port: None, resolve: request.resolve };
    match up::up(&there, &wish, listener) {
        Ok(report) => Ok(Begun { new, report: Some(report) }),
        Err(failure) => {
            take_back(context, entry, &new);
            Err(failure)
        }
    }
}

fn take_back(context: &Context, entry: &Entry, new: &[ServiceName]) {
    if !new.is_empty() {
        // What cannot be stopped now is shown by `wt status`.
        let _ = let_go(context, entry, new, &mut Deaf);
    }
}

/// Has a worktree use these services no more, none where none is named, and stops those that nobody uses then; returns these.
///
/// # Errors
///
/// As [`down::down`].
pub fn let_go(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<Vec<ServiceName>> {
    let gone = shared::drop_use(context, entry.sequence, services)?;
    let mut idle = Vec::new();
    for service in gone {
        if shared::users(context, &entry.repository_id, &service, Some(entry.sequence))?.is_empty() {
            idle.push(service);
        }
    }
    if let Some((_, there)) = standing::of_shared(context, entry, &idle) {
        let request = down::Request { services: idle.clone(), reset: false };
        return Ok(down::down(&there, &request, listener)?.stopped);
    }
    Ok(Vec::new())
}

/// Stops services of the worktree we stand in; what serves all worktrees is stopped with its last user. `is_forced` stops what was
/// named although others use it.
///
/// # Errors
///
/// As [`down::down`]; `dirty` for one that was named and that others use.
pub fn down(
    context: &Context,
    request: &down::Request,
    is_forced: bool,
    listener: &mut dyn WishListener,
) -> Result<down::Report> {
    let entry = env::require_entry(context, None)?;
    let is_shared = |name: &&ServiceName| context.config.is_shared(name);
    let named: Vec<ServiceName> = request.services.iter().filter(is_shared).cloned().collect();
    for service in named.iter().filter(|_| !is_forced) {
        let others = shared::users(context, &entry.repository_id, service, Some(entry.sequence))?;
        if !others.is_empty() {
            let message =
                format!("`{service}` serves all worktrees, and others use it: {}", others.join(", "));
            return Err(Failure::new(Code::Dirty, message)
                .hint(format!("`{}` stops it all the same", wt("down {} --force", &[service])))
                .detail("service", service.as_str())
                .detail("used_by", others));
        }
    }
    if is_forced {
        forget_users(context, &entry, &named)?;
    }
    if entry.is_main() {
        return down_in_main(context, &entry, request, listener);
    }
    let mut own = request.clone();
    own.services.retain(|name| !named.contains(name));
    let mut report = if request.services.is_empty() || !own.services.is_empty() {
        down::down(context, &own, listener)?
    } else {
        down::Report::of(&entry)
    };
    let stopped = if is_forced && !named.is_empty() {
        shared::drop_use(context, entry.sequence, &named)?;
        match standing::of_shared(context, &entry, &named) {
            Some((_, there)) => {
                let request = down::Request { services: named, reset: false };
                down::down(&there, &request, listener)?.stopped
            }
            None => Vec::new(),
        }
    } else if named.is_empty() && !request.services.is_empty() {
        Vec::new()
    } else {
        let_go(context, &entry, &named, listener)?
    };
    report.stopped.extend(stopped);
    Ok(report)
}

fn forget_users(context: &Context, entry: &Entry, services: &[ServiceName]) -> Result<()> {
    let registry = context.store()?.read()?;
    let others: Vec<u64> = registry.living(&entry.repository_id).map(|entry| entry.sequence).collect();
    if services.is_empty() {
        return Ok(());
    }
    others.into_iter().try_for_each(|other| shared::drop_use(context, other, services).map(drop))
}

/// All of the main worktree, but for what others use.
fn down_in_main(
    context: &Context,
    entry: &Entry,
    request: &down::Request,
    listener: &mut dyn WishListener,
) -> Result<down::Report> {
    let mut left = Vec::new();
    if request.services.is_empty() {
        for service in context.config.shared_ports() {
            let others = shared::users(context, &entry.repository_id, &service, Some(entry.sequence))?;
            if !others.is_empty() {
                listener.note(&format!("`{service}` runs on for {}", others.join(", ")));
                left.push(service);
            }
        }
    }
    let mut request = request.clone();
    if !left.is_empty() {
        let services = context.config.services.iter().filter(|(_, settings)| settings.is_runnable());
        let others = services.map(|(name, _)| name.clone()).filter(|name| !left.contains(name));
        request.services = others.collect();
        request.reset = false;
        if request.services.is_empty() {
            return Ok(down::Report::of(entry));
        }
    }
    let named: Vec<ServiceName> =
        request.services.iter().filter(|name| context.config.is_shared(name)).cloned().collect();
    let report = down::down(context, &request, listener)?;
    if request.services.is_empty() || !named.is_empty() {
        shared::drop_use(context, entry.sequence, &named)?;
    }
    Ok(report)
}

/// Restarts services; one that serves all worktrees only where it is named, and for all of them.
///
/// # Errors
///
/// As [`restart::restart`].
pub fn restart(
    context: &Context,
    names: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<up::Report> {
    let is_shared = |name: &&ServiceName| context.config.is_shared(name);
    let (of_all, own): (Vec<&ServiceName>, Vec<&ServiceName>) = names.iter().partition(is_shared);
    let (of_all, own): (Vec<ServiceName>, Vec<ServiceName>) =
        (of_all.into_iter().cloned().collect(), own.into_iter().cloned().collect());
    let entry = env::require_entry(context, None)?;
    let Some((_, there)) = standing::of_shared(context, &entry, &of_all) else {
        return restart::restart(context, names, listener);
    };
    for service in &of_all {
        let others = shared::users(context, &entry.repository_id, service, Some(entry.sequence))?;
        if !others.is_empty() {
            listener.note(&format!("`{service}` is restarted for {} too", others.join(", ")));
        }
    }
    let mut report = restart::restart(&there, &of_all, listener)?;
    shared_view::mark(context, &entry, &mut report.services)?;
    report.services.retain(|view| of_all.contains(&view.service));
    if own.is_empty() {
        return Ok(up::Report { worktree: entry.name, path: entry.path, ..report });
    }
    let mut whole = restart::restart(context, &own, listener)?;
    whole.services.extend(report.services);
    whole.services.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(whole)
}
