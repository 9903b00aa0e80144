//! Where an object is in its pack: an index of version 2 (gitformat-pack(5)), in memory while it is small, else read
//! piece by piece.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::fault::PackFault;

/// An object's name: only repositories with SHA-1 are read here.
pub(super) type Name = [u8; 20];

const HEADER: u64 = 8;
const NAMES: u64 = HEADER + 4 * 256;
/// The pack's checksum and the index's own.
const TRAILER: u64 = 40;
/// So many names are read at once from an index that is not in memory: the guess is rarely further off.
const BLOCK: u32 = 512;

/// An opened index.
pub(super) struct Index {
    source: Source,
    /// How many names begin with so much or less.
    fan_out: Vec<u32>,
    count: u32,
    /// Of offsets that need more than 31 bits.
    large: u64,
    pub(super) pack_checksum: [u8; 20],
}

enum Source {
    Memory(Vec<u8>),
    File(File),
}

/// A place in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackPlace {
    /// Its number in the index.
    pub(super) number: u32,
    /// Bytes from the pack's start.
    pub(super) offset: u64,
}

impl Index {
    /// Opens an index; `memory` is how many bytes may be taken for it and gets less by what is taken.
    pub(super) fn open(path: &Path, memory: &mut u64) -> Result<Self, PackFault> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < NAMES + TRAILER {
            return Err(PackFault::Elsewhere("the index of a pack is too short"));
        }
        let source = match usize::try_from(length) {
            Ok(size) if length <= *memory => {
                let mut bytes = vec![0; size];
                file.read_exact_at(&mut bytes, 0)?;
                *memory -= length;
                Source::Memory(bytes)
            }
            _ => Source::File(file),
        };
        Self::check(source, length)
    }

    fn check(source: Source, length: u64) -> Result<Self, PackFault> {
        let header: [u8; 8] = source.array(0)?;
        if header != *b"\xfftOc\0\0\0\x02" {
            return Err(PackFault::Elsewhere("the index of a pack is of another version"));
        }
        let table: [u8; 1024] = source.array(HEADER)?;
        let fan_out: Vec<u32> = table.as_chunks().0.iter().map(|entry| u32::from_be_bytes(*entry)).collect();
        let count = fan_out[255];
        let needed = NAMES + u64::from(count) * (20 + 4 + 4) + TRAILER;
        let large = length.checked_sub(needed);
        match large {
            Some(large) if fan_out.is_sorted() && large % 8 == 0 && large / 8 <= u64::from(count) => {
                let pack_checksum = source.array(length - TRAILER)?;
                Ok(Self { source, fan_out, count, large: large / 8, pack_checksum })
            }
            // Names of SHA-256 make it longer.
            _ => Err(PackFault::Elsewhere("the index of a pack is of another kind")),
        }
    }

    /// Returns how many objects the pack has.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Finds an object by its name.
    pub(super) fn find(&self, name: &Name) -> Result<Option<PackPlace>, PackFault> {
        let first = usize::from(name[0]);
        let start = if first == 0 { 0 } else { self.fan_out[first - 1] };
        let number = match &self.source {
            Source::Memory(bytes) => search(bytes, start, self.fan_out[first], name),
            Source::File(file) => search_file(file, start, self.fan_out[first], name)?,
        };
        number.map(|number| Ok(PackPlace { number, offset: self.offset(number)? })).transpose()
    }

    /// Returns every object's offset with its number, in the order of the pack; none of an index that is too large to
    /// be in memory.
    pub(super) fn in_pack_order(&self) -> Option<Vec<PackPlace>> {
        if matches!(self.source, Source::File(_)) {
            return None;
        }
        let found = |number| Some(PackPlace { number, offset: self.offset(number).ok()? });
        let mut order: Vec<PackPlace> = (0..self.count).map(found).collect::<Option<_>>()?;
        order.sort_unstable_by_key(|found| found.offset);
        Some(order)
    }

    fn offset(&self, number: u32) -> Result<u64, PackFault> {
        let offsets = NAMES + u64::from(self.count) * 24;
        let offset = u32::from_be_bytes(self.source.array(offsets + u64::from(number) * 4)?);
        if offset >> 31 == 0 {
            return Ok(offset.into());
        }
        let at = u64::from(offset & 0x7fff_ffff);
        if at >= self.large {
            return Err(PackFault::Damaged("its index points beyond itself"));
        }
        Ok(u64::from_be_bytes(self.source.array(offsets + u64::from(self.count) * 4 + at * 8)?))
    }

    /// Returns the CRC-32 of an object as it is stored, header included.
    pub(super) fn crc(&self, number: u32) -> Result<u32, PackFault> {
        let at = NAMES + u64::from(self.count) * 20 + u64::from(number) * 4;
        self.source.array(at).map(u32::from_be_bytes)
    }
}

impl Source {
    fn array<const N: usize>(&self, at: u64) -> Result<[u8; N], PackFault> {
        match self {
            Self::Memory(bytes) => usize::try_from(at)
                .ok()
                .and_then(|at| bytes.get(at..)?.first_chunk())
                .copied()
                .ok_or(PackFault::Damaged("its index ends too early")),
            Self::File(file) => {
                let mut array = [0; N];
                file.read_exact_at(&mut array, at)?;
                Ok(array)
            }
        }
    }
}

fn names_at(number: u32) -> u64 {
    NAMES + u64::from(number) * 20
}

/// Searches the names from `start` up to `end`.
fn search(bytes: &[u8], start: u32, end: u32, name: &Name) -> Option<u32> {
    let from = usize::try_from(names_at(start)).ok()?;
    let to = usize::try_from(names_at(end)).ok()?;
    let (names, _) = bytes.get(from..to)?.as_chunks::<20>();
    let at = names
        .binary_search_by(|other| beginning(other).cmp(&beginning(name)).then_with(|| other.cmp(name)))
        .ok()?;
    Some(start + u32::try_from(at).ok()?)
}

/// Two names mostly differ in these bytes, which compare as one number.
fn beginning(name: &Name) -> u64 {
    name.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Guesses where a name is, for names are spread evenly, and reads blocks of names around it.
fn search_file(file: &File, mut start: u32, mut end: u32, name: &Name) -> Result<Option<u32>, PackFault> {
    let share = u64::from(u32::from_be_bytes([name[1], name[2], name[3], name[4]]));
    let guess = start + u32::try_from((u64::from(end - start) * share) >> 32).unwrap_or(0);
    let mut block = [[0; 20]; BLOCK as usize];
    while start < end {
        let length = (end - start).min(BLOCK);
        let from = guess.saturating_sub(length / 2).clamp(start, end - length);
        let names = &mut block[..length as usize];
        file.read_exact_at(names.as_flattened_mut(), names_at(from))?;
        match names.binary_search(name) {
            Ok(at) => return Ok(Some(from + u32::try_from(at).unwrap_or(0))),
            Err(0) => end = from,
            Err(at) if at == names.len() => start = from + length,
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}
