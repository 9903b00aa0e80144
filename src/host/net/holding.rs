//! Whether one process holds one port just now: asked again right before it is signalled.

use std::collections::BTreeSet;

use super::listeners::listeners;
use crate::error::Result;
use crate::host::process::{descriptors, open_files};
use crate::model::port::Port;

/// Answers whether `pid` has a socket that listens on `port` or is bound to it.
///
/// # Errors
///
/// Fails when the kernel's sockets cannot be read.
#[cfg(target_os = "linux")]
pub fn is_held_by(port: Port, pid: u32) -> Result<bool> {
    let inodes: Vec<u64> =
        listeners()?.iter().filter(|socket| socket.port == port).map(|socket| socket.inode).collect();
    let Ok(mut held) = descriptors::sockets(pid) else { return Ok(false) };
    Ok(held.any(|inode| inode != 0 && inodes.contains(&inode)))
}

/// The same from the system's own table. Untested.
///
/// # Errors
///
/// Fails when the system's sockets cannot be read.
#[cfg(not(target_os = "linux"))]
pub fn is_held_by(port: Port, pid: u32) -> Result<bool> {
    let all = listeners()?;
    Ok(all.iter().any(|socket| socket.port == port && socket.owners.iter().any(|owner| owner.pid == pid)))
}

/// Returns the inodes of all sockets that the processes `pids` hold, of every kind (`proc_pid_fd(5)`); those of processes
/// that do not let us look are missing.
///
/// # Errors
///
/// Only where we have no room for another open file.
pub fn sockets_of(pids: &[u32]) -> std::io::Result<BTreeSet<u64>> {
    let mut inodes = BTreeSet::new();
    for pid in pids {
        match descriptors::sockets(*pid) {
            Ok(held) => inodes.extend(held),
            Err(error) if open_files::is_lack(&error) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(inodes)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_listener_holds_its_port_and_neither_end_of_a_connection_does() {
        let server = TcpListener::bind("127.0.0.3:0").unwrap();
        let port = Port::new(server.local_addr().unwrap().port()).unwrap();
        let us = std::process::id();
        assert!(is_held_by(port, us).unwrap());
        assert!(!is_held_by(port, 1).unwrap() && !is_held_by(port, 999_999_999).unwrap());
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (_accepted, _) = server.accept().unwrap();
        let client_port = Port::new(client.local_addr().unwrap().port()).unwrap();
        drop(server);
        assert!(!is_held_by(port, us).unwrap() && !is_held_by(client_port, us).unwrap());
    }
}
