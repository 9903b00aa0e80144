//! The words that git leaves behind the entries of an index: the tree that it is exactly, and sides of conflicts that were
//! settled. Entries are stepped over, and the checksum is not held against the file, so that it costs little more than to
//! read it. Whoever asks looks whether there is such a tree.

use std::path::Path;

use super::bytes::Bytes;
use super::read::{EXTENDED, LEAST, read_bytes, take_head};
use super::unread::{NAME, UnreadIndex};

/// The bits of an entry's flags that say how long its path is; all of them, where it is longer than they can say.
const LENGTH: u16 = 0x0fff;

/// What stands behind the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexWords {
    /// The tree of exactly these entries; `None` where there are none, and where something was staged since git left word.
    pub tree: Option<[u8; NAME]>,
    /// Whether it names files of conflicts that were settled (resolve-undo): gc keeps them for its sake.
    pub has_settled: bool,
}

/// Returns the words of the index at `path`; `None` where what it lists is not all there is, or nobody can tell.
#[must_use]
pub fn find_index_words(path: &Path) -> Option<IndexWords> {
    match read_bytes(path).ok()? {
        Some((bytes, _)) => parse(&bytes).ok(),
        None => Some(IndexWords::default()),
    }
}

fn parse(bytes: &[u8]) -> Result<IndexWords, UnreadIndex> {
    let end = bytes.len().checked_sub(NAME).ok_or(UnreadIndex("the index is cut off"))?;
    let mut rest = Bytes::of(&bytes[..end]);
    let (version, count) = take_head(&mut rest)?;
    for _ in 0..count {
        step_over(&mut rest, version)?;
    }
    let mut words = IndexWords::default();
    while !rest.is_empty() {
        let name = rest.take(4)?;
        let length = rest.number()? as usize;
        let extension = rest.take(length)?;
        match name {
            b"TREE" => words.tree = root(extension)?,
            b"REUC" => words.has_settled = !extension.is_empty(),
            [b'A'..=b'Z', ..] => {}
            _ => return Err(UnreadIndex("the index is split, or sparse")),
        }
    }
    words.tree = words.tree.filter(|_| count > 0);
    Ok(words)
}

fn step_over(rest: &mut Bytes<'_>, version: u32) -> Result<(), UnreadIndex> {
    let begin = rest.position();
    rest.take(LEAST - 2)?;
    let flags = rest.short()?;
    if flags & EXTENDED != 0 {
        rest.short()?;
    }
    if version == 4 {
        rest.offset()?;
        rest.until(0)?;
        return Ok(());
    }
    if flags & LENGTH == LENGTH {
        rest.until(0)?;
    } else {
        rest.take(usize::from(flags & LENGTH) + 1)?;
    }
    let length = rest.position() - begin;
    rest.take(length.next_multiple_of(8) - length).map(drop)
}

/// The first of the cached trees is the root.
fn root(extension: &[u8]) -> Result<Option<[u8; NAME]>, UnreadIndex> {
    let mut rest = Bytes::of(extension);
    rest.until(0)?;
    let entries = rest.decimal(b' ')?;
    rest.decimal(b'\n')?;
    Ok(if entries < 0 { None } else { rest.take(NAME)?.try_into().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cut_and_no_flipped_bit_makes_it_panic() {
        let mut content = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        content.extend([0; 60]);
        content.extend([0, 1, b'a', 0]);
        content.extend(b"TREE\0\0\0\x19\x001 0\n");
        content.extend([9; NAME]);
        content.extend([0; NAME]);
        assert_eq!(parse(&content).unwrap(), IndexWords { tree: Some([9; NAME]), has_settled: false });
        for at in 0..content.len() {
            let _ = parse(&content[..at]);
            for bit in 0..8 {
                let mut damaged = content.clone();
                damaged[at] ^= 1 << bit;
                let _ = parse(&damaged);
            }
        }
    }
}
