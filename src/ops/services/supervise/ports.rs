//! The ports that are kept for services: held until they listen themselves, or listened on for those that are handed a socket.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;

use crate::host::services::hold::{self, PortHold};
use crate::model::port::Port;
use crate::model::service::ServiceName;

#[derive(Debug, Default)]
pub(super) struct Ports {
    holds: BTreeMap<Port, PortHold>,
    /// Sockets that listen for services that are handed them.
    sockets: BTreeMap<Port, OwnedFd>,
    /// Services that do not share their port with the hold: they start without it.
    unshared: BTreeSet<ServiceName>,
}

impl Ports {
    /// Answers whether the port is kept, in either way.
    pub fn has(&self, port: Port) -> bool {
        self.holds.contains_key(&port) || self.sockets.contains_key(&port)
    }

    /// Answers whether the port is held.
    pub fn is_held(&self, port: Port) -> bool {
        self.holds.contains_key(&port)
    }

    /// Takes in ports that were held elsewhere.
    pub fn add(&mut self, holds: Vec<PortHold>) {
        self.holds.extend(holds.into_iter().map(|hold| (hold.port(), hold)));
    }

    /// Holds the port, unless it is kept already.
    ///
    /// # Errors
    ///
    /// Those of binding it: somebody else has it.
    pub fn hold(&mut self, port: Port) -> io::Result<()> {
        if !self.has(port) {
            self.holds.insert(port, PortHold::take(port)?);
        }
        Ok(())
    }

    /// Listens on the port for a service that will be handed the socket, unless that is so already.
    ///
    /// # Errors
    ///
    /// Those of listening.
    pub fn listen(&mut self, port: Port) -> io::Result<()> {
        if let Entry::Vacant(place) = self.sockets.entry(port) {
            place.insert(hold::listen(port)?);
        }
        Ok(())
    }

    /// Returns the socket that listens on the port.
    pub fn socket(&self, port: Port) -> Option<&OwnedFd> {
        self.sockets.get(&port)
    }

    /// Lets go of the port; of a socket that listens on it only `with_socket`.
    pub fn release(&mut self, port: Port, with_socket: bool) {
        self.holds.remove(&port);
        if with_socket {
            self.sockets.remove(&port);
        }
    }

    /// Lets go of all but the `wanted` ports, and of the sockets that listen but for those that are `handed_over`.
    pub fn keep_only(&mut self, wanted: &BTreeSet<Port>, handed_over: &BTreeSet<Port>) {
        self.holds.retain(|port, _| wanted.contains(port));
        self.sockets.retain(|port, _| handed_over.contains(port));
    }

    /// Takes note that the service shares its port with no hold; answers whether that is new.
    pub fn unshare(&mut self, service: &ServiceName) -> bool {
        self.unshared.insert(service.clone())
    }

    /// Answers whether the service shares its port with no hold.
    pub fn is_unshared(&self, service: &ServiceName) -> bool {
        self.unshared.contains(service)
    }

    /// Forgets that: it may be another program by now, or another port.
    pub fn forget_unshared(&mut self, service: &ServiceName) {
        self.unshared.remove(service);
    }
}
