//! What the trial lets listen: a server that answers everybody, until it is ended.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};

use crate::error::{Code, Failure, Result};
use crate::model::port::Port;

/// Listens on `port` for ever. `ready` is called once it does.
///
/// # Errors
///
/// `port_conflict` where it cannot.
pub fn listen(port: Port, ready: impl FnOnce() -> Result<()>) -> Result<()> {
    let refused =
        |error| Failure::from_io(error, Code::PortConflict, format!("port {port} cannot be listened on"));
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).map_err(refused)?;
    ready()?;
    for guest in socket.incoming().flatten() {
        let mut guest = guest;
        // Whoever does not listen misses nothing.
        let _ = guest.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    Ok(())
}
