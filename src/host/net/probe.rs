//! One verdict about one port: could a server start on it now? A bind answers; nothing listens, nothing is connected.
//! An outgoing connection whose local port it is makes it busy too: no server can bind there while it lasts.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::listeners::bound_ports;
use crate::error::{Code, Failure, Result};
use crate::model::port::Port;

pub use crate::model::port::listener::Probe;

/// Asks the machine whether a server could start on `port` now, on every local address and in every family it has.
///
/// Not seen: a socket bound with `SO_REUSEADDR` that never listens; [`bound_ports`] has those.
pub fn probe(port: Port) -> Result<Probe> {
    verdict(port, &ADDRESSES, |address| bind_only(address, port))
}

/// Returns the question that ports are chosen with: [`probe`], and busy too where the kernel's table shows a socket.
///
/// Where the kernel keeps its table to itself (a sandbox without `sock_diag`), binding alone decides.
pub fn prober() -> impl FnMut(Port) -> Result<Probe> {
    let taken = bound_ports().unwrap_or_default();
    move |port| {
        let verdict = probe(port)?;
        if verdict != Probe::Free || !taken.contains(&port) {
            return Ok(verdict);
        }
        // Perhaps it was only somebody else's probe, bound for an instant: look again.
        let remains = cfg!(not(target_os = "linux")) || bound_ports()?.contains(&port);
        Ok(if remains { Probe::Busy } else { Probe::Free })
    }
}

/// Where to bind, in order: on Linux the first family that exists sees every listener of both.
#[cfg(target_os = "linux")]
const ADDRESSES: [IpAddr; 2] = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];

/// Where to bind: BSD lets a specific address in beside a wildcard, so each is asked by itself.
#[cfg(not(target_os = "linux"))]
const ADDRESSES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// Whether one bind on the dual-stack wildcard answers for all addresses.
const ONE_IS_ENOUGH: bool = cfg!(target_os = "linux");

fn verdict(
    port: Port,
    addresses: &[IpAddr],
    mut bind: impl FnMut(IpAddr) -> io::Result<()>,
) -> Result<Probe> {
    let mut missing = None;
    let mut bound = false;
    for address in addresses {
        match bind(*address) {
            Ok(()) if ONE_IS_ENOUGH => return Ok(Probe::Free),
            Ok(()) => bound = true,
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Ok(Probe::Busy),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Probe::Denied),
            Err(error) if is_missing_family(&error) => missing = Some(error),
            Err(error) => return Err(unanswered(port, error)),
        }
    }
    match missing {
        Some(error) if !bound => Err(unanswered(port, error)),
        _ => Ok(Probe::Free),
    }
}

fn unanswered(port: Port, error: io::Error) -> Failure {
    Failure::from_io(error, Code::Internal, format_args!("cannot ask whether port {port} is free"))
}

/// A kernel without the family, or a family without addresses, says nothing about the port.
fn is_missing_family(error: &io::Error) -> bool {
    let missing = [
        Errno::AFNOSUPPORT,
        Errno::PROTONOSUPPORT,
        Errno::ADDRNOTAVAIL,
        Errno::PROTOTYPE,
        Errno::PFNOSUPPORT,
    ];
    Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno))
}

fn bind_only(address: IpAddr, port: Port) -> io::Result<()> {
    let domain = if address.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // Servers set it, and without it the remains of old connections (TIME_WAIT) would look like a holder.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Dual-stack on Linux, whatever `net.ipv6.bindv6only` says; on BSD the IPv4 addresses are asked separately.
        socket.set_only_v6(!ONE_IS_ENOUGH)?;
    }
    // No listen: a listener makes this bind fail already, and while we listened we would look like a holder to
    // another one who asks, stop a server that just starts, and accept a stranger's connection.
    socket.bind(&SocketAddr::new(address, port.number()).into())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn port_of(address: SocketAddr) -> Port {
        Port::new(address.port()).unwrap()
    }

    fn socket(address: &str, only_v6: bool, reuse: bool) -> Option<(Socket, Port)> {
        let address: SocketAddr = address.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        if address.is_ipv6() {
            socket.set_only_v6(only_v6).unwrap();
        }
        socket.set_reuse_address(reuse).unwrap();
        socket.bind(&address.into()).ok()?;
        let port = port_of(socket.local_addr().unwrap().as_socket().unwrap());
        Some((socket, port))
    }

    /// A local address other than loopback, where the machine has one: what a packet to the outside would come from.
    fn outward_address() -> Option<IpAddr> {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
        socket.connect("192.0.2.1:9").ok()?;
        let address = socket.local_addr().ok()?.ip();
        (!address.is_unspecified()).then_some(address)
    }

    #[test]
    fn a_listener_on_any_local_address_of_either_family_is_seen() {
        let outward = outward_address().map(|address| SocketAddr::new(address, 0).to_string());
        let plain = ["127.0.0.1:0", "127.0.0.2:0", "0.0.0.0:0", "[::1]:0", "[::]:0"];
        for address in plain.iter().map(ToString::to_string).chain(outward) {
            for (only_v6, reuse) in [(true, true), (true, false), (false, true), (false, false)] {
                // A machine without IPv6 cannot be asked about it.
                let Some((socket, port)) = socket(&address, only_v6, reuse) else { continue };
                socket.listen(1).unwrap();
                assert_eq!(probe(port).unwrap(), Probe::Busy, "{address} only_v6={only_v6} reuse={reuse}");
            }
        }
    }

    #[test]
    fn a_port_is_free_again_once_its_listener_is_gone() {
        // Somebody else may be given the port in the meantime, but not every time.
        let freed = (0..50).any(|_| {
            let (socket, port) = socket("127.0.0.1:0", false, false).unwrap();
            socket.listen(1).unwrap();
            drop(socket);
            probe(port).unwrap() == Probe::Free
        });
        assert!(freed);
    }

    #[test]
    fn a_socket_that_is_bound_and_does_not_listen_is_seen() {
        for address in ["127.0.0.1:0", "127.0.0.2:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Some((_held, port)) = socket(address, false, false) else { continue };
            assert_eq!(probe(port).unwrap(), Probe::Busy, "{address}");
            let Some((_held, port)) = socket(address, true, true) else { continue };
            assert_eq!(prober()(port).unwrap(), Probe::Busy, "{address} with SO_REUSEADDR");
            assert!(bound_ports().unwrap().contains(&port), "{address} with SO_REUSEADDR");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn two_who_ask_at_once_do_not_take_each_other_for_a_holder() {
        // Held without listening, so that the kernel gives the port to nobody else meanwhile.
        let (_held, port) = socket("0.0.0.0:0", false, true).unwrap();
        let ask = || (0..2000).all(|_| probe(port).unwrap() == Probe::Free);
        std::thread::scope(|scope| {
            let other = scope.spawn(ask);
            assert!(ask());
            assert!(other.join().unwrap());
        });
    }

    #[test]
    fn what_a_finished_server_leaves_in_time_wait_is_free() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        let (accepted, _) = server.accept().unwrap();
        drop(accepted);
        // The server's side closed first: reading its end and closing ours leaves TIME_WAIT on the server's port.
        io::copy(&mut client, &mut io::sink()).unwrap();
        drop((client, server));
        assert_eq!(prober()(port_of(address)).unwrap(), Probe::Free);
    }

    #[test]
    fn the_local_port_of_an_outgoing_connection_is_busy_for_no_server_can_start_there() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let local = client.local_addr().unwrap();
        assert_eq!(probe(port_of(local)).unwrap(), Probe::Busy);
        assert!(TcpListener::bind(("0.0.0.0", local.port())).is_err());
    }

    #[cfg(target_os = "linux")]
    mod families {
        use super::*;

        fn failing(errno: Errno) -> io::Result<()> {
            Err(io::Error::from(errno))
        }

        fn probed(six: impl Fn() -> io::Result<()>, four: impl Fn() -> io::Result<()>) -> Result<Probe> {
            let port = Port::new(5000).unwrap();
            verdict(port, &ADDRESSES, |address| if address.is_ipv6() { six() } else { four() })
        }

        #[test]
        fn without_ipv6_the_answer_is_that_of_ipv4() {
            for missing in [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL] {
                let six = || failing(missing);
                assert_eq!(probed(six, || Ok(())).unwrap(), Probe::Free);
                assert_eq!(probed(six, || failing(Errno::ADDRINUSE)).unwrap(), Probe::Busy);
                assert_eq!(probed(six, || failing(Errno::ACCESS)).unwrap(), Probe::Denied);
            }
        }

        #[test]
        fn without_any_family_and_for_other_errors_there_is_no_verdict() {
            let missing = || failing(Errno::AFNOSUPPORT);
            assert_eq!(probed(missing, missing).unwrap_err().code(), Code::Internal);
            assert_eq!(probed(|| failing(Errno::MFILE), || Ok(())).unwrap_err().code(), Code::Internal);
            assert_eq!(probed(|| failing(Errno::ACCESS), || Ok(())).unwrap(), Probe::Denied);
        }
    }
}
