//! Who has a port that a service was to have, in words. We ourselves are not told of: we hold and listen for services.

use super::supervisor::Supervisor;
use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::ops::ports::situations;

impl Supervisor<'_> {
    /// Names the stranger who listens on a port that is not his.
    pub fn holder(&self, port: Port) -> Option<String> {
        let registry = self.store().and_then(|store| store.read()).ok()?;
        let ourselves = self.ourselves.pid;
        // A socket that we made is a service's own, whoever was handed it besides.
        let is_meant =
            |socket: &Listener| socket.listening && socket.owners.iter().all(|owner| owner.pid != ourselves);
        let mut busy = owner::attribute(&[port], &registry).ok()?.pop()?;
        busy.listeners.retain(is_meant);
        let situation = situations::of_one(&self.host.name(), &registry, &busy, self.wish.sequence);
        let first = situation.holders.iter().find(|holder| holder.pid.is_some())?;
        Some(format!("port {port} is held by {}", first.told()))
    }
}
