//! An index read whole, versions 2 to 4. A split or a sparse one, one of other object names, and one whose checksum is
//! wrong are not read: what they list is not all there is.

use std::path::Path;

use git2::Oid;
use sha1::{Digest, Sha1};

use super::StatData;

/// Bytes of an object's name (SHA-1).
const NAME: usize = 20;
/// Bytes of an entry before its flags.
const FIXED: usize = 40 + NAME;

const ASSUME_UNCHANGED: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;

/// An index as it was when it was read.
#[derive(Debug)]
pub struct IndexFile {
    entries: Vec<Stored>,
    /// The paths one behind the other.
    paths: Vec<u8>,
}

#[derive(Debug)]
struct Stored {
    stat: StatData,
    mode: u32,
    id: Oid,
    path: (usize, usize),
    is_plain: bool,
}

/// One path of an index.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub path: &'a [u8],
    pub stat: StatData,
    pub mode: u32,
    pub id: Oid,
    /// Merged, and none of assume-unchanged, skip-worktree and intent-to-add is set: what git says of the file on disk
    /// follows from stat data alone.
    pub is_plain: bool,
}

impl IndexFile {
    /// Reads the file at `path`; `None` when it is not there, damaged or of a kind that is not read.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        let file = std::fs::File::open(path).ok()?;
        let stat = StatData::from(rustix::fs::fstat(&file).ok()?);
        let mut bytes = Vec::with_capacity(usize::try_from(stat.size).ok()? + 1);
        std::io::Read::read_to_end(&mut { file }, &mut bytes).ok()?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(NAME)?)?;
        // All zeros: it was written with `index.skipHash`.
        if sum != [0; NAME] && sum != Sha1::digest(content).as_slice() {
            return None;
        }
        let mut rest = content;
        if take(&mut rest, 4)? != b"DIRC" {
            return None;
        }
        let version = number(&mut rest)?;
        let count = usize::try_from(number(&mut rest)?).ok()?;
        if !(2..=4).contains(&version) || count > content.len() / FIXED {
            return None;
        }
        let mut index = Self { entries: Vec::with_capacity(count), paths: Vec::new() };
        for _ in 0..count {
            rest = index.take_entry(rest, version)?;
        }
        has_no_meaning_elsewhere(rest).then_some(index)
    }

    /// Reads one entry and returns what follows it.
    fn take_entry<'b>(&mut self, bytes: &'b [u8], version: u32) -> Option<&'b [u8]> {
        let mut rest = bytes;
        let mut field = || number(&mut rest);
        let (changed, modified) = ((field()?, field()?), (field()?, field()?));
        let (device, inode, mode) = (field()?, field()?, field()?);
        let (user, group, size) = (field()?, field()?, field()?);
        let id = Oid::from_bytes(take(&mut rest, NAME)?).ok()?;
        let flags = short(&mut rest)?;
        let extended = if flags & EXTENDED == 0 { 0 } else { short(&mut rest)? };
        let from = self.paths.len();
        if version == 4 {
            // How much of the last path's end is dropped, then what takes its place.
            let dropped = offset(&mut rest)?;
            let (first, end) = self.entries.last().map_or((0, 0), |last| last.path);
            let kept = end.checked_sub(dropped).filter(|kept| *kept >= first)?;
            self.paths.extend_from_within(first..kept);
        }
        let length = memchr::memchr(0, rest)?;
        self.paths.extend_from_slice(take(&mut rest, length)?);
        if version == 4 {
            take(&mut rest, 1)?;
        } else {
            // To a multiple of eight, with at least one NUL.
            let length = bytes.len() - rest.len();
            take(&mut rest, 8 - length % 8)?;
        }
        #[expect(clippy::cast_possible_wrap, reason = "as git writes them: the low 32 bits")]
        let seconds = |time: (u32, u32)| (time.0 as i32, time.1);
        let on_disk = StatData {
            changed: seconds(changed),
            modified: seconds(modified),
            device,
            inode,
            user,
            group,
            size: u64::from(size),
        };
        let is_plain =
            flags & (ASSUME_UNCHANGED | STAGE) == 0 && extended & (SKIP_WORKTREE | INTENT_TO_ADD) == 0;
        let path = (from, self.paths.len());
        self.entries.push(Stored { stat: on_disk, mode, id, path, is_plain });
        Some(rest)
    }

    /// Returns the entries in the order of the file, which is that of their paths as bytes.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.entries.iter().map(|stored| Entry {
            path: self.paths.get(stored.path.0..stored.path.1).unwrap_or_default(),
            stat: stored.stat,
            mode: stored.mode,
            id: stored.id,
            is_plain: stored.is_plain,
        })
    }
}

/// Answers whether the extensions leave the entries as they stand: those in capitals may be ignored, `link` (a split
/// index) and `sdir` (a sparse one) may not.
fn has_no_meaning_elsewhere(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let (Some(signature), Some(length)) = (take(&mut rest, 4), number(&mut rest)) else { return false };
        let is_optional = signature.first().is_some_and(u8::is_ascii_uppercase);
        if !is_optional || usize::try_from(length).ok().and_then(|length| take(&mut rest, length)).is_none() {
            return false;
        }
    }
    true
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes, 4)?.try_into().map(u32::from_be_bytes).ok()
}

fn short(bytes: &mut &[u8]) -> Option<u16> {
    take(bytes, 2)?.try_into().map(u16::from_be_bytes).ok()
}

/// Reads a number of variable length, as pack files have them for offsets (gitformat-pack(5)).
fn offset(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    let mut is_first = true;
    loop {
        let byte = *take(bytes, 1)?.first()?;
        if !is_first {
            value = value.checked_add(1)?;
        }
        value = value.checked_mul(128)? | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
        is_first = false;
    }
}
