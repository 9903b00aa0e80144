//! Blocks that several files have: where the file system can share them (`FICLONE`), it tells which of a file's are shared
//! (`FIEMAP`, <https://docs.kernel.org/filesystems/fiemap.html>), and each is counted once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::fd::OwnedFd;

/// A stretch of a device, in bytes.
pub(super) type Extent = Range<u64>;

/// The file systems that share blocks between files, by their magic numbers (`statfs(2)`): XFS, btrfs, bcachefs.
#[cfg(target_os = "linux")]
const SHARING: [u64; 3] = [0x5846_5342, 0x9123_683e, 0xca45_1a4e];

/// Answers whether files below `folder` may share blocks.
#[cfg(target_os = "linux")]
pub(super) fn may_share(folder: &OwnedFd) -> bool {
    let kind = rustix::fs::fstatfs(folder).map(|found| u64::try_from(found.f_type).unwrap_or_default());
    kind.is_ok_and(|kind| SHARING.contains(&kind))
}

/// Nobody tells here.
#[cfg(not(target_os = "linux"))]
pub(super) fn may_share(_: &OwnedFd) -> bool {
    false
}

/// Returns the stretches of a file that other files may have too; none where the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn shared(folder: &OwnedFd, name: &[u8]) -> Vec<Extent> {
    use fiemap::{Fiemap, FiemapExtentFlags};
    use rustix::fs::{Mode, OFlags, openat};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let Ok(file) = openat(folder, name, flags, Mode::empty()) else { return Vec::new() };
    let extents = Fiemap::new(file).map_while(std::result::Result::ok);
    let shared = extents.filter(|extent| extent.fe_flags.contains(FiemapExtentFlags::SHARED));
    shared.map(|extent| extent.fe_physical..extent.fe_physical.saturating_add(extent.fe_length)).collect()
}

/// Nobody tells here.
#[cfg(not(target_os = "linux"))]
pub(super) fn shared(_: &OwnedFd, _: &[u8]) -> Vec<Extent> {
    Vec::new()
}

/// What of a device was counted: stretches that do not touch, each by its beginning.
#[derive(Debug, Default)]
pub(super) struct Covered(BTreeMap<u64, u64>);

impl Covered {
    /// Takes a stretch into account; returns how many bytes of it are new.
    pub(super) fn add(&mut self, extent: Extent) -> u64 {
        let Range { mut start, mut end } = extent;
        if start >= end {
            return 0;
        }
        let mut new = end - start;
        while let Some((known, last)) = self.0.range(..=end).next_back().map(|(known, last)| (*known, *last))
        {
            if last < start {
                break;
            }
            new = new.saturating_sub(last.min(end).saturating_sub(known.max(start)));
            self.0.remove(&known);
            start = start.min(known);
            end = end.max(last);
        }
        self.0.insert(start, end);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_counted_once() {
        let mut covered = Covered::default();
        let mut add = |start, end| covered.add(start..end);
        assert_eq!((add(10, 20), add(10, 20), add(12, 15)), (10, 0, 0));
        assert_eq!((add(30, 40), add(15, 35), add(0, 50)), (10, 10, 20));
        assert_eq!((add(50, 50), add(60, 70), add(50, 60), add(0, 70)), (0, 10, 10, 0));
    }

    #[test]
    fn it_counts_as_a_set_of_bytes_does() {
        let mut covered = Covered::default();
        let mut bytes = std::collections::HashSet::new();
        let mut seed: u64 = 7;
        for _ in 0..2000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (start, length) = ((seed >> 33) % 1000, (seed >> 20) % 40);
            let new = (start..start + length).filter(|byte| bytes.insert(*byte)).count() as u64;
            assert_eq!(covered.add(start..start + length), new);
        }
    }
}
