//! The ports that the kernel gives to outgoing connections by itself (ip(7)): which of our ranges lie among them, and the
//! command that keeps them out.

use std::collections::HashSet;

use crate::model::port::{PortRange, PortRanges};

/// What the kernel was told about those ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EphemeralPorts {
    /// From where it takes them (`ip_local_port_range`); `None` where it cannot be told.
    pub range: Option<PortRange>,
    /// What it leaves alone within, as it says it (`ip_local_reserved_ports`): `8080,9148-9150`.
    pub reserved: String,
}

/// Ranges from which the kernel may give a port away before its server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitten<'a> {
    /// The kernel's range.
    pub by: PortRange,
    /// Ours, each with whose it is; never empty.
    pub ranges: Vec<(&'a str, PortRange)>,
    /// The command that has the kernel leave them alone, all of them at once.
    pub remedy: String,
}

impl EphemeralPorts {
    /// Returns those of `ours` that have a port which the kernel may give away; `None` where there are none.
    #[must_use]
    pub fn bitten<'a>(&self, ours: &'a [(String, PortRanges)]) -> Option<Bitten<'a>> {
        let by = self.range?;
        let reserved = PortRanges(self.reserved.split(',').filter_map(|range| range.parse().ok()).collect());
        let is_bitten = |range: &&PortRange| {
            range.overlaps(by) && range.ports().any(|port| by.contains(port) && !reserved.contains(port))
        };
        let of = |(whose, ranges): &'a (String, PortRanges)| {
            ranges.0.iter().filter(is_bitten).map(|range| (whose.as_str(), *range)).collect::<Vec<_>>()
        };
        let ranges: Vec<(&str, PortRange)> = ours.iter().flat_map(of).collect();
        (!ranges.is_empty()).then(|| Bitten { by, remedy: self.reserving(&ranges), ranges })
    }

    /// The setting is replaced as a whole, so that what is reserved already has to stand in it too.
    fn reserving(&self, more: &[(&str, PortRange)]) -> String {
        let reserved = Some(self.reserved.trim().to_owned()).filter(|reserved| !reserved.is_empty());
        let mut seen = HashSet::new();
        let new = more.iter().filter(|(_, range)| seen.insert(*range)).map(|(_, range)| range.to_string());
        let all: Vec<String> = reserved.into_iter().chain(new).collect();
        format!("sudo sysctl -w net.ipv4.ip_local_reserved_ports={}", all.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(texts: &[&str]) -> Vec<(String, PortRanges)> {
        texts.iter().map(|text| (format!("of {text}"), PortRanges(vec![text.parse().unwrap()]))).collect()
    }

    fn kernel(reserved: &str) -> EphemeralPorts {
        EphemeralPorts { range: Some("32768-60999".parse().unwrap()), reserved: reserved.to_owned() }
    }

    #[test]
    fn ranges_in_the_kernels_own_bite_unless_every_port_of_them_is_reserved() {
        let bites = |reserved: &str, text: &str| kernel(reserved).bitten(&ours(&[text])).is_some();
        assert!(!bites("", "5000-5099"));
        assert!(bites("", "40000-40099"));
        assert!(bites("", "32700-32768"), "its last port is the kernel's first");
        assert!(!bites("40000-40099\n", "40000-40099"));
        assert!(bites("40000-40050", "40000-40099"));
        assert!(!bites("40000-40050,40051-40099", "40000-40099"), "in two parts");
        assert!(!bites("32768-32799", "32700-32799"), "the kernel gives none below its range");
        assert!(EphemeralPorts { range: None, ..kernel("") }.bitten(&ours(&["40000-40099"])).is_none());
    }

    #[test]
    fn one_command_reserves_all_of_them_and_keeps_what_is_reserved() {
        let ours = ours(&["40000-40099", "5000-5099", "50000-50009", "40000-40099"]);
        for (reserved, begin) in
            [("8080,9148-9150\n", "8080,9148-9150,"), ("0-7", "0-7,"), ("\n", ""), ("", "")]
        {
            let bitten = kernel(reserved).bitten(&ours).unwrap();
            let whose: Vec<&str> = bitten.ranges.iter().map(|(whose, _)| *whose).collect();
            assert_eq!(whose, ["of 40000-40099", "of 50000-50009", "of 40000-40099"]);
            let wanted =
                format!("sudo sysctl -w net.ipv4.ip_local_reserved_ports={begin}40000-40099,50000-50009");
            assert_eq!(bitten.remedy, wanted);
        }
    }
}
