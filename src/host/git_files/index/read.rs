//! An index read whole, versions 2 to 4, its checksum held against it: entries with their stat data, and the cache of trees.
//! A split or a sparse one, and one of other object names, are not read: what they list is not all there is.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use sha1::{Digest, Sha1};

use super::StatData;
use super::bytes::Bytes;
use super::tree::TreeCache;
use super::unread::{NAME, UnreadIndex};

/// The least that an entry takes, in bytes.
pub(super) const LEAST: usize = 62;

const ASSUME_UNCHANGED: u16 = 0x8000;
pub(super) const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;

/// The bits of the mode that tell the kind of a file.
const KIND: u32 = 0o170_000;

/// An index as it was when it was read.
#[derive(Debug, Default)]
pub struct IndexFile {
    /// In the order of the file, which is that of their paths as bytes.
    pub entries: Vec<IndexEntry>,
    /// The paths one behind the other.
    paths: Vec<u8>,
    /// The root of the cache of trees, where git has left one.
    pub tree: Option<TreeCache>,
    pub written: Written,
}

/// One path of an index, with what `stat` said when git last knew it unchanged.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    path: Range<usize>,
    pub stat: StatData,
    pub mode: u32,
    pub id: [u8; NAME],
    /// `git update-index --assume-unchanged`.
    pub is_assumed: bool,
    /// Left out of a sparse checkout, or merely intended to be added.
    pub is_skipped: bool,
    /// One side of a conflict.
    pub is_unmerged: bool,
}

impl IndexEntry {
    /// Answers whether git says of the file on disk what follows from stat data alone.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.is_assumed && !self.is_skipped && !self.is_unmerged
    }

    /// Answers whether it is a symbolic link.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.mode & KIND == 0o120_000
    }

    /// Answers whether it is a submodule.
    #[must_use]
    pub fn is_submodule(&self) -> bool {
        self.mode & KIND == 0o160_000
    }

    /// Answers whether its owner may execute it.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

impl IndexFile {
    /// Reads the file at `path`; one that is not there has nothing in it.
    ///
    /// # Errors
    ///
    /// Says why it is damaged, or of a kind that is not read.
    pub fn read(path: &Path) -> Result<Self, UnreadIndex> {
        let Some((bytes, written)) = read_bytes(path)? else { return Ok(Self::default()) };
        let index = Self::parse(&bytes)?;
        Ok(Self { written, ..index })
    }

    /// Returns the path of one of its entries.
    #[must_use]
    pub fn path(&self, entry: &IndexEntry) -> &[u8] {
        &self.paths[entry.path.clone()]
    }

    fn parse(bytes: &[u8]) -> Result<Self, UnreadIndex> {
        let cut = bytes.len().checked_sub(NAME).and_then(|end| bytes.split_at_checked(end));
        let (content, sum) = cut.ok_or(UnreadIndex("the index is cut off"))?;
        // All zeros: it was written with `index.skipHash`.
        if sum != [0; NAME] && sum != Sha1::digest(content).as_slice() {
            return Err(UnreadIndex("the index is damaged"));
        }
        let mut rest = Bytes::of(content);
        let (version, count) = take_head(&mut rest)?;
        let mut index = Self::default();
        index.entries.reserve(count.min(content.len() / LEAST));
        for _ in 0..count {
            index.take_entry(&mut rest, version)?;
        }
        while !rest.is_empty() {
            let name = rest.take(4)?;
            let length = rest.number()? as usize;
            let extension = rest.take(length)?;
            match name {
                b"TREE" => index.tree = Some(TreeCache::parse(extension)?),
                // Those in capitals may be left out; `link` (a split index) and `sdir` (a sparse one) may not.
                [b'A'..=b'Z', ..] => {}
                _ => return Err(UnreadIndex("the index is split, or sparse")),
            }
        }
        Ok(index)
    }

    fn take_entry(&mut self, rest: &mut Bytes<'_>, version: u32) -> Result<(), UnreadIndex> {
        let begin = rest.position();
        let changed = (rest.number()?.cast_signed(), rest.number()?);
        let modified = (rest.number()?.cast_signed(), rest.number()?);
        let (device, inode, mode) = (rest.number()?, rest.number()?, rest.number()?);
        let (user, group, size) = (rest.number()?, rest.number()?, u64::from(rest.number()?));
        let id = rest.take(NAME)?.try_into().map_err(|_| UnreadIndex("the index is cut off"))?;
        let flags = rest.short()?;
        let extended = if flags & EXTENDED == 0 { 0 } else { rest.short()? };
        let from = self.paths.len();
        let last = self.entries.last().map_or(0..0, |last| last.path.clone());
        if version == 4 {
            // How much of the last path's end is dropped, then what takes its place.
            let kept = last.len().checked_sub(rest.offset()?).ok_or(UnreadIndex("the index is damaged"))?;
            self.paths.extend_from_within(last.start..last.start + kept);
            self.paths.extend_from_slice(rest.until(0)?);
        } else {
            self.paths.extend_from_slice(rest.until(0)?);
            // To a multiple of eight, the NUL counted.
            let length = rest.position() - begin;
            rest.take(length.next_multiple_of(8) - length)?;
        }
        let path = from..self.paths.len();
        let is_unmerged = flags & STAGE != 0;
        let order = self.paths[last.clone()].cmp(&self.paths[path.clone()]);
        // Sides of a conflict have one path.
        if path.is_empty() || order.is_gt() || (order.is_eq() && !is_unmerged) {
            return Err(UnreadIndex("the index is damaged"));
        }
        self.entries.push(IndexEntry {
            path,
            stat: StatData { changed, modified, device, inode, user, group, size },
            mode,
            id,
            is_assumed: flags & ASSUME_UNCHANGED != 0,
            is_skipped: extended & (SKIP_WORKTREE | INTENT_TO_ADD) != 0,
            is_unmerged,
        });
        Ok(())
    }
}

/// When a file was written: seconds and nanoseconds.
type Written = (i32, u32);

/// Reads all bytes of an index, and when it was written; `None` where there is none.
pub(super) fn read_bytes(path: &Path) -> Result<Option<(Vec<u8>, Written)>, UnreadIndex> {
    const UNREAD: UnreadIndex = UnreadIndex("the index cannot be read");
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(UNREAD),
    };
    let stat = StatData::from(rustix::fs::fstat(&file).map_err(|_| UNREAD)?);
    let mut bytes = Vec::with_capacity(usize::try_from(stat.size).unwrap_or_default().saturating_add(1));
    file.read_to_end(&mut bytes).map_err(|_| UNREAD)?;
    Ok(Some((bytes, stat.modified)))
}

/// Takes what every index begins with; returns its version and the number of its entries.
pub(super) fn take_head(rest: &mut Bytes<'_>) -> Result<(u32, usize), UnreadIndex> {
    if rest.take(4)? != b"DIRC" {
        return Err(UnreadIndex("the index is none"));
    }
    let version = rest.number()?;
    if !(2..=4).contains(&version) {
        return Err(UnreadIndex("the index is of another version"));
    }
    Ok((version, rest.number()? as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        bytes.extend([0; 24]);
        bytes.extend(0o100_644_u32.to_be_bytes());
        bytes.extend([0; 12]);
        bytes.extend([7; 20]);
        bytes.extend([0, 1, b'a', 0]);
        bytes.extend(b"TREE\0\0\0\x19\x001 0\n");
        bytes.extend([9; 20]);
        bytes
    }

    #[test]
    fn no_cut_and_no_flipped_byte_makes_it_panic_and_the_checksum_finds_each() {
        let content = sample();
        let unsummed = [&content[..], &[0; NAME]].concat();
        let summed = [&content[..], Sha1::digest(&content).as_slice()].concat();
        let index = IndexFile::parse(&summed).unwrap();
        assert_eq!(index.path(&index.entries[0]), b"a");
        assert_eq!(index.tree.unwrap().tree, Some([9; 20]));
        assert!(IndexFile::parse(&unsummed).is_ok());
        for at in 0..unsummed.len() {
            let _ = IndexFile::parse(&unsummed[..at]);
            for bit in 0..8 {
                for whole in [&unsummed, &summed] {
                    let mut damaged = whole.clone();
                    damaged[at] ^= 1 << bit;
                    let read = IndexFile::parse(&damaged);
                    assert!(whole != &summed || read.is_err(), "byte {at}, bit {bit}");
                }
            }
        }
    }
}
