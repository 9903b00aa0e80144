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
