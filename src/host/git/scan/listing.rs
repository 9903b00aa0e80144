//! The names in one folder, from which those that are accounted for are taken.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, statat};

use super::doubt::ScanDoubt;

/// Names with their kinds, in order; those taken are marked.
#[derive(Debug)]
pub(super) struct Listing {
    bytes: Vec<u8>,
    names: Vec<(Range<usize>, FileType, bool)>,
}

impl Listing {
    /// Reads the folder.
    pub(super) fn read(folder: &OwnedFd) -> Result<Self, ScanDoubt> {
        let mut listing = Self { bytes: Vec::new(), names: Vec::new() };
        listing.fill(folder).map_err(|_| ScanDoubt("a folder cannot be read"))?;
        let Self { bytes, names } = &mut listing;
        names.sort_unstable_by(|(one, ..), (other, ..)| bytes[one.clone()].cmp(&bytes[other.clone()]));
        Ok(listing)
    }

    #[cfg(target_os = "linux")]
    fn fill(&mut self, folder: &OwnedFd) -> rustix::io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut entries = rustix::fs::RawDir::new(folder, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            self.push(folder, entry.file_name().to_bytes(), entry.file_type())?;
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn fill(&mut self, folder: &OwnedFd) -> rustix::io::Result<()> {
        for entry in rustix::fs::Dir::read_from(folder)? {
            let entry = entry?;
            self.push(folder, entry.file_name().to_bytes(), entry.file_type())?;
        }
        Ok(())
    }

    fn push(&mut self, folder: &OwnedFd, name: &[u8], mut kind: FileType) -> rustix::io::Result<()> {
        if name == b"." || name == b".." {
            return Ok(());
        }
        if kind == FileType::Unknown {
            // Some file systems do not say.
            kind = FileType::from_raw_mode(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.names.push((start..self.bytes.len(), kind, false));
        Ok(())
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.names.binary_search_by(|(range, ..)| self.bytes[range.clone()].cmp(name)).ok()
    }

    /// Answers whether the folder has the name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.position(name).is_some()
    }

    /// Takes the name; returns its kind where the folder has it.
    pub(super) fn take(&mut self, name: &[u8]) -> Option<FileType> {
        let at = self.position(name)?;
        self.names[at].2 = true;
        Some(self.names[at].1)
    }

    /// Has the name count as not taken.
    pub(super) fn put_back(&mut self, name: &[u8]) {
        if let Some(at) = self.position(name) {
            self.names[at].2 = false;
        }
    }

    /// Returns what was not taken.
    pub(super) fn left(&self) -> impl Iterator<Item = (&[u8], FileType)> {
        let left = self.names.iter().filter(|(.., taken)| !taken);
        left.map(|(range, kind, _)| (&self.bytes[range.clone()], *kind))
    }
}
