//! A port never allocated, with its reason: the built-in ones and those that people add.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::port::{Port, PortRange};

/// A range of ports never allocated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub first: Port,
    pub last: Port,
    pub reason: String,
    /// Whether it gives way to a service whose own range names the port: only the well-known servers' ports do.
    #[serde(skip)]
    pub yields_to_services: bool,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Exclusion {
    /// Excludes `range` because of `reason`.
    #[must_use]
    pub fn new(range: PortRange, reason: &str) -> Self {
        Self {
            first: range.first(),
            last: range.last(),
            reason: reason.to_owned(),
            yields_to_services: false,
            extra: Map::new(),
        }
    }

    /// Answers whether `port` is excluded by this.
    #[must_use]
    pub fn contains(&self, port: Port) -> bool {
        self.first <= port && port <= self.last
    }

    /// Answers whether `port` is excluded by this for a service that draws from its own range or not.
    #[must_use]
    pub fn applies_to(&self, port: Port, own_range: bool) -> bool {
        self.contains(port) && !(own_range && self.yields_to_services)
    }
}

/// Ports above 1023 that every browser refuses (WHATWG Fetch, "port blocking").
const BLOCKED_BY_BROWSERS: [(u16, u16); 13] = [
    (1719, 1720),
    (1723, 1723),
    (2049, 2049),
    (3659, 3659),
    (4045, 4045),
    (4190, 4190),
    (5060, 5061),
    (6000, 6000),
    (6566, 6566),
    (6665, 6669),
    (6679, 6679),
    (6697, 6697),
    (10080, 10080),
];

/// Ports at which people expect one certain server.
const WELL_KNOWN: [(u16, &str); 6] = [
    (3001, "a second development server"),
    (5353, "multicast DNS"),
    (5432, "PostgreSQL"),
    (5672, "AMQP"),
    (6379, "Redis"),
    (9090, "Prometheus"),
];

/// Returns the exclusions that hold without any configuration on the system named `os`
/// (as in [`std::env::consts::OS`]).
#[must_use]
pub fn built_in(os: &str) -> Vec<Exclusion> {
    let mut exclusions = Vec::new();
    let mut exclude = |first: u16, last: u16, reason: &str, yields_to_services: bool| {
        let range =
            Port::new(first).zip(Port::new(last)).and_then(|(first, last)| PortRange::new(first, last));
        exclusions
            .extend(range.map(|range| Exclusion { yields_to_services, ..Exclusion::new(range, reason) }));
    };
    exclude(1, 1023, "privileged", false);
    for (first, last) in BLOCKED_BY_BROWSERS {
        exclude(first, last, "browsers refuse to connect to it", false);
    }
    if os == "macos" {
        exclude(5000, 5000, "AirPlay Receiver listens here", false);
        exclude(7000, 7000, "AirPlay Receiver listens here", false);
    }
    for (port, server) in WELL_KNOWN {
        exclude(port, port, &format!("well-known port of {server}"), true);
    }
    exclusions
}

/// Returns those of `exclusions` that cover a part of `range`.
pub fn touching(exclusions: &[Exclusion], range: PortRange) -> impl Iterator<Item = &Exclusion> {
    exclusions.iter().filter(move |known| known.first <= range.last() && range.first() <= known.last)
}

/// Returns `exclusions` without `range`: what reaches over it is cut, or split in two.
#[must_use]
pub fn without(exclusions: &[Exclusion], range: PortRange) -> Vec<Exclusion> {
    let mut kept = Vec::new();
    for known in exclusions {
        if known.last < range.first() || range.last() < known.first {
            kept.push(known.clone());
            continue;
        }
        let below = Port::new(range.first().number() - 1).filter(|last| known.first <= *last);
        kept.extend(below.map(|last| Exclusion { last, ..known.clone() }));
        let above = range.last().number().checked_add(1).and_then(Port::new);
        let above = above.filter(|first| *first <= known.last);
        kept.extend(above.map(|first| Exclusion { first, ..known.clone() }));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn including_cuts_splits_and_leaves_the_rest_alone() {
        let range = |text: &str| text.parse::<PortRange>().unwrap();
        let all = [Exclusion::new(range("5010-5019"), "x"), Exclusion::new(range("5030"), "y")];
        let left = |without_range: &str| {
            let kept = without(&all, range(without_range));
            kept.iter().map(|one| (one.first.number(), one.last.number())).collect::<Vec<_>>()
        };
        assert_eq!(left("5012-5013"), [(5010, 5011), (5014, 5019), (5030, 5030)]);
        assert_eq!(left("5000-5010"), [(5011, 5019), (5030, 5030)]);
        assert_eq!(left("5019-5030"), [(5010, 5018)]);
        assert_eq!(left("1-65535"), []);
        assert_eq!(left("5020"), [(5010, 5019), (5030, 5030)]);
    }

    fn excluded(os: &str, own_range: bool) -> Vec<u16> {
        let exclusions = built_in(os);
        (1..=u16::MAX)
            .filter(|number| {
                let port = Port::new(*number).unwrap();
                exclusions.iter().any(|exclusion| exclusion.applies_to(port, own_range))
            })
            .collect()
    }

    #[test]
    fn privileged_ports_and_what_browsers_block_are_excluded_always() {
        let blocked = [
            1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
            6679, 6697, 10080,
        ];
        let wanted: Vec<u16> = (1..=1023).chain(blocked).collect();
        assert_eq!(excluded("linux", true), wanted);
    }

    #[test]
    fn well_known_ports_give_way_to_a_service_with_its_own_range() {
        let own = excluded("linux", true);
        let mut more = excluded("linux", false);
        more.retain(|port| !own.contains(port));
        assert_eq!(more, [3001, 5353, 5432, 5672, 6379, 9090]);
    }

    #[test]
    fn airplay_holds_two_ports_on_macos_only() {
        let linux = excluded("linux", true);
        let mut more = excluded("macos", true);
        more.retain(|port| !linux.contains(port));
        assert_eq!(more, [5000, 7000]);
    }

    #[test]
    fn the_feature_range_has_room_for_98_on_linux() {
        let excluded = excluded("linux", false);
        assert_eq!((5000..=5099).filter(|port| !excluded.contains(port)).count(), 98);
    }

    #[test]
    fn every_built_in_exclusion_says_why() {
        assert!(built_in("macos").iter().all(|exclusion| !exclusion.reason.is_empty()));
    }
}
