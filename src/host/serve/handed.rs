//! Sockets that whoever started us listens on already, as systemd hands them over (`LISTEN_FDS`, `sd_listen_fds(3)`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use listenfd::ListenFd;

use super::listen::{self, ServerSockets};
use crate::error::{Code, Failure, Result};
use crate::host::environment::Environment;
use crate::host::net::family;
use crate::model::port::Port;

/// What was handed over.
#[derive(Debug)]
pub enum Handed {
    Loopback(ServerSockets),
    File(UnixListener, PathBuf),
}

/// Takes the sockets that were meant for this very process; `None` where there are none. May be called once.
///
/// # Errors
///
/// `usage` for sockets that are not of loopback alone; `port_conflict` where one family was left out, and somebody has it.
pub fn take(environment: &Environment) -> Result<Option<Handed>> {
    let said = |name: &str| environment.find(name).and_then(|value| value.to_str()?.parse::<u32>().ok());
    // Those of a parent are none of ours.
    if said("LISTEN_PID") != Some(std::process::id()) || said("LISTEN_FDS").is_none_or(|count| count == 0) {
        return Ok(None);
    }
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..given.len() {
        if let Ok(Some(socket)) = given.take_tcp_listener(index) {
            sockets.push(socket);
        } else if let (1, Ok(Some(socket))) = (given.len(), given.take_unix_listener(index)) {
            socket.set_nonblocking(true).map_err(unusable)?;
            let address = socket.local_addr().map_err(unusable)?;
            let path = address.as_pathname().map(PathBuf::from).unwrap_or_default();
            return Ok(Some(Handed::File(socket, path)));
        } else {
            return Err(refused("is neither TCP nor the one socket of the file system"));
        }
    }
    loopback(sockets).map(|listening| Some(Handed::Loopback(listening)))
}

fn loopback(mut sockets: Vec<TcpListener>) -> Result<ServerSockets> {
    let mut addresses = Vec::new();
    for socket in &sockets {
        socket.set_nonblocking(true).map_err(unusable)?;
        addresses.push(socket.local_addr().map_err(unusable)?);
    }
    if let Some(open) = addresses.iter().find(|address| !address.ip().is_loopback()) {
        return Err(refused(&format!("is {open}, and others than this machine reach it")));
    }
    let numbers: Vec<u16> = addresses.iter().map(SocketAddr::port).collect();
    let port = numbers.first().copied().and_then(Port::new);
    let Some(port) = port.filter(|port| numbers.iter().all(|number| *number == port.number())) else {
        return Err(refused("is of another port than the first"));
    };
    // Whoever had the other family would get the requests of browsers that try it first.
    let families =
        [(IpAddr::V4(Ipv4Addr::LOCALHOST), true), (IpAddr::V6(Ipv6Addr::LOCALHOST), family::has_ipv6())];
    for (address, is_there) in families {
        if is_there && addresses.iter().all(|known| known.is_ipv4() != address.is_ipv4()) {
            sockets.push(listen::at(address, port).map_err(|error| listen::refused(port, error))?);
        }
    }
    Ok(ServerSockets { port, sockets })
}

fn refused(what: &str) -> Failure {
    Failure::new(Code::Usage, format!("a socket that was handed over {what}"))
        .hint("let the unit listen on 127.0.0.1:PORT and [::1]:PORT: `wt serve --install-unit` writes one")
}

fn unusable(error: std::io::Error) -> Failure {
    Failure::from_io(error, Code::Internal, "a socket that was handed over cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(address: &str) -> TcpListener {
        TcpListener::bind(address).unwrap()
    }

    #[test]
    fn loopback_is_taken_with_its_other_family_and_nothing_else() {
        let listening = loopback(vec![bound("127.0.0.1:0")]).unwrap();
        assert_eq!(listening.sockets.len(), 1 + usize::from(family::has_ipv6()));
        for sockets in [vec![bound("0.0.0.0:0")], vec![bound("127.0.0.1:0"), bound("127.0.0.1:0")], vec![]] {
            assert_eq!(loopback(sockets).unwrap_err().code(), Code::Usage);
        }
    }
}
