//! Services that serve all worktrees: the first `wt up` that needs one starts it in the main worktree, and it is stopped with the
//! last worktree that uses it. Whoever begins or ends a use has the repository's lock meanwhile, so that nobody stops what
//! another one was just told is ready.

use std::time::Duration;

use super::contact::{Deaf, WishListener};
use super::{down, foreground, plans, restart, standing, status, up};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::lock::FileHold;
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::sharing::Sharing;
use crate::ops::{env, shared};

/// How long somebody is waited for before that is said, and how long at most: a server may take its time to start.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(10));

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
    let begun = begin_up(context, &entry, &needed, request, listener)?;
    match up::up(context, request, listener) {
        Ok(report) => with_shared(context, &entry, begun, &needed, report),
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
/// As [`foreground::foreground`]; `usage` where nothing is named but what serves all worktrees: it runs for others too, and
/// nobody stays for it.
pub fn stay(context: &Context, request: &up::Request, listener: &mut dyn WishListener) -> Result<()> {
    let needed = plans::shared(context, &request.services)?;
    if needed.is_empty() {
        return foreground::foreground(context, request, listener);
    }
    let wanted = plans::wanted(context, &request.services)?;
    if wanted.iter().all(|service| context.config.is_shared(service)) {
        let message =
            format!("`{}` serves all worktrees, and does not run in the foreground of one", wanted[0]);
        let (up, logs) = (wt("up {}", &[&wanted[0]]), wt("logs {} --follow", &[&wanted[0]]));
        return Err(Failure::new(Code::Usage, message)
            .hint(format!("`{up}` starts it; `{logs}` shows what it writes")));
    }
    let entry = env::require_entry(context, None)?;
    begin_up(context, &entry, &needed, request, listener)?;
    let ended = foreground::foreground(context, request, listener);
    take_back(context, &entry, &needed);
    ended
}

/// What was begun for a worktree.
struct Begun {
    /// Those that it did not use before.
    new: Vec<ServiceName>,
    /// What was started in the main worktree.
    report: up::Report,
}

fn begin_up(
    context: &Context,
    entry: &Entry,
    needed: &[ServiceName],
    request: &up::Request,
    listener: &mut dyn WishListener,
) -> Result<Begun> {
    let wish = up::Request {
        services: needed.to_vec(),
        wait: request.wait,
        port: request.port.filter(|_| entry.is_main() && request.services == needed),
        resolve: request.resolve,
    };
    begin(context, entry, needed, listener, &|there, listener| up::up(there, &wish, listener))
}

type Start<'a> = &'a dyn Fn(&Context, &mut dyn WishListener) -> Result<up::Report>;

/// Notes the use, and has `start` do in the main worktree what is to be done there.
fn begin(
    context: &Context,
    entry: &Entry,
    needed: &[ServiceName],
    listener: &mut dyn WishListener,
    start: Start<'_>,
) -> Result<Begun> {
    let _alone = alone(context, entry, listener)?;
    // Before anything starts: who ends without a word leaves the use on record, and not a server that nobody uses.
    let new = shared::note_use(context, entry.sequence, needed)?;
    let started = if entry.is_main() {
        start(context, listener)
    } else {
        match standing::of_shared(context, entry, needed) {
            Some((_, there)) => start(&there, listener),
            None => Err(no_main(&needed[0])),
        }
    };
    match started {
        Ok(report) => Ok(Begun { new, report }),
        Err(failure) => {
            // What cannot be stopped now is shown by `wt status`.
            let _ = end_use(context, entry, &new, &mut Deaf);
            Err(failure)
        }
    }
}

fn no_main(service: &ServiceName) -> Failure {
    let message = format!("`{service}` serves all worktrees, and the main worktree is no member");
    Failure::new(Code::NotFound, message)
        .hint("`wt adopt --main` makes it a member, and says what stops that")
}

/// Shows what serves all worktrees as it stands now.
fn with_shared(
    context: &Context,
    entry: &Entry,
    begun: Begun,
    needed: &[ServiceName],
    mut report: up::Report,
) -> Result<up::Report> {
    report.allocated.extend(begun.report.allocated);
    report.warnings.extend(begun.report.warnings);
    if entry.is_main() {
        status::mark(context, entry, &mut report.services)?;
    } else {
        report.services.retain(|view| !needed.contains(&view.service));
        report.services.extend(status::of_shared(context, entry, needed, |looker| looker)?);
        report.services.sort_by(|one, other| one.service.cmp(&other.service));
    }
    Ok(report)
}

/// One at a time begins or ends uses in a repository. Never taken under the registry's lock.
fn alone(context: &Context, entry: &Entry, listener: &mut dyn WishListener) -> Result<FileHold> {
    let path = context.host.dirs()?.creating_folder()?.join(format!("shared-{}", entry.repository_id));
    let interrupt = &context.host.interrupt;
    if let Some(hold) = FileHold::take_within(&path, PATIENCE.0, interrupt)? {
        return Ok(hold);
    }
    listener.say("another `wt` starts or stops what serves all worktrees: it is waited for");
    FileHold::take_within(&path, PATIENCE.1, interrupt)?.ok_or_else(|| {
        Failure::new(Code::Locked, "another `wt` starts or stops what serves all worktrees")
            .hint("wait until it is done, then try again")
    })
}

fn take_back(context: &Context, entry: &Entry, services: &[ServiceName]) {
    if !services.is_empty() {
        // What cannot be stopped now is shown by `wt status`.
        let _ = let_go(context, entry, services, &mut Deaf);
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
    if !shared::is_any_used(context, entry.sequence)? {
        return Ok(Vec::new());
    }
    let _alone = alone(context, entry, listener)?;
    end_use(context, entry, services, listener)
}

/// The same for whoever has the lock.
fn end_use(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<Vec<ServiceName>> {
    let gone = shared::drop_use(context, entry.sequence, services)?;
    stop_idle(context, entry, gone, listener)
}

/// Stops those of them that nobody else uses.
fn stop_idle(
    context: &Context,
    entry: &Entry,
    services: Vec<ServiceName>,
    listener: &mut dyn WishListener,
) -> Result<Vec<ServiceName>> {
    let sharing = Sharing::of(context, entry);
    let mut idle = Vec::new();
    for service in services.into_iter().filter(|service| sharing.is_shared(service)) {
        if sharing.others(&service)?.is_empty() {
            idle.push(service);
        }
    }
    if idle.is_empty() {
        return Ok(Vec::new());
    }
    let request = down::Request { services: idle, reset: false };
    if entry.is_main() {
        return Ok(down::down(context, &request, listener)?.stopped);
    }
    match standing::of_shared(context, entry, &request.services) {
        Some((_, there)) => Ok(down::down(&there, &request, listener)?.stopped),
        None => Ok(Vec::new()),
    }
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
    if context.config.shared_services().is_empty() && !shared::is_any_used(context, entry.sequence)? {
        return down::down(context, request, listener);
    }
    let _alone = alone(context, &entry, listener)?;
    let sharing = Sharing::of(context, &entry);
    let named: Vec<ServiceName> =
        request.services.iter().filter(|name| sharing.is_shared(name)).cloned().collect();
    // What ran here before it was shared is this worktree's own.
    let running = if entry.is_main() { Vec::new() } else { down::running(context, &entry)? };
    let is_own = |name: &ServiceName| running.iter().any(|known| known == name.as_str());
    if is_forced {
        forget_users(context, &entry, &named)?;
    } else {
        named.iter().filter(|name| !is_own(name)).try_for_each(|name| require_unused(&sharing, name))?;
    }
    if entry.is_main() {
        return down_in_main(context, &entry, request, listener);
    }
    let mut own = request.clone();
    own.services.retain(|name| !named.contains(name) || is_own(name));
    let mut report = if request.services.is_empty() || !own.services.is_empty() {
        down::down(context, &own, listener)?
    } else {
        down::Report::of(&entry)
    };
    let stopped = if named.is_empty() {
        let all = request.services.is_empty();
        if all { end_use(context, &entry, &[], listener)? } else { Vec::new() }
    } else {
        shared::drop_use(context, entry.sequence, &named)?;
        stop_idle(context, &entry, named, listener)?
    };
    let new = stopped.into_iter().filter(|service| !report.stopped.contains(service));
    let new: Vec<ServiceName> = new.collect();
    report.stopped.extend(new);
    Ok(report)
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
    if services.is_empty() {
        return Ok(());
    }
    all.into_iter().try_for_each(|known| shared::drop_use(context, known, services).map(drop))
}

/// All of the main worktree, but for what others use: that runs on, and ends with the last of them.
fn down_in_main(
    context: &Context,
    entry: &Entry,
    request: &down::Request,
    listener: &mut dyn WishListener,
) -> Result<down::Report> {
    if !request.services.is_empty() {
        let report = down::down(context, request, listener)?;
        let of_all = request.services.iter().filter(|name| context.config.is_shared(name));
        let of_all: Vec<ServiceName> = of_all.cloned().collect();
        if !of_all.is_empty() {
            shared::drop_use(context, entry.sequence, &of_all)?;
        }
        return Ok(report);
    }
    let sharing = Sharing::of(context, entry);
    let mut left = Vec::new();
    for service in sharing.services() {
        let others = sharing.others(&service)?;
        if !others.is_empty() {
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
        let configured = context.config.services.iter().filter(|(_, settings)| settings.is_runnable());
        let mut services: Vec<ServiceName> = configured.map(|(name, _)| name.clone()).collect();
        services.extend(down::running(context, entry)?.iter().filter_map(|name| name.parse().ok()));
        services.retain(|name| !left.contains(name));
        services.sort();
        services.dedup();
        if services.is_empty() {
            down::Report::of(entry)
        } else {
            down::down(context, &down::Request { services, reset: false }, listener)?
        }
    };
    shared::drop_use(context, entry.sequence, &[])?;
    Ok(report)
}

/// Restarts services, and starts what serves all worktrees and is needed for them; one that does is restarted only where it is
/// named, and for all of them.
///
/// # Errors
///
/// As [`restart::restart`].
pub fn restart(
    context: &Context,
    names: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<up::Report> {
    let needed = plans::shared(context, names)?;
    if needed.is_empty() {
        return restart::restart(context, names, listener);
    }
    let entry = env::require_entry(context, None)?;
    let sharing = Sharing::of(context, &entry);
    let (asked, own): (Vec<ServiceName>, Vec<ServiceName>) =
        names.iter().cloned().partition(|name| sharing.is_shared(name));
    for service in &asked {
        let others = sharing.others(service)?;
        if !others.is_empty() {
            listener.note(&format!("`{service}` is restarted for {} too", others.join(", ")));
        }
    }
    let begun = begin(context, &entry, &needed, listener, &|there, listener| {
        let others = needed.iter().filter(|name| !asked.contains(name));
        let services: Vec<ServiceName> = others.cloned().collect();
        if asked.is_empty() {
            return up::up(there, &up::Request { services, ..up::Request::default() }, listener);
        }
        // What they need is started with them.
        if !services.is_empty() {
            up::up(there, &up::Request { services, ..up::Request::default() }, listener)?;
        }
        restart::restart(there, &asked, listener)
    })?;
    if own.is_empty() && !names.is_empty() {
        let mut services = begun.report.services.clone();
        services.retain(|view| needed.contains(&view.service));
        let (worktree, path) = (entry.name.clone(), entry.path.clone());
        let report = up::Report { worktree, path, services, allocated: Vec::new(), warnings: Vec::new() };
        return with_shared(context, &entry, begun, &needed, report);
    }
    let report = restart::restart(context, if names.is_empty() { names } else { &own }, listener)?;
    with_shared(context, &entry, begun, &needed, report)
}
