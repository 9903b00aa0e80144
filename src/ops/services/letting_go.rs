//! The end of a worktree's use of what serves all worktrees. Whoever begins or ends a use has the repository's lock meanwhile, so
//! that nobody stops what another one was just told is ready.

use std::time::Duration;

use super::contact::{Deaf, WishListener};
use super::{down, standing, supervision};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::interrupt::Interrupt;
use crate::host::lock::FileHold;
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::order;
use crate::ops::shared;
use crate::ops::sharing::Sharing;

/// How long somebody is waited for before that is said.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long at most: a server may take its time to start.
pub(super) const LONGEST: Duration = Duration::from_mins(10);

/// The same for whoever takes back what they began, and was told to stop perhaps.
const TAKING_BACK: Duration = Duration::from_mins(1);

/// One at a time begins or ends uses in a repository. Never taken under the registry's lock.
pub(super) fn alone(
    context: &Context,
    entry: &Entry,
    longest: Duration,
    listener: &mut dyn WishListener,
) -> Result<FileHold> {
    let path = context.host.dirs()?.creating_folder()?.join(format!("shared-{}", entry.repository_id));
    let interrupt = &context.host.interrupt;
    if let Some(hold) = FileHold::take_within(&path, PATIENCE, interrupt)? {
        return Ok(hold);
    }
    listener.say("another `wt` starts or stops what serves all worktrees: it is waited for");
    FileHold::take_within(&path, longest, interrupt)?.ok_or_else(|| {
        Failure::new(Code::Locked, "another `wt` starts or stops what serves all worktrees")
            .hint("wait until it is done, then try again")
    })
}

/// Ends the use of these services after a start that failed, but for what runs here and needs them. Where that cannot be done it
/// is said: nothing else would.
pub(super) fn take_back(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
    listener: &mut dyn WishListener,
) {
    if services.is_empty() {
        return;
    }
    let mut taken_back = || {
        let mut here = standing::standing_in(context, entry)?;
        // The signal that ended the start is heeded by this: it is done. Another one ends us at once.
        here.host.interrupt = Interrupt::default();
        let _alone = alone(&here, entry, TAKING_BACK, listener).ok()?;
        end_unneeded(&here, entry, services, &mut Deaf).ok()
    };
    if taken_back().is_none() {
        let names: Vec<String> = services.iter().map(|service| format!("`{service}`")).collect();
        let down = context.advised(wt("down", &[]));
        listener.note(&format!("{} counts as used here still: `{down}` ends that", names.join(", ")));
    }
}

/// Has a worktree that goes use nothing more, and stops what nobody uses then.
///
/// # Errors
///
/// As [`down::down`].
pub fn let_go(context: &Context, entry: &Entry, listener: &mut dyn WishListener) -> Result<()> {
    let used = shared::uses(context, entry.sequence)?;
    if used.is_empty() {
        return Ok(());
    }
    let _alone = alone(context, entry, LONGEST, listener)?;
    end(context, entry, &used, listener).map(drop)
}

/// Ends the use of those services that nothing needs which runs here; returns those that were stopped with it. For whoever has
/// the lock.
///
/// # Errors
///
/// As [`down::down`].
pub(super) fn end_unneeded(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<Vec<ServiceName>> {
    let unneeded = unneeded(context, entry, services);
    end(context, entry, &unneeded, listener)
}

/// Returns those services that nothing needs which runs in the worktree, or is about to.
pub(super) fn unneeded(context: &Context, entry: &Entry, services: &[ServiceName]) -> Vec<ServiceName> {
    let running = supervision::recorded(context, entry).into_iter().filter(|facts| !facts.state.is_resting());
    let own = running.map(|facts| facts.service).filter(|service| !context.config.is_shared(service));
    let needed = order::closure(&context.config.services, &own.collect::<Vec<_>>());
    services.iter().filter(|service| !needed.contains(service)).cloned().collect()
}

/// Ends the use of these services; returns those that were stopped with it. For whoever has the lock.
///
/// # Errors
///
/// As [`down::down`].
pub(super) fn end(
    context: &Context,
    entry: &Entry,
    services: &[ServiceName],
    listener: &mut dyn WishListener,
) -> Result<Vec<ServiceName>> {
    let gone = shared::drop_use(context, entry.sequence, services)?;
    stop_idle(context, entry, gone, listener)
}

/// Stops those of them that nobody else uses.
///
/// # Errors
///
/// As [`down::down`].
pub(super) fn stop_idle(
    context: &Context,
    entry: &Entry,
    services: Vec<ServiceName>,
    listener: &mut dyn WishListener,
) -> Result<Vec<ServiceName>> {
    let sharing = Sharing::of(context, entry);
    let mut idle = Vec::new();
    for service in services.into_iter().filter(|service| context.config.is_shared(service)) {
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
