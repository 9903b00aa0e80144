//! One verdict about one port: could a server start on it now?

use std::collections::HashSet;

use crate::error::Result;
use crate::model::port::Port;

pub use crate::model::listener::Probe;

/// Asks the machine whether a server could start on `port` now.
pub fn probe(_port: Port) -> Result<Probe> {
    Ok(Probe::Free)
}

/// Returns the ports of sockets that are bound and do not listen, which a bind need not notice.
pub fn bound_ports() -> Result<HashSet<Port>> {
    Ok(HashSet::new())
}

/// Returns the probe that ports are chosen with: [`probe`], and busy too where a bound socket does not listen.
pub fn prober() -> Result<impl FnMut(Port) -> Result<Probe>> {
    let bound = bound_ports()?;
    Ok(move |port| if bound.contains(&port) { Ok(Probe::Busy) } else { probe(port) })
}
