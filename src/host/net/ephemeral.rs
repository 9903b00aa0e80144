//! The ports that the kernel gives to outgoing connections by itself (ip(7)).

use crate::model::ephemeral::EphemeralPorts;
use crate::model::port::{Port, PortRange};

/// Returns what the kernel was told about them.
#[must_use]
pub fn read() -> EphemeralPorts {
    EphemeralPorts { range: range(), reserved: setting("ip_local_reserved_ports").unwrap_or_default() }
}

fn range() -> Option<PortRange> {
    let text = setting("ip_local_port_range")?;
    let mut numbers = text.split_ascii_whitespace().map(|word| word.parse().ok().and_then(Port::new));
    PortRange::new(numbers.next()??, numbers.next()??)
}

fn setting(name: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).ok()
}
