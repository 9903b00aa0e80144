//! Which address families there are.

use std::net::{Ipv6Addr, TcpListener};

/// Answers whether a server can listen on `::1`: the kernel gives a port of its own choice, for a moment.
#[must_use]
pub fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}
