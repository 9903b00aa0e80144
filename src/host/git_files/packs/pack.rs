//! A pack file, opened: it stays readable when git deletes it meanwhile.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::fault::PackFault;

const HEADER: u64 = 12;
const TRAILER: u64 = 20;

/// An opened pack.
pub(super) struct Pack {
    file: File,
    /// Where its objects end, in bytes from the start.
    end: u64,
}

impl Pack {
    /// Opens a pack which, as its index says, has `count` objects and that checksum.
    pub(super) fn open(path: &Path, count: u32, checksum: [u8; 20]) -> Result<Self, PackFault> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < HEADER + TRAILER {
            return Err(PackFault::Damaged("it is too short"));
        }
        let mut header = [0; 12];
        file.read_exact_at(&mut header, 0)?;
        if header[..4] != *b"PACK" || !matches!(header[4..8], [0, 0, 0, 2 | 3]) {
            return Err(PackFault::Elsewhere("the pack is of another version"));
        }
        let mut trailer = [0; 20];
        file.read_exact_at(&mut trailer, length - TRAILER)?;
        if header[8..] != count.to_be_bytes() || trailer != checksum {
            return Err(PackFault::Damaged("its index is of another pack"));
        }
        Ok(Self { file, end: length - TRAILER })
    }

    /// Returns where its objects end.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Returns how many bytes of objects there are from `at` on.
    pub(super) fn rest(&self, at: u64) -> u64 {
        if at < HEADER { 0 } else { self.end.saturating_sub(at) }
    }

    /// Fills `bytes` from `at` on.
    pub(super) fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), PackFault> {
        Ok(self.file.read_exact_at(bytes, at)?)
    }
}
