//! git's index, read as gitformat-index(5) has it: entries with their stat data, and the tree cache, which tells that
//! nothing is staged without a look at any tree. What is not plainly understood is a doubt, and git's to read.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::doubt::Doubt;

/// The bits of the mode that tell the kind of a file.
const KIND: u32 = 0o170_000;

/// How deep folders may lie in each other.
const DEEPEST: usize = 2048;

/// The index of one worktree.
#[derive(Debug, Default)]
pub(super) struct IndexFile {
    pub(super) entries: Vec<Entry>,
    paths: Vec<u8>,
    pub(super) tree: Option<TreeCache>,
    /// When it was written: seconds and nanoseconds.
    pub(super) written: (u32, u32),
}

/// One tracked path with what `stat` said when git last knew it unchanged, each number cut to 32 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    path: Range<usize>,
    pub(super) ctime: (u32, u32),
    pub(super) mtime: (u32, u32),
    pub(super) inode: u32,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) size: u32,
    pub(super) oid: [u8; 20],
    /// `git update-index --assume-unchanged`.
    pub(super) is_assumed: bool,
}

impl Entry {
    pub(super) fn is_link(&self) -> bool {
        self.mode & KIND == 0o120_000
    }

    pub(super) fn is_submodule(&self) -> bool {
        self.mode & KIND == 0o160_000
    }

    pub(super) fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

/// A folder in the tree cache.
#[derive(Debug, Default)]
pub(super) struct TreeCache {
    name: Vec<u8>,
    /// The tree of exactly these entries; `None` where something was staged since.
    pub(super) tree: Option<[u8; 20]>,
    folders: Vec<TreeCache>,
}

impl TreeCache {
    pub(super) fn find(&self, name: &[u8]) -> Option<&Self> {
        let at = self.folders.binary_search_by(|folder| folder.name.as_slice().cmp(name)).ok()?;
        Some(&self.folders[at])
    }
}

impl IndexFile {
    pub(super) fn path(&self, entry: &Entry) -> &[u8] {
        &self.paths[entry.path.clone()]
    }

    /// Reads the index; one that is not there has nothing in it.
    pub(super) fn read(path: &Path) -> Result<Self, Doubt> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(_) => return Err(Doubt("the index cannot be read")),
        };
        let unreadable = |_| Doubt("the index cannot be read");
        let facts = file.metadata().map_err(unreadable)?;
        let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or_default() + 1);
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        let mut index = parse(&bytes)?;
        index.written = (low(facts.mtime()), low(facts.mtime_nsec()));
        Ok(index)
    }
}

/// The low 32 bits, which is what the index keeps of any number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as git cuts them")]
pub(super) fn low(number: i64) -> u32 {
    number as u32
}

fn parse(bytes: &[u8]) -> Result<IndexFile, Doubt> {
    let mut reader = Reader { bytes, at: 0 };
    let end = bytes.len().checked_sub(20).ok_or(Doubt("the index is cut off"))?;
    if reader.take(4)? != b"DIRC" {
        return Err(Doubt("the index is none"));
    }
    let version = reader.number()?;
    if !(2..=4).contains(&version) {
        return Err(Doubt("the index is of another version"));
    }
    let count = reader.number()? as usize;
    let mut index = IndexFile::default();
    // 62 bytes are the least that an entry takes.
    index.entries.reserve(count.min(bytes.len() / 62));
    for _ in 0..count {
        entry(&mut reader, version, &mut index)?;
    }
    while reader.at < end {
        let name = reader.take(4)?;
        let length = reader.number()? as usize;
        let content = reader.take(length)?;
        match name {
            b"TREE" => index.tree = Some(tree(&mut Reader { bytes: content, at: 0 }, 0)?),
            // Small letters: whoever does not understand it cannot understand the index (a split one, folders in it).
            [b'A'..=b'Z', ..] => {}
            _ => return Err(Doubt("the index is split, or sparse")),
        }
    }
    if reader.at == end { Ok(index) } else { Err(Doubt("the index is cut off")) }
}

fn entry(reader: &mut Reader, version: u32, index: &mut IndexFile) -> Result<(), Doubt> {
    let begin = reader.at;
    let ctime = (reader.number()?, reader.number()?);
    let mtime = (reader.number()?, reader.number()?);
    let _device = reader.number()?;
    let inode = reader.number()?;
    let mode = reader.number()?;
    let owner = (reader.number()?, reader.number()?);
    let size = reader.number()?;
    let oid = reader.take(20)?.try_into().map_err(|_| Doubt("the index is cut off"))?;
    let flags = reader.short()?;
    if flags & 0x3000 != 0 {
        return Err(Doubt("there are conflicts"));
    }
    // The extended flags: skip-worktree, intent-to-add.
    if flags & 0x4000 != 0 && reader.short()? & 0x6000 != 0 {
        return Err(Doubt("some entries are skipped, or merely intended"));
    }
    let start = index.paths.len();
    if version == 4 {
        let dropped = reader.varint()?;
        let before = index.entries.last().map_or(0..0, |last| last.path.clone());
        let kept = before.len().checked_sub(dropped).ok_or(Doubt("the index is damaged"))?;
        index.paths.extend_from_within(before.start..before.start + kept);
        let rest = reader.until_nul()?;
        index.paths.extend_from_slice(rest);
    } else {
        let path = reader.until_nul()?;
        index.paths.extend_from_slice(path);
        // Padded to a multiple of eight, the NUL counted.
        let length = reader.at - begin;
        reader.take(length.next_multiple_of(8) - length)?;
    }
    let path = start..index.paths.len();
    let is_ascending =
        index.entries.last().is_none_or(|last| index.paths[last.path.clone()] < index.paths[path.clone()]);
    if path.is_empty() || !is_ascending {
        return Err(Doubt("the index is damaged"));
    }
    let is_assumed = flags & 0x8000 != 0;
    index.entries.push(Entry { path, ctime, mtime, inode, mode, owner, size, oid, is_assumed });
    Ok(())
}

fn tree(reader: &mut Reader, depth: usize) -> Result<TreeCache, Doubt> {
    if depth > DEEPEST {
        return Err(Doubt("the tree cache is too deep"));
    }
    let name = reader.until_nul()?.to_vec();
    let entries = reader.decimal(b' ')?;
    let folders = reader.decimal(b'\n')?;
    let tree = if entries < 0 { None } else { reader.take(20)?.try_into().ok() };
    let folders = (0..folders).map(|_| self::tree(reader, depth + 1)).collect::<Result<Vec<_>, _>>();
    let mut folders = folders?;
    // git has the short names first.
    folders.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(TreeCache { name, tree, folders })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Doubt> {
        let end = self.at.checked_add(count).ok_or(Doubt("the index is cut off"))?;
        let taken = self.bytes.get(self.at..end).ok_or(Doubt("the index is cut off"))?;
        self.at = end;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Doubt> {
        let bytes = self.take(4)?.try_into().map_err(|_| Doubt("the index is cut off"))?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn short(&mut self) -> Result<u16, Doubt> {
        let bytes = self.take(2)?.try_into().map_err(|_| Doubt("the index is cut off"))?;
        Ok(u16::from_be_bytes(bytes))
    }

    fn until_nul(&mut self) -> Result<&'a [u8], Doubt> {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr(0, rest).ok_or(Doubt("the index is cut off"))?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    fn decimal(&mut self, end: u8) -> Result<i64, Doubt> {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr(end, rest).ok_or(Doubt("the tree cache is damaged"))?;
        self.at += length + 1;
        let text = str::from_utf8(&rest[..length]).ok();
        text.and_then(|text| text.parse().ok()).ok_or(Doubt("the tree cache is damaged"))
    }

    /// The number of bytes that a version 4 entry drops from the path before it, as offsets in packs are written.
    fn varint(&mut self) -> Result<usize, Doubt> {
        let mut value = 0_usize;
        loop {
            let byte = self.take(1)?[0];
            value = value.checked_shl(7).ok_or(Doubt("the index is damaged"))? | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            if value > 1 << 24 {
                return Err(Doubt("the index is damaged"));
            }
            value += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cut_and_no_flipped_byte_makes_it_panic() {
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        bytes.extend([0; 24]);
        bytes.extend(0o100_644_u32.to_be_bytes());
        bytes.extend([0; 12]);
        bytes.extend([7; 20]);
        bytes.extend([0, 1, b'a', 0]);
        bytes.extend(b"TREE\0\0\0\x19\x001 0\n");
        bytes.extend([9; 20]);
        bytes.extend([0; 20]);
        let whole = parse(&bytes);
        assert!(whole.is_ok(), "{whole:?}");
        for length in 0..bytes.len() {
            let _ = parse(&bytes[..length]);
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[length] ^= 1 << bit;
                let _ = parse(&damaged);
            }
        }
    }
}
