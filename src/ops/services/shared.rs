//! Services that serve all worktrees: the first `wt up` that needs one starts it in the main worktree, and it is stopped with the
//! last worktree that uses it. See [`letting_go`](super::letting_go) for the end.

use super::contact::{Deaf, WishListener};
use super::letting_go::{LONGEST, alone, take_back};
use super::{foreground, plans, restart, standing, status, up};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::ops::sharing::Sharing;
use crate::ops::{env, foreign, shared};

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
    with_own(context, &entry, begun, &needed, listener, &|listener| up::up(context, request, listener))
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
    let begun = begin_up(context, &entry, &needed, request, listener)?;
    let ended = foreground::foreground(context, request, listener);
    let is_over = ended.as_ref().err().is_none_or(|failure| failure.code() == Code::Interrupted);
    // Whoever could not stay ends what they began, and nothing that was used before.
    take_back(context, &entry, if is_over { &needed } else { &begun.new }, listener);
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

/// Does the worktree's own part; where that fails, what was begun for it is used no more.
fn with_own(
    context: &Context,
    entry: &Entry,
    begun: Begun,
    needed: &[ServiceName],
    listener: &mut dyn WishListener,
    own: &dyn Fn(&mut dyn WishListener) -> Result<up::Report>,
) -> Result<up::Report> {
    match own(listener) {
        Ok(report) => with_shared(context, entry, begun, needed, report),
        Err(failure) => {
            take_back(context, entry, &begun.new, listener);
            Err(failure)
        }
    }
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
    // A stranger's worktree starts nothing: that is known before a server is started for it.
    foreign::require_own(context.require_repository()?, entry)?;
    let alone = alone(context, entry, LONGEST, listener)?;
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
            alone.release();
            take_back(context, entry, &new, listener);
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
        if let Some((mut looker, there)) = status::of_shared(context, entry, needed)? {
            report.services.extend(looker.ask(&there, &mut Deaf)?.services);
        }
        report.services.sort_by(|one, other| one.service.cmp(&other.service));
    }
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
        names.iter().cloned().partition(|name| context.config.is_shared(name));
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
    let own = if names.is_empty() { names } else { &own };
    with_own(context, &entry, begun, &needed, listener, &|listener| restart::restart(context, own, listener))
}
