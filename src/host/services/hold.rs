//! A port kept from everybody but its own service until that listens: bound, never listening, and shared by
//! `SO_REUSEADDR`, so that a server which sets it too (as nearly all do) starts on the port unmodified.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::model::port::Port;

/// How many clients may wait for a server that does not exist yet.
const BACKLOG: i32 = 1024;

/// A held port; dropping it lets go.
///
/// On Linux the kernel gives a held port neither to a `bind` of port 0 nor to an outgoing connection. Elsewhere a second
/// bind would stop the server itself, so that nothing is held.
#[derive(Debug)]
pub struct PortHold {
    port: Port,
    _socket: Option<Socket>,
}

impl PortHold {
    /// Holds `port` on every address of both families, or of IPv4 alone where there is no IPv6.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when somebody listens there, or holds it without sharing; `PermissionDenied` for a privileged port.
    pub fn take(port: Port) -> io::Result<Self> {
        if cfg!(not(target_os = "linux")) {
            return Ok(Self { port, _socket: None });
        }
        let any_six = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let socket = match bound(any_six, port) {
            Err(error) if is_missing_family(&error) => bound(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)?,
            other => other?,
        };
        Ok(Self { port, _socket: Some(socket) })
    }

    /// Returns the held port.
    #[must_use]
    pub fn port(&self) -> Port {
        self.port
    }
}

/// Returns a socket that listens on `port` already, for a service that is handed it (`sd_listen_fds(3)`): who connects
/// before the server runs waits in its queue. It is bound to 127.0.0.1 alone, since one socket covers both loopbacks
/// only by being open to the network; `localhost` gets there from `::1` at once, where nobody listens.
///
/// # Errors
///
/// `AddrInUse` when somebody listens there; a [`PortHold`] of the same port is not in the way.
pub fn listen(port: Port) -> io::Result<OwnedFd> {
    let socket = bound(IpAddr::V4(Ipv4Addr::LOCALHOST), port)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The socket is closed on exec: no service inherits the hold of another.
fn bound(address: IpAddr, port: Port) -> io::Result<Socket> {
    let domain = if address.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&SocketAddr::new(address, port.number()).into())?;
    Ok(socket)
}

fn is_missing_family(error: &io::Error) -> bool {
    let missing = [Errno::AFNOSUPPORT, Errno::PROTONOSUPPORT, Errno::ADDRNOTAVAIL, Errno::PFNOSUPPORT];
    Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// A port that the kernel would give away: held by us before anybody else can have it.
    fn held() -> PortHold {
        loop {
            let found = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
            let port = Port::new(found.local_addr().unwrap().port()).unwrap();
            drop(found);
            if let Ok(hold) = PortHold::take(port) {
                return hold;
            }
        }
    }

    #[test]
    fn a_server_that_shares_addresses_starts_on_a_held_port_in_either_family() {
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            let hold = held();
            let address: IpAddr = address.parse().unwrap();
            // The standard library sets SO_REUSEADDR, as most servers do.
            let server = TcpListener::bind((address, hold.port().number()));
            // Where the system has no such family there is nothing to start on.
            let is_missing = server.as_ref().is_err_and(|error| {
                error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(97)
            });
            assert!(server.is_ok() || (address.is_ipv6() && is_missing), "{address}: {server:?}");
        }
    }

    #[test]
    fn a_held_port_is_refused_to_whoever_shares_nothing() {
        let hold = held();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let address: SocketAddr = (Ipv4Addr::LOCALHOST, hold.port().number()).into();
        assert_eq!(socket.bind(&address.into()).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(hold);
        socket.bind(&address.into()).unwrap();
    }

    #[test]
    fn a_port_with_a_listener_cannot_be_held() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = Port::new(server.local_addr().unwrap().port()).unwrap();
        assert_eq!(PortHold::take(port).unwrap_err().kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn a_client_that_comes_before_the_server_gets_its_answer() {
        let hold = held();
        let listening = listen(hold.port()).unwrap();
        drop(hold);
        let port = TcpListener::from(listening.try_clone().unwrap()).local_addr().unwrap().port();
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut accepted, _) = TcpListener::from(listening).accept().unwrap();
        accepted.write_all(b"late, but here").unwrap();
        drop(accepted);
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "late, but here");
    }
}
