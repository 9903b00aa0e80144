//! Who has a port that cannot be held, in words: a process, or a connection that no server gets past.

use std::io::{Error, ErrorKind};

use crate::host::net::owner;
use crate::model::port::Port;
use crate::model::port::holder::Holder;
use crate::model::port::words::Words;
use crate::model::registry::table::Registry;
use crate::ops::ports::holders::connection;
use crate::ops::ports::situations;

/// Returns why the worktree with that sequence cannot hold a port: `held by python3 (pid 4242, /srv/demo), a stranger`.
pub(super) fn why(host: &str, (sequence, port): (u64, Port), error: &Error, registry: &Registry) -> String {
    if error.kind() == ErrorKind::AddrInUse {
        format!("held by {}", holder(host, sequence, port, registry))
    } else {
        format!("not to be had: {error}")
    }
}

fn holder(host: &str, sequence: u64, port: Port, registry: &Registry) -> String {
    let busy = owner::attribute(&[port], registry).unwrap_or_default();
    let situation = busy.iter().map(|busy| situations::of_one(host, registry, busy, sequence)).next();
    let named = situation.and_then(|situation| {
        let first = situation.intruders().first().map(|holder| holder.told());
        first.or_else(|| situation.holders.first().map(Holder::told))
    });
    let holder = named.or_else(|| connection(port).map(str::to_owned));
    holder.unwrap_or_else(|| Words::default().sentence())
}
