//! The sockets of `wt serve`: loopback alone, and a port only where both of its families are ours. Somebody else on the
//! other one would get the requests of every browser that tries it first.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::net::family;
use crate::model::advised::wt;
use crate::model::port::Port;

/// How many ports are tried behind the one that is wanted.
const TRIED: u16 = 100;

/// What is listened on.
#[derive(Debug)]
pub struct ServerSockets {
    pub port: Port,
    /// One for each address family that there is.
    pub sockets: Vec<TcpListener>,
}

/// Listens on `wanted`, or on the next port that is free and not `unsuitable`.
///
/// # Errors
///
/// `port_conflict` where none of them is free.
pub fn first_free(wanted: Port, unsuitable: impl Fn(Port) -> bool) -> Result<ServerSockets> {
    let first = wanted.number();
    let ports = (first..=first.saturating_add(TRIED)).filter_map(Port::new);
    for port in ports.filter(|port| !unsuitable(*port)) {
        match bind(port) {
            Ok(listening) => return Ok(listening),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(refused(port, error)),
        }
    }
    let message =
        format!("none of the ports {first}-{} is free on 127.0.0.1 and ::1", first.saturating_add(TRIED));
    Err(Failure::new(Code::PortConflict, message).hint("name one that is: `wt serve --port PORT`"))
}

/// Listens on this very port.
///
/// # Errors
///
/// `port_conflict` where somebody has it; `permission` for one that is not ours to take.
pub fn on(port: Port) -> Result<ServerSockets> {
    bind(port).map_err(|error| refused(port, error))
}

/// The failure of a port that cannot be listened on.
#[must_use]
pub fn refused(port: Port, error: io::Error) -> Failure {
    let code = if error.kind() == ErrorKind::AddrInUse { Code::PortConflict } else { Code::Internal };
    Failure::from_io(error, code, format!("{port} on loopback cannot be listened on")).hint(format!(
        "`{owner}` says who has it; `wt serve --port PORT` takes another",
        owner = wt("ports owner {}", &[&port])
    ))
}

/// Listens on a socket in the file system, for ourselves alone. One that a killed server left is taken over.
///
/// # Errors
///
/// `path_not_empty` where something else stands, or somebody listens; `permission`.
pub fn file(path: &Path) -> Result<UnixListener> {
    let taken = |what: &str| {
        Failure::new(Code::PathNotEmpty, format!("{} {what}", path.display()))
            .hint("name another place: `wt serve --socket PATH`")
    };
    match path.symlink_metadata() {
        Ok(found) if !found.file_type().is_socket() => return Err(taken("is there already, and no socket")),
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(taken("is a socket that somebody listens on"));
        }
        Ok(_) => std::fs::remove_file(path).map_err(|error| unusable(path, error))?,
        Err(_) => {}
    }
    // Nobody else may connect in between.
    let draft =
        path.with_file_name(files::draft_name(&path.file_name().unwrap_or_default().to_string_lossy())?);
    let socket = UnixListener::bind(&draft).map_err(|error| unusable(path, error))?;
    let opened = std::fs::set_permissions(&draft, Permissions::from_mode(0o600))
        .and_then(|()| socket.set_nonblocking(true))
        .map_err(|error| unusable(path, error));
    if let Err(failure) = opened.and_then(|()| files::rename_new(&draft, path)) {
        let _ = std::fs::remove_file(&draft);
        return Err(failure);
    }
    Ok(socket)
}

fn unusable(path: &Path, error: io::Error) -> Failure {
    Failure::from_io(error, Code::Permission, format!("{} cannot be listened on", path.display()))
}

/// Listens on that port of `address`.
///
/// # Errors
///
/// Those of bind(2).
pub fn at(address: IpAddr, port: Port) -> io::Result<TcpListener> {
    let socket = TcpListener::bind(SocketAddr::new(address, port.number()))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn bind(port: Port) -> io::Result<ServerSockets> {
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    if family::has_ipv6() {
        addresses.push(IpAddr::V6(Ipv6Addr::LOCALHOST));
    }
    let sockets = addresses.into_iter().map(|address| at(address, port));
    Ok(ServerSockets { port, sockets: sockets.collect::<io::Result<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_which_somebody_has_one_family_is_passed_over() {
        if !family::has_ipv6() {
            return;
        }
        let stranger = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let taken = Port::new(stranger.local_addr().unwrap().port()).unwrap();
        assert_eq!(on(taken).unwrap_err().code(), Code::PortConflict);
        let listening = first_free(taken, |_| false).unwrap();
        assert!(listening.port > taken && listening.sockets.len() == 2);
    }

    #[test]
    fn what_is_unsuitable_is_not_even_tried() {
        let listening = first_free(Port::new(40_000).unwrap(), |port| port.number() < 40_010).unwrap();
        assert!(listening.port.number() >= 40_010);
    }
}
