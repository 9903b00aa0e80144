//! Whether the socket that answered belongs to a process of the worktree that was asked for: looked at after dialling, so that
//! nobody comes in between.

use std::net::SocketAddr;

use super::book::{Book, NamedTarget, NamesLook};
use crate::error::{Code, Failure, Result};
use crate::host::net::answering::answering;
use crate::host::process::stop::Running;
use crate::model::advised::wt;
use crate::model::port::holder::Holder;
use crate::model::port::listener::{Busy, Listener};
use crate::model::port::occupancy::{Occupancy, occupancy};
use crate::ops::ports::containers;

/// Who answers.
#[derive(Debug)]
pub struct Proof {
    /// The process behind the connection; `None` for a container's, which nobody can hold on to.
    pub process: Option<Running>,
}

/// Proves that the connection from `client` to `server` is with the worktree's own process.
///
/// # Errors
///
/// `port_conflict`, naming the holder, where it is with somebody else; `service_failed` where it is with nobody any more;
/// those of reading the registry and the kernel's sockets.
pub fn prove(
    book: &Book,
    target: &NamedTarget,
    server: SocketAddr,
    client: SocketAddr,
    look: NamesLook<'_>,
) -> Result<Proof> {
    let sockets = answering(server, client, &*book.registry()?)?;
    let seen = occupancy(&sockets, &target.worktree);
    if let Occupancy::Ours { pid, beside: None, .. } = &seen
        && let Some(process) = process(&sockets, *pid)
    {
        return Ok(Proof { process: Some(process) });
    }
    if is_own_container(&seen, &sockets, target, look) {
        return Ok(Proof { process: None });
    }
    Err(refusal(target, seen))
}

fn process(sockets: &[Listener], pid: u32) -> Option<Running> {
    let mut owners = sockets.iter().flat_map(|socket| &socket.owners);
    let owner = owners.find(|owner| owner.pid == pid)?;
    Running::find(owner.pid, owner.started).ok().flatten()
}

fn is_own_container(
    seen: &Occupancy,
    sockets: &[Listener],
    target: &NamedTarget,
    look: NamesLook<'_>,
) -> bool {
    let Occupancy::Theirs(holder) = seen else { return false };
    if !holder.may_serve_containers() {
        return false;
    }
    let Ok(context) = look(&target.repository) else { return false };
    let registry = context.store().and_then(|store| store.read()).unwrap_or_default();
    let entry = registry.entries().find(|entry| entry.is_living() && entry.sequence == target.sequence);
    let Some(entry) = entry else { return false };
    let busy = Busy { port: target.port, listeners: sockets.to_vec(), denied: false };
    let own = containers::own(context.repository.as_ref(), entry, &busy, seen.clone());
    matches!(own, Occupancy::Ours { .. })
}

fn refusal(target: &NamedTarget, seen: Occupancy) -> Failure {
    let (service, port, name) = (&target.service, target.port, &target.worktree.name);
    let failure = match seen {
        Occupancy::Theirs(holder) | Occupancy::Ours { beside: Some(holder), .. } => {
            let message = format!("port {port} of `{service}` of `{name}` is held by {}", holder.told());
            named(Failure::new(Code::PortConflict, message), &holder)
                .hint(format!("`{}` says more about it", wt("ports owner {}", &[&port])))
        }
        _ => nobody(target),
    };
    failure
        .detail("service", service.as_str())
        .detail("port", port.number())
        .detail("worktree", name.as_str())
}

fn named(failure: Failure, holder: &Holder) -> Failure {
    let failure = failure.detail("pid", holder.pid);
    failure.detail("holder", holder.command.clone())
}

/// The failure of a service that does not listen.
#[must_use]
pub fn nobody(target: &NamedTarget) -> Failure {
    let (service, port, name) = (&target.service, target.port, &target.worktree.name);
    Failure::new(Code::ServiceFailed, format!("`{service}` of `{name}` does not listen on {port}"))
        .hint(format!("`{}` starts it", wt("up {} -w {}", &[service, name]).at(target.repository.display())))
        .detail("service", service.as_str())
        .detail("port", port.number())
        .detail("worktree", name.as_str())
}
