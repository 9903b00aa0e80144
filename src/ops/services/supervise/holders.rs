//! Who has a port that a service was to have, in words. We ourselves are not told of: we hold and listen for services.

use super::supervisor::Supervisor;
use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::port::words::Words;
use crate::model::registry::table::Registry;

impl Supervisor<'_> {
    /// Names the stranger who listens on a port that is not his.
    pub fn holder(&self, port: Port) -> Option<String> {
        let registry = self.store().and_then(|store| store.read()).ok()?;
        let ourselves = self.ourselves.pid;
        // A socket that we made is a service's own, whoever was handed it besides.
        let is_meant =
            |socket: &Listener| socket.listening && socket.owners.iter().all(|owner| owner.pid != ourselves);
        Some(format!("port {port} is held by {}", named(port, &registry, is_meant)?))
    }
}

/// The first one who has such a socket of the port.
fn named(port: Port, registry: &Registry, is_meant: impl Fn(&Listener) -> bool) -> Option<String> {
    let busy = owner::attribute(&[port], registry).ok()?;
    let sockets = busy.iter().flat_map(|busy| &busy.listeners).filter(|socket| is_meant(socket));
    let owner = sockets.flat_map(|socket| &socket.owners).next()?;
    Some(Words::of(owner).sentence())
}
