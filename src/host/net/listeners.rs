//! Every TCP socket that listens on a port or is merely bound to one, from the kernel's own table.
//! Connections are never among them, so no client can be taken for a server.

use std::net::IpAddr;

use crate::model::port::Port;

#[cfg(target_os = "linux")]
pub use linux::{accepted, bound_ports, clients, connections, listeners, queues};
#[cfg(not(target_os = "linux"))]
pub use other::{accepted, bound_ports, clients, connections, listeners, queues};

/// A connection that has a local port, as a client's or as what a server accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    pub port: Port,
    /// Ended on our side, and kept by the kernel for late packets (`TIME_WAIT`): no server minds.
    pub is_past: bool,
}

/// A connection to a port of this machine, seen from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    pub port: Port,
    /// Where the other side is.
    pub address: std::net::SocketAddr,
    /// Ended, and kept by the kernel for late packets (`TIME_WAIT`) on either side.
    pub is_past: bool,
}

/// The socket that a server has for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// 0 before somebody accepted it.
    pub inode: u64,
    /// The user id that owns it.
    pub user: u32,
}

/// How many connections wait on a listening socket to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub port: Port,
    pub address: IpAddr,
    pub waiting: u32,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::io;
    use std::net::SocketAddr as Address;

    use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
    use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP, TCP_LISTEN, TCP_TIME_WAIT};
    use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags};
    use netlink_packet_sock_diag::{SOCK_DIAG_BY_FAMILY, SockDiagMessage};
    use netlink_sys::protocols::NETLINK_SOCK_DIAG;
    use netlink_sys::{Socket, SocketAddr};
    use rustix::io::Errno;

    use super::{Accepted, Client, Connection, Queue};
    use crate::error::{Code, Failure, Result};
    use crate::model::port::Port;
    use crate::model::port::listener::Listener;

    /// `TCPF_BOUND_INACTIVE` (`net/tcp_states.h`): bound sockets that do not listen, since Linux 6.8.
    const BOUND_INACTIVE: u32 = 1 << 13;

    /// `TCPDIAG_GETSOCK` (`linux/inet_diag.h`), the question from before there were others than TCP's: its answers have the
    /// same form as those to `SOCK_DIAG_BY_FAMILY`, for all families at once.
    const ALL_FAMILIES: u16 = 18;

    /// Where the type of a message stands in it (netlink(7)).
    const TYPE: std::ops::Range<usize> = 4..6;

    /// The kernel fills at most 32 KiB per answer (netlink(7)).
    const ANSWER_SIZE: usize = 64 * 1024;

    /// Returns every listening or merely bound TCP socket of this network namespace, without owners.
    pub fn listeners() -> Result<Vec<Listener>> {
        let mut found = Vec::new();
        let states = StateFlags::LISTEN.union(StateFlags::from_bits_retain(BOUND_INACTIVE));
        each_socket(&states, |response| found.extend(listener(response)))?;
        Ok(found)
    }

    /// Returns the ports of sockets that are bound and do not listen; none before Linux 6.8. Every create asks, so nothing
    /// else is looked at on the way.
    pub fn bound_ports() -> Result<HashSet<Port>> {
        let mut found = HashSet::new();
        each_socket(&StateFlags::from_bits_retain(BOUND_INACTIVE), |response| {
            found.extend(Port::new(response.header.socket_id.source_port));
        })?;
        Ok(found)
    }

    /// Returns the accept queues of all listening sockets (`idiag_rqueue` of `sock_diag(7)`).
    pub fn queues() -> Result<Vec<Queue>> {
        let mut found = Vec::new();
        each_socket(&StateFlags::LISTEN, |response| {
            let header = &response.header;
            let queue =
                |port| Queue { port, address: header.socket_id.source_address, waiting: header.recv_queue };
            found.extend(Port::new(header.socket_id.source_port).map(queue));
        })?;
        Ok(found)
    }

    /// Returns the connections that have one of `ports` on this side, whatever their state.
    pub fn connections(ports: &[Port]) -> Result<Vec<Connection>> {
        let mut found = Vec::new();
        let states = StateFlags::all().difference(StateFlags::LISTEN.union(StateFlags::CLOSE));
        each_socket(&states, |response| {
            let header = &response.header;
            let port = Port::new(header.socket_id.source_port).filter(|port| ports.contains(port));
            found.extend(port.map(|port| Connection { port, is_past: header.state == TCP_TIME_WAIT }));
        })?;
        Ok(found)
    }

    /// Returns who is, or was a moment ago, connected to one of `ports`, whichever side the kernel remembers.
    pub fn clients(ports: &[Port]) -> Result<Vec<Client>> {
        let mut found = Vec::new();
        let states = StateFlags::all().difference(StateFlags::LISTEN.union(StateFlags::CLOSE));
        each_socket(&states, |response| {
            let (id, is_past) = (&response.header.socket_id, response.header.state == TCP_TIME_WAIT);
            let here = Port::new(id.source_port).filter(|port| ports.contains(port));
            let there = Port::new(id.destination_port).filter(|port| ports.contains(port));
            if let Some(port) = here {
                let address = Address::new(id.destination_address.to_canonical(), id.destination_port);
                found.push(Client { port, address, is_past });
            } else if let Some(port) = there.filter(|_| id.destination_address.to_canonical().is_loopback()) {
                let address = Address::new(id.source_address.to_canonical(), id.source_port);
                found.push(Client { port, address, is_past });
            }
        })?;
        Ok(found)
    }

    /// Returns the socket at `server` that has the connection from `client`; `None` where there is no such connection.
    pub fn accepted(server: Address, client: Address) -> Result<Option<Accepted>> {
        let mut found = None;
        let states = StateFlags::all().difference(StateFlags::LISTEN.union(StateFlags::CLOSE));
        let is_it = |address: std::net::IpAddr, port: u16, wanted: Address| {
            port == wanted.port() && address.to_canonical() == wanted.ip().to_canonical()
        };
        each_socket(&states, |response| {
            let id = &response.header.socket_id;
            if is_it(id.source_address, id.source_port, server)
                && is_it(id.destination_address, id.destination_port, client)
            {
                let header = &response.header;
                found = Some(Accepted { inode: u64::from(header.inode), user: header.uid });
            }
        })?;
        Ok(found)
    }

    fn each_socket(states: &StateFlags, mut see: impl FnMut(&InetResponse)) -> Result<()> {
        let failed = |error| Failure::from_io(error, Code::Internal, "cannot read the kernel's sockets");
        let mut socket = open().map_err(failed)?;
        // One walk through the kernel's tables instead of two. Whoever does not know the question says so at once.
        let mut has_begun = false;
        let first = |response: &InetResponse| {
            has_begun = true;
            see(response);
        };
        match dump(&mut socket, &request_of_all(states), first) {
            Ok(()) => return Ok(()),
            Err(error) if has_begun => return Err(failed(error)),
            Err(_) => socket = open().map_err(failed)?,
        }
        for (family, socket_id) in [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())] {
            match dump(&mut socket, &request(family, socket_id, states.clone()), &mut see) {
                // A kernel without IPv6 has no sockets of that family.
                Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) && family == AF_INET6 => {}
                Err(error) => return Err(failed(error)),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn open() -> io::Result<Socket> {
        let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(socket)
    }

    fn dump(socket: &mut Socket, request: &[u8], mut see: impl FnMut(&InetResponse)) -> io::Result<()> {
        socket.send(request, 0)?;
        let mut buffer = vec![0; ANSWER_SIZE];
        loop {
            let size = socket.recv(&mut &mut buffer[..], 0)?;
            let mut rest = buffer.get_mut(..size).unwrap_or_default();
            while !rest.is_empty() {
                if let Some(kind) = rest.get_mut(TYPE)
                    && *kind == ALL_FAMILIES.to_ne_bytes()
                {
                    kind.copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
                }
                let message =
                    NetlinkMessage::<SockDiagMessage>::deserialize(rest).map_err(io::Error::other)?;
                match message.payload {
                    NetlinkPayload::Done(_) => return Ok(()),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                        see(&response);
                    }
                    _ => {}
                }
                // Messages are aligned to four bytes; a length of zero would never end.
                let length = (message.header.length as usize).next_multiple_of(4);
                rest = if length == 0 { &mut [] } else { rest.get_mut(length..).unwrap_or_default() };
            }
        }
    }

    /// A header, then `struct inet_diag_req`: the lengths of addresses, an id that leaves everything open, the states, and
    /// no further conditions.
    fn request_of_all(states: &StateFlags) -> Vec<u8> {
        const LENGTH: u32 = 16 + 4 + 48 + 4 + 4;
        let mut bytes = Vec::new();
        bytes.extend(LENGTH.to_ne_bytes());
        bytes.extend(ALL_FAMILIES.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
        bytes.resize(16 + 4 + 48, 0);
        bytes.extend(states.bits().to_ne_bytes());
        bytes.resize(LENGTH as usize, 0);
        bytes
    }

    fn request(family: u8, socket_id: SocketId, states: StateFlags) -> Vec<u8> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        let request = SockDiagMessage::InetRequest(InetRequest {
            family,
            protocol: IPPROTO_TCP,
            extensions: ExtensionFlags::empty(),
            states,
            socket_id,
        });
        let mut message = NetlinkMessage::new(header, request.into());
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes
    }

    fn listener(response: &InetResponse) -> Option<Listener> {
        let header = &response.header;
        Some(Listener {
            port: Port::new(header.socket_id.source_port)?,
            address: header.socket_id.source_address,
            listening: header.state == TCP_LISTEN,
            user: header.uid,
            inode: u64::from(header.inode),
            owners: Vec::new(),
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::collections::HashSet;

    use super::{Accepted, Client, Connection, Queue};
    use crate::error::{Code, Failure, Result};
    use crate::model::port::Port;
    use crate::model::port::listener::{Listener, Owner};

    /// Fails: other systems are not asked for connections.
    pub fn clients(_: &[Port]) -> Result<Vec<Client>> {
        Err(Failure::new(Code::Internal, "the system is not asked who is connected"))
    }

    /// Returns one that nobody accepted yet: other systems are not asked, and whoever listens is looked at.
    pub fn accepted(_: std::net::SocketAddr, _: std::net::SocketAddr) -> Result<Option<Accepted>> {
        Ok(Some(Accepted { inode: 0, user: rustix::process::getuid().as_raw() }))
    }

    /// Returns nothing: other systems do not tell how many connections wait.
    pub fn queues() -> Result<Vec<Queue>> {
        Ok(Vec::new())
    }

    /// Returns nothing: other systems are not asked for connections.
    pub fn connections(_ports: &[Port]) -> Result<Vec<Connection>> {
        Ok(Vec::new())
    }

    /// Returns the ports of all listening sockets: what is bound and does not listen is not told.
    pub fn bound_ports() -> Result<HashSet<Port>> {
        Ok(listeners()?.into_iter().map(|listener| listener.port).collect())
    }

    /// Returns every listening TCP socket with the process that holds it. Untested: no such machine was at hand.
    pub fn listeners() -> Result<Vec<Listener>> {
        let all = listeners::get_all().map_err(|error| {
            Failure::new(Code::Internal, format!("cannot read the system's sockets: {error}"))
        })?;
        // The crate lists connections too.
        let tcp = all.into_iter().filter(|listener| {
            listener.protocol == listeners::Protocol::TCP && listener.state == listeners::SocketState::Listen
        });
        let found = tcp.filter_map(|listener| {
            Some(Listener {
                port: Port::new(listener.socket.port())?,
                address: listener.socket.ip(),
                listening: true,
                user: rustix::process::getuid().as_raw(),
                inode: 0,
                owners: vec![Owner {
                    pid: listener.process.pid,
                    command: listener.process.name,
                    folder: None,
                    user: None,
                    worktree: None,
                    since: None,
                    belongs_to: None,
                    started: 0,
                    parent: 0,
                }],
            })
        });
        Ok(found.collect())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::{clients, listeners, queues};
    use crate::model::port::Port;

    #[test]
    fn a_connection_waits_in_the_queue_until_it_is_accepted() {
        let server = TcpListener::bind("127.0.0.3:0").unwrap();
        let address = server.local_addr().unwrap();
        let waiting = || {
            let all = queues().unwrap();
            let is_it = |queue: &&super::Queue| {
                queue.port.number() == address.port() && queue.address == address.ip()
            };
            all.iter().find(is_it).unwrap().waiting
        };
        assert_eq!(waiting(), 0);
        let _client = TcpStream::connect(address).unwrap();
        assert_eq!(waiting(), 1);
        let _accepted = server.accept().unwrap();
        assert_eq!(waiting(), 0);
    }

    #[test]
    fn who_is_connected_is_seen_and_for_a_while_who_was_whichever_side_ended_it() {
        for is_server_first in [true, false] {
            let server = TcpListener::bind("127.0.0.4:0").unwrap();
            let port = Port::new(server.local_addr().unwrap().port()).unwrap();
            let seen = || {
                let all = clients(&[port]).unwrap();
                let found = all.iter().filter(|client| client.port == port);
                found.map(|client| (client.address, client.is_past)).collect::<Vec<_>>()
            };
            assert!(seen().is_empty());
            let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
            let address = client.local_addr().unwrap();
            let (accepted, _) = server.accept().unwrap();
            assert!(!seen().is_empty() && seen().iter().all(|one| *one == (address, false)), "{:?}", seen());
            let (first, last) = if is_server_first { (accepted, client) } else { (client, accepted) };
            drop(first);
            drop(last);
            // The kernel ends the connection when it comes to it.
            let deadline = Instant::now() + Duration::from_secs(30);
            while !seen().contains(&(address, true)) {
                assert!(Instant::now() < deadline, "{:?}", seen());
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_listener_is_shown_with_its_user_and_inode_and_a_client_is_not() {
        let server = TcpListener::bind("127.0.0.2:0").unwrap();
        let address = server.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let client_port = client.local_addr().unwrap().port();
        let all = listeners().unwrap();
        let of = |port| all.iter().filter(move |listener| listener.port.number() == port).collect::<Vec<_>>();
        let [found] = of(address.port())[..] else { panic!("{:?}", of(address.port())) };
        assert!(found.listening && found.inode != 0 && found.address == address.ip());
        assert_eq!(found.user, rustix::process::getuid().as_raw());
        assert!(of(client_port).is_empty());
    }
}
