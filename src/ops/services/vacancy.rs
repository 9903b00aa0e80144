//! Whether the ports of a worktree are its own at this moment, and the one that a command is about to listen on is taken for
//! it: both under the registry's lock, so that nobody else is given a port between the look and the hold.

use super::occupied;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::owner::attribute;
use crate::host::services::hold::PortHold;
use crate::host::store::Store;
use crate::model::port::Port;
use crate::model::port::listener::{Busy, WorktreeKey};
use crate::model::port::occupancy::{Occupancy, occupancy};
use crate::model::port::refused::RefusedPort;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::ops::ports::{containers, situations};

/// A port of the worktree that somebody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TakenPort {
    pub service: ServiceName,
    pub port: Port,
    /// Who has it, in words.
    pub holder: String,
}

/// Who is on the ports.
#[derive(Debug)]
pub(super) enum Occupied {
    /// Nobody but the worktree itself; held is the port to listen on, where nobody listens there.
    Free(Option<PortHold>),
    /// Strangers or siblings.
    ByOthers(Vec<TakenPort>),
    /// No server could start on the port to listen on, and none of anybody is there.
    Unusable(TakenPort),
}

/// Returns what is said of ports that others have.
pub(super) fn told(taken: &[TakenPort]) -> String {
    let one = |taken: &TakenPort| {
        format!("port {} of `{}` is not free: {}", taken.port, taken.service, taken.holder)
    };
    taken.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Looks who is on `ports`, and holds the port of `target` where nobody else is on any of them.
///
/// # Errors
///
/// Fails when the registry or the machine cannot be asked.
pub(super) fn occupy(
    context: &Context,
    entry: &Entry,
    target: Option<&(ServiceName, Port)>,
    ports: &[(ServiceName, Port)],
) -> Result<Occupied> {
    let look = Look { context, entry, target, ports };
    let store = context.store()?;
    match look.under_lock(&store, None)? {
        Seen::Known(occupied) => Ok(occupied),
        Seen::Containers(doubtful) => {
            // The engine is a child process, and may take its time: it is asked without the lock.
            let repository = context.require_repository()?;
            let is_own = |port: &Port| containers::is_of_worktree(repository, entry, *port);
            let own: Vec<Port> = doubtful.into_iter().filter(is_own).collect();
            match look.under_lock(&store, Some(&own))? {
                Seen::Known(occupied) => Ok(occupied),
                // It was told which of them are the worktree's, and says of the others that somebody has them.
                Seen::Containers(_) => Err(Failure::new(Code::Internal, "a look at ports came to no end")),
            }
        }
    }
}

/// What one look brought.
enum Seen {
    Known(Occupied),
    /// These ports are held by what may serve a container of the worktree.
    Containers(Vec<Port>),
}

#[derive(Clone, Copy)]
struct Look<'a> {
    context: &'a Context,
    entry: &'a Entry,
    target: Option<&'a (ServiceName, Port)>,
    ports: &'a [(ServiceName, Port)],
}

impl Look<'_> {
    /// Looks under the registry's lock, and notes what others hold.
    fn under_lock(self, store: &Store<Registry>, own: Option<&[Port]>) -> Result<Seen> {
        let noted = store.update_after(
            |registry| self.at(registry, own),
            |registry, seen| {
                if let Seen::Known(Occupied::ByOthers(taken)) = seen {
                    for taken in taken {
                        self.record(registry, taken);
                    }
                }
                Ok(())
            },
        );
        noted.map(|((), seen)| seen)
    }

    /// Looks; `own` are the ports of the worktree's own containers, where that has been asked.
    fn at(self, registry: &Registry, own: Option<&[Port]>) -> Result<Seen> {
        let entry = self.entry;
        let key = WorktreeKey { repository: entry.repository_id.clone(), name: entry.name.clone() };
        let numbers: Vec<Port> = self.ports.iter().map(|(_, port)| *port).collect();
        let busy = attribute(&numbers, registry)?;
        let (mut taken, mut doubtful) = (Vec::new(), Vec::new());
        let mut is_served = false;
        for ((service, port), busy) in self.ports.iter().zip(&busy) {
            let seen = occupancy(&busy.listeners, &key);
            let is_target = self.target.is_some_and(|(known, _)| known == service);
            is_served |= is_target && seen != Occupancy::Nobody;
            let holder = match &seen {
                _ if !has(registry, entry, *port) => "it was taken from this worktree just now".to_owned(),
                Occupancy::Theirs(holder) | Occupancy::Ours { beside: Some(holder), .. } => {
                    if own.is_some_and(|own| own.contains(port)) {
                        continue;
                    }
                    if own.is_none() && holder.may_serve_containers() {
                        doubtful.push(*port);
                    }
                    in_the_way(self.context, registry, entry.sequence, busy).unwrap_or_else(|| holder.told())
                }
                Occupancy::Nobody | Occupancy::Reserved { .. } | Occupancy::Ours { .. } => continue,
            };
            taken.push(TakenPort { service: service.clone(), port: *port, holder });
        }
        if !doubtful.is_empty() {
            return Ok(Seen::Containers(doubtful));
        }
        if !taken.is_empty() {
            return Ok(Seen::Known(Occupied::ByOthers(taken)));
        }
        let Some((service, port)) = self.target.filter(|_| !is_served) else {
            return Ok(Seen::Known(Occupied::Free(None)));
        };
        Ok(Seen::Known(match PortHold::take(*port) {
            Ok(hold) => Occupied::Free(Some(hold)),
            Err(error) => {
                let holder =
                    occupied::why(&self.context.host.name(), (entry.sequence, *port), &error, registry);
                Occupied::Unusable(TakenPort { service: service.clone(), port: *port, holder })
            }
        }))
    }

    fn record(self, registry: &mut Registry, taken: &TakenPort) {
        let TakenPort { service, port, holder } = taken;
        let holders = attribute(&[*port], registry).unwrap_or_default();
        let purpose = self.entry.purpose.as_ref();
        let refused = RefusedPort { service: Some(service), purpose, port: *port, holders: &holders };
        let event = refused.told(&format!("port {port} of a run is held by {holder}"));
        registry.record_event(self.context.now(), event.of(&self.entry.repository, &self.entry.name));
    }
}

/// Who is in the way, the gravest of them, in the words that everybody uses.
fn in_the_way(context: &Context, registry: &Registry, sequence: u64, busy: &Busy) -> Option<String> {
    let situation = situations::of_one(&context.host.name(), registry, busy, sequence);
    situation.intruders().first().map(|holder| holder.told())
}

fn has(registry: &Registry, entry: &Entry, port: Port) -> bool {
    let is_it = |known: &Entry| known.sequence == entry.sequence && known.is_living();
    registry.entries().any(|known| is_it(known) && known.ports().any(|own| own == port))
}
