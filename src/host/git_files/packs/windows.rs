//! Pieces of packs in memory: large ones where a pack is read from front to back, small ones where it is looked into
//! for the base of a delta.

use super::fault::PackFault;
use super::pack::Pack;

/// So many pieces are kept: the one that moves on, and those of bases.
const KEPT: usize = 4;
/// Bytes that are read on, where the piece before was used up.
const ON: usize = 256 * 1024;
/// Bytes that are read anywhere else.
const ANYWHERE: usize = 16 * 1024;
/// So far behind a piece still counts as going on: what is between belongs to other commits.
const GAP: u64 = 64 * 1024;

/// The pieces of one thread.
#[derive(Default)]
pub(super) struct Windows {
    kept: [Window; KEPT],
    turn: u64,
}

#[derive(Default)]
struct Window {
    pack: usize,
    start: u64,
    bytes: Vec<u8>,
    used: u64,
}

impl Window {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl Windows {
    /// Returns what the pack with that number has from `at` on: at least `wanted` bytes, or all up to its end.
    pub(super) fn bytes(
        &mut self,
        number: usize,
        pack: &Pack,
        at: u64,
        wanted: usize,
    ) -> Result<&[u8], PackFault> {
        self.turn += 1;
        let rest = usize::try_from(pack.rest(at)).unwrap_or(usize::MAX);
        let wanted = wanted.min(rest);
        let is_here = |window: &Window| {
            window.pack == number && window.start <= at && at + wanted as u64 <= window.end()
        };
        let slot = match self.kept.iter().position(is_here) {
            Some(slot) => slot,
            None => self.fill(number, pack, at, wanted, rest)?,
        };
        let window = &mut self.kept[slot];
        window.used = self.turn;
        let from = usize::try_from(at - window.start).unwrap_or(usize::MAX);
        window.bytes.get(from..).ok_or(PackFault::Damaged("it ends too early"))
    }

    fn fill(
        &mut self,
        number: usize,
        pack: &Pack,
        at: u64,
        wanted: usize,
        rest: usize,
    ) -> Result<usize, PackFault> {
        let goes_on = |window: &Window| {
            !window.bytes.is_empty()
                && window.pack == number
                && window.start <= at
                && at <= window.end() + GAP
        };
        let (slot, length) = match self.kept.iter().position(goes_on) {
            Some(slot) => (slot, ON),
            None => (self.least_used(), ANYWHERE),
        };
        let window = &mut self.kept[slot];
        window.bytes.resize(length.max(wanted).min(rest), 0);
        (window.pack, window.start) = (number, at);
        let filled = pack.read(at, &mut window.bytes);
        if filled.is_err() {
            window.bytes.clear();
        }
        filled.map(|()| slot)
    }

    fn least_used(&self) -> usize {
        (0..KEPT).min_by_key(|slot| self.kept[*slot].used).unwrap_or(0)
    }
}
