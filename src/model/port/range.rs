//! An inclusive range of ports, never inverted, and a list of ranges tried in order.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::number::Port;

/// An inclusive range of ports, `first <= last` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
pub struct PortRange {
    first: Port,
    last: Port,
}

impl PortRange {
    /// Returns the range; `None` when it is upside down.
    #[must_use]
    pub fn new(first: Port, last: Port) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// Returns the lowest port.
    #[must_use]
    pub fn first(self) -> Port {
        self.first
    }

    /// Returns the highest port.
    #[must_use]
    pub fn last(self) -> Port {
        self.last
    }

    /// Answers whether `port` lies within.
    #[must_use]
    pub fn contains(self, port: Port) -> bool {
        self.first <= port && port <= self.last
    }

    /// Answers whether the two share a port.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Returns every port from the bottom up.
    pub fn ports(self) -> impl Iterator<Item = Port> {
        (self.first.number()..=self.last.number()).filter_map(Port::new)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            self.first.fmt(formatter)
        } else {
            write!(formatter, "{}-{}", self.first, self.last)
        }
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last): (Port, Port) = (first.parse()?, last.parse()?);
        Self::new(first, last)
            .ok_or_else(|| format!("port range {text} is inverted: {first} is above {last}"))
    }
}

/// Ranges tried in order; empty for a purpose without ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PortRanges(pub Vec<PortRange>);

impl PortRanges {
    /// Answers whether there is no range at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Answers whether any range contains `port`.
    #[must_use]
    pub fn contains(&self, port: Port) -> bool {
        self.0.iter().any(|range| range.contains(port))
    }

    /// Returns every port, range by range, from the bottom up.
    pub fn ports(&self) -> impl Iterator<Item = Port> {
        self.0.iter().flat_map(|range| range.ports())
    }
}

impl fmt::Display for PortRanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{range}")?;
        }
        Ok(())
    }
}

/// Returns ascending `ports` as ranges, neighbours together.
#[must_use]
pub fn compressed(ports: &[Port]) -> Vec<PortRange> {
    let mut ranges: Vec<PortRange> = Vec::new();
    for port in ports {
        match ranges.last_mut() {
            Some(last) if last.last.number().checked_add(1) == Some(port.number()) => last.last = *port,
            _ => ranges.push(PortRange { first: *port, last: *port }),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_ranges() {
        let ports: Vec<Port> =
            [5004, 5005, 5006, 5011, 65534, 65535].into_iter().filter_map(Port::new).collect();
        assert_eq!(PortRanges(compressed(&ports)).to_string(), "5004-5006, 5011, 65534-65535");
        assert!(compressed(&[]).is_empty());
    }

    #[test]
    fn a_range_has_both_of_its_ends_and_nothing_beyond() {
        let port = |number| Port::new(number).unwrap();
        let range = |text: &str| text.parse::<PortRange>().unwrap();
        let own = range("5000-5002");
        for (number, is_in) in [(4999, false), (5000, true), (5001, true), (5002, true), (5003, false)] {
            assert_eq!(own.contains(port(number)), is_in, "{number}");
            assert_eq!(PortRanges(vec![range("1-2"), own]).contains(port(number)), is_in, "{number}");
        }
        assert_eq!((own.first(), own.last()), (port(5000), port(5002)));
        assert_eq!(own.ports().map(Port::number).collect::<Vec<_>>(), [5000, 5001, 5002]);
        for (other, overlaps) in [
            ("4998-4999", false),
            ("4998-5000", true),
            ("5001", true),
            ("5002-5009", true),
            ("5003-5009", false),
            ("1-65535", true),
        ] {
            assert_eq!(
                (own.overlaps(range(other)), range(other).overlaps(own)),
                (overlaps, overlaps),
                "{other}"
            );
        }
        let both = PortRanges(vec![range("7-8"), range("3")]);
        assert_eq!(both.ports().map(Port::number).collect::<Vec<_>>(), [7, 8, 3]);
        assert_eq!((both.to_string().as_str(), both.is_empty()), ("7-8, 3", false));
        assert!(PortRanges::default().is_empty());
        assert_eq!(PortRange::new(port(2), port(1)), None);
        assert_eq!("2-1".parse::<PortRange>(), Err("port range 2-1 is inverted: 2 is above 1".to_owned()));
        assert!("1-x".parse::<PortRange>().is_err() && "".parse::<PortRange>().is_err());
    }
}
