//! Ranges of ports that are taken, and who an overlapping one belongs to.

use std::collections::BTreeMap;

use crate::model::port::{Port, PortRanges};

/// Ranges that do not overlap, by their first port, each with the last one and whose it is.
#[derive(Debug, Default)]
pub struct TakenRanges(BTreeMap<Port, (Port, usize)>);

impl TakenRanges {
    /// Adds ranges that overlap none.
    pub fn add(&mut self, ranges: &PortRanges, whose: usize) {
        self.0.extend(ranges.0.iter().map(|range| (range.first(), (range.last(), whose))));
    }

    /// Returns whose the overlapping ranges are; the least of several.
    #[must_use]
    pub fn first_overlapping(&self, ranges: &PortRanges) -> Option<usize> {
        let overlapping = ranges.0.iter().flat_map(|range| {
            let up_to = self.0.range(..=range.last()).rev();
            up_to.take_while(|(_, (last, _))| *last >= range.first()).map(|(_, (_, whose))| *whose)
        });
        overlapping.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_that_overlap_the_first_is_named() {
        let ranges = |text: &str| PortRanges(text.split(' ').map(|range| range.parse().unwrap()).collect());
        let mut taken = TakenRanges::default();
        taken.add(&ranges("5000-5009 7000"), 2);
        taken.add(&ranges("6000-6009"), 1);
        for (wanted, whose) in [
            ("4990-4999", None),
            ("4990-5000", Some(2)),
            ("5009-5020", Some(2)),
            ("5010-5999", None),
            ("5005", Some(2)),
            ("6001-6002", Some(1)),
            ("5000-6000", Some(1)),
            ("7000", Some(2)),
            ("4000 6009", Some(1)),
            ("7001-7002", None),
        ] {
            assert_eq!(taken.first_overlapping(&ranges(wanted)), whose, "{wanted}");
        }
    }
}
