//! Who is at the other end of a connection that we made on this machine: the process that accepted it, or those that may
//! accept it yet.

use std::net::{IpAddr, SocketAddr};

use super::listeners::{accepted, listeners};
use super::owner;
use crate::error::Result;
use crate::model::port::Port;
use crate::model::port::listener::Listener;
use crate::model::registry::table::Registry;

/// Returns the sockets at the other end of the connection from `client` to `server`, with their processes and worktrees: the
/// one that has it, or while nobody accepted it all on which it may wait. None where there is no such connection any more.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
pub fn answering(server: SocketAddr, client: SocketAddr, registry: &Registry) -> Result<Vec<Listener>> {
    let Some(port) = Port::new(server.port()) else { return Ok(Vec::new()) };
    // Listeners first: a connection that nobody accepted until later waits on one of those that are seen now. One that was
    // closed before took all connections that waited on it along.
    let mut sockets = listeners()?;
    sockets.retain(|socket| socket.port == port && socket.listening);
    let mut found = match accepted(server, client)? {
        Some(taken) if taken.inode != 0 => vec![Listener {
            port,
            address: server.ip(),
            listening: true,
            user: taken.user,
            inode: taken.inode,
            owners: Vec::new(),
        }],
        Some(_) => waited_on(sockets, server.ip()),
        None => Vec::new(),
    };
    owner::name(&mut found, registry);
    Ok(found)
}

/// The kernel prefers the socket that is bound to the very address.
fn waited_on(sockets: Vec<Listener>, address: IpAddr) -> Vec<Listener> {
    let is_exact = |socket: &Listener| socket.address.to_canonical() == address;
    let (exact, others): (Vec<Listener>, Vec<Listener>) = sockets.into_iter().partition(is_exact);
    if !exact.is_empty() {
        return exact;
    }
    // `::` may take IPv4 too; it is not told whether.
    let may = |socket: &Listener| {
        socket.address.is_unspecified() && (socket.address.is_ipv6() || address.is_ipv4())
    };
    others.into_iter().filter(may).collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_socket_that_waits_or_has_accepted_is_found_and_a_listener_that_came_later_is_not() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let from = client.local_addr().unwrap();
        let pids = || -> Vec<u32> {
            let found = answering(address, from, &Registry::default()).unwrap();
            found.iter().flat_map(|socket| &socket.owners).map(|owner| owner.pid).collect()
        };
        // A child of another test has our sockets until it becomes its program.
        let is_ours = || pids().contains(&std::process::id());
        assert!(is_ours(), "it waits on our socket");
        let (taken, _) = server.accept().unwrap();
        drop(server);
        assert!(is_ours(), "we have it, and nobody listens");
        drop((taken, client));
        assert!(!is_ours());
    }
}
