//! Free ports for wishes: the model's rule over what the registry owns, what is excluded, and what the machine answers.

use std::collections::HashSet;

use crate::context::Context;
use crate::error::Result;
use crate::host::net::{owner, probe};
use crate::model::port::exclusion::{self, Exclusion};
use crate::model::port::listener::{Listener, WorktreeKey};
use crate::model::port::selection::{self, Landscape, Selection};
use crate::model::port::wish::ServiceWish;
use crate::model::port::{Port, PortRange};
use crate::model::registry::table::Registry;
use crate::ops::host_ports;

/// Chooses a port for each wish; the ports in `skip` are passed over.
///
/// # Errors
///
/// Fails when the machine cannot be asked about a port.
pub fn choose(
    context: &Context,
    registry: &Registry,
    wishes: &[ServiceWish],
    skip: &HashSet<Port>,
) -> Result<Selection> {
    if wishes.is_empty() {
        return Ok(Selection::Chosen(Vec::new()));
    }
    select(context, registry, wishes, skip, &exclusions(context, registry))
}

/// Looks whether the main worktree can have its very ports.
///
/// # Errors
///
/// As [`choose`].
pub fn select_of_main(context: &Context, registry: &Registry, wishes: &[ServiceWish]) -> Result<Selection> {
    select(context, registry, wishes, &HashSet::new(), &exclusions_of_main(context, registry))
}

fn select(
    context: &Context,
    registry: &Registry,
    wishes: &[ServiceWish],
    skip: &HashSet<Port>,
    exclusions: &[Exclusion],
) -> Result<Selection> {
    let owned = owned(context, registry)?;
    let former = registry.kept_former_ports();
    let landscape = Landscape { owned: &owned, exclusions, config: &context.config, skip, former: &former };
    selection::select(wishes, &landscape, &mut probe::prober())
}

/// Returns every port that somebody has: worktrees of this registry, and other users of this machine.
///
/// # Errors
///
/// `claims_unreachable`.
pub fn owned(context: &Context, registry: &Registry) -> Result<HashSet<Port>> {
    let mut owned = selection::owned_ports(registry);
    owned.extend(host_ports::others(context)?.into_keys());
    Ok(owned)
}

/// Returns every exclusion that holds here: built in, configured, added by people, and the ports that the main worktree is
/// to have.
#[must_use]
pub fn exclusions(context: &Context, registry: &Registry) -> Vec<Exclusion> {
    let mut exclusions = exclusions_of_main(context, registry);
    let kept = context.config.main.ports.iter().filter_map(|(service, port)| {
        let reason = format!("kept for `{service}` of the main worktree (main.ports)");
        Some(Exclusion::new(PortRange::new(*port, *port)?, &reason))
    });
    exclusions.extend(kept);
    exclusions
}

/// As [`exclusions`], for the main worktree itself.
#[must_use]
pub fn exclusions_of_main(context: &Context, registry: &Registry) -> Vec<Exclusion> {
    let mut exclusions = exclusion::built_in(std::env::consts::OS);
    exclusions.extend(context.config.exclusions.iter().cloned());
    exclusions.extend(registry.exclusions.iter().cloned());
    exclusions
}

/// The ports that are passed over where they are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    Nothing,
    /// Those that somebody holds.
    Held,
    /// These, and those that this user may not bind.
    Refused,
}

/// As [`choose`], the ports in `skip` passed over, and whatever `passing` says. Returns the latter.
///
/// # Errors
///
/// As [`choose`].
pub fn choose_passing(
    context: &Context,
    registry: &Registry,
    wishes: &[ServiceWish],
    skip: &HashSet<Port>,
    passing: Passing,
) -> Result<(Selection, Vec<Port>)> {
    let mut skip = skip.clone();
    let mut held: Vec<Port> = Vec::new();
    loop {
        let selection = choose(context, registry, wishes, &skip)?;
        let news = match passing {
            Passing::Nothing => Vec::new(),
            Passing::Held => selection.newly_held(&held),
            Passing::Refused => selection.newly_refused(&held),
        };
        if news.is_empty() {
            return Ok((selection, held));
        }
        skip.extend(&news);
        held.extend(news);
    }
}

/// Answers whether a process of that worktree is on `port`, whoever else may be.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn is_used_by_own(registry: &Registry, key: &WorktreeKey, port: Port) -> Result<bool> {
    let busy = owner::attribute(&[port], registry)?;
    let mut owners = busy.iter().flat_map(|busy| &busy.listeners).flat_map(|socket| &socket.owners);
    Ok(owners.any(|owner| owner.belongs_to.as_ref() == Some(key)))
}

/// Answers whether `port` is held, and by processes of that worktree alone: for it the port is as good as free.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn is_held_by_own(registry: &Registry, key: &WorktreeKey, port: Port) -> Result<bool> {
    let busy = owner::attribute(&[port], registry)?;
    let mut sockets = busy.iter().flat_map(|busy| &busy.listeners).peekable();
    let is_held = sockets.peek().is_some();
    let is_own = |socket: &Listener| {
        let owners = &socket.owners;
        !owners.is_empty() && owners.iter().all(|owner| owner.belongs_to.as_ref() == Some(key))
    };
    Ok(is_held && sockets.all(is_own))
}
