//! Who has a port that cannot be held, in words: a process, or a connection that no server gets past.

use std::io::{Error, ErrorKind};

use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::words::{Words, sentence_of};
use crate::model::registry::table::Registry;
use crate::ops::ports::holders::connection;

/// Returns why a port cannot be held: `held by python3 (pid 4242, /srv/demo)`.
pub(super) fn why(port: Port, error: &Error, registry: &Registry) -> String {
    if error.kind() == ErrorKind::AddrInUse {
        format!("held by {}", holder(port, registry))
    } else {
        format!("not to be had: {error}")
    }
}

fn holder(port: Port, registry: &Registry) -> String {
    let busy = owner::attribute(&[port], registry).unwrap_or_default();
    let sockets = || busy.iter().flat_map(|busy| &busy.listeners);
    let named = sockets().flat_map(|socket| &socket.owners).next().map(|owner| Words::of(owner).sentence());
    let unnamed = || sockets().next().map(sentence_of);
    let holder = named.or_else(unnamed).or_else(|| connection(port).map(str::to_owned));
    holder.unwrap_or_else(|| Words::default().sentence())
}
