//! The ports that the kernel gives to outgoing connections by itself (ip(7)).

use crate::model::port::{Port, PortRange};

/// Returns the range; `None` where it cannot be told.
#[must_use]
pub fn ephemeral_range() -> Option<PortRange> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut numbers = text.split_ascii_whitespace().map(|word| word.parse().ok().and_then(Port::new));
    PortRange::new(numbers.next()??, numbers.next()??)
}

/// Returns the ranges within it that the kernel was told to leave alone.
#[must_use]
pub fn reserved_ranges() -> Vec<PortRange> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default();
    text.trim().split(',').filter_map(|range| range.parse().ok()).collect()
}
