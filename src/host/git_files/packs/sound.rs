//! Whether the indexes of packs point into their packs: libgit2 follows an offset beyond the end and dies of it, so it is
//! let near no repository whose indexes were not looked at. Only the offsets are read.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::stores;

/// Where a pack's objects begin, and what comes after them.
const PACK_HEADER: u64 = 12;
const PACK_TRAILER: u64 = 20;

/// Names the first index below `objects`, git's folder of objects, or below its alternates, that points beyond its pack.
#[must_use]
pub fn find_unsound(objects: &Path) -> Option<PathBuf> {
    stores::folders(objects).iter().find_map(|folder| {
        let entries = std::fs::read_dir(folder.join("pack")).ok()?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.into_iter().find(|path| {
            let is_index = path.extension().is_some_and(|extension| extension == "idx");
            let is_shared = path.file_name().is_some_and(|name| name == "multi-pack-index");
            // What cannot be read at all is git's to complain of, and no harm to libgit2.
            (is_index && !is_sound(path).unwrap_or(true))
                || (is_shared && !is_shared_sound(path).unwrap_or(false))
        })
    })
}

/// An index of version 1 or 2 (gitformat-pack(5)). One without a pack is read by nobody.
fn is_sound(path: &Path) -> std::io::Result<bool> {
    let Some(end) = end_of_pack(&path.with_extension("pack")) else { return Ok(true) };
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = [0; 8];
    if length < 1024 + 40 {
        return Ok(false);
    }
    file.read_exact_at(&mut head, 0)?;
    let is_second = head[..4] == *b"\xfftOc";
    let names = if is_second { 8 + 1024 } else { 1024 };
    let count = u64::from(number(&file, names - 4)?);
    if !is_second {
        return Ok(length >= names + count * 24 + 40
            && all(&file, names, count, 24, |entry| is_within(u64::from(be(entry)), end))?);
    }
    let offsets = names + count * 24;
    let large_at = offsets + count * 4;
    let Some(large) = length.checked_sub(large_at + 40) else { return Ok(false) };
    are_offsets_within(&file, (offsets, count, 4), (large_at, large / 8), |_, offset| is_within(offset, end))
}

/// The index over several packs (gitformat-pack(5), `multi-pack-index`); what is not understood is not sound.
fn is_shared_sound(path: &Path) -> std::io::Result<bool> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = [0; 12];
    file.read_exact_at(&mut head, 0)?;
    if head[..6] != *b"MIDX\x01\x01" {
        return Ok(false);
    }
    let chunks = usize::from(head[6]);
    let mut table = vec![0; (chunks + 1) * 12];
    file.read_exact_at(&mut table, 12)?;
    let begin = |at: usize| u64::from_be_bytes(table[at * 12 + 4..][..8].try_into().unwrap_or_default());
    let find = |name: &[u8]| {
        let at = (0..chunks).find(|at| table[at * 12..].starts_with(name))?;
        Some((begin(at), begin(at + 1).checked_sub(begin(at))?)).filter(|(from, size)| from + size <= length)
    };
    let (Some((names, size)), Some((entries, room))) = (find(b"PNAM"), find(b"OOFF")) else {
        return Ok(false);
    };
    let mut text = vec![0; usize::try_from(size).unwrap_or_default()];
    file.read_exact_at(&mut text, names)?;
    let folder = path.parent().unwrap_or(path);
    let packs = text.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let ends: Vec<Option<u64>> = packs
        .map(|name| end_of_pack(&folder.join(&*String::from_utf8_lossy(name)).with_extension("pack")))
        .collect();
    let large = find(b"LOFF").map_or((0, 0), |(from, size)| (from, size / 8));
    are_offsets_within(&file, (entries, room / 8, 8), large, |entry, offset| {
        // A pack that is gone is not opened.
        ends.get(be(entry) as usize).is_some_and(|end| end.is_none_or(|end| is_within(offset, end)))
    })
}

/// Looks at `count` offsets from `at`, each the last four bytes of an entry of `width`; those with the highest bit set
/// stand among the large ones.
fn are_offsets_within(
    file: &File,
    (at, count, width): (u64, u64, usize),
    (large_at, large): (u64, u64),
    is_fine: impl Fn(&[u8], u64) -> bool,
) -> std::io::Result<bool> {
    let mut is_read = Ok(());
    let all = all(file, at, count, width, |entry| {
        let offset = be(&entry[width - 4..]);
        if offset >> 31 == 0 || large == 0 {
            return is_fine(entry, offset.into());
        }
        let place = u64::from(offset & 0x7fff_ffff);
        let mut bytes = [0; 8];
        is_read = file.read_exact_at(&mut bytes, large_at + place * 8);
        is_read.is_ok() && place < large && is_fine(entry, u64::from_be_bytes(bytes))
    })?;
    Ok(all && is_read.is_ok())
}

/// Reads `count` entries of `width` bytes from `at`, block by block.
fn all(
    file: &File,
    at: u64,
    count: u64,
    width: usize,
    mut is_fine: impl FnMut(&[u8]) -> bool,
) -> std::io::Result<bool> {
    let mut block = vec![0; width * 8192];
    let mut left = usize::try_from(count).unwrap_or(usize::MAX);
    let mut at = at;
    while left > 0 {
        let bytes = &mut block[..left.min(8192) * width];
        file.read_exact_at(bytes, at)?;
        if !bytes.chunks_exact(width).all(&mut is_fine) {
            return Ok(false);
        }
        left -= bytes.len() / width;
        at += bytes.len() as u64;
    }
    Ok(true)
}

fn is_within(offset: u64, end: u64) -> bool {
    (PACK_HEADER..end).contains(&offset)
}

/// Returns where the objects of a pack end; `None` where there is no pack.
fn end_of_pack(path: &Path) -> Option<u64> {
    let length = path.metadata().ok()?.len();
    Some(length.saturating_sub(PACK_TRAILER))
}

fn number(file: &File, at: u64) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at)?;
    Ok(u32::from_be_bytes(bytes))
}

fn be(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(u32::MAX, |bytes| u32::from_be_bytes(*bytes))
}
