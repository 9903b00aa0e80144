//! A delta onto its base (gitformat-pack(5), "Deltified representation"). No memory is taken for what a delta only
//! claims to make.

use super::fault::PackFault;

/// A result of more bytes than this is counted before memory is taken for it.
const LARGE: u64 = 1024 * 1024;
/// Bytes that come from memory together.
const CACHE_LINE: usize = 64;
/// Bytes that are copied at once.
const SHORT: usize = 32;

/// Returns what `delta` makes of `base`.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, PackFault> {
    let mut rest = delta;
    if size(&mut rest)? != base.len() as u64 {
        return Err(PackFault::Damaged("a delta is for another base"));
    }
    let promised = size(&mut rest)?;
    if promised > LARGE && count(rest, base)? != promised {
        return Err(OTHER_SIZE);
    }
    let promised = usize::try_from(promised).map_err(|_| TOO_LARGE)?;
    touch(base);
    let mut result = Vec::new();
    result.try_reserve_exact(promised).map_err(|_| TOO_LARGE)?;
    result.resize(promised, 0);
    let mut room = result.as_mut_slice();
    while let Some(piece) = step(&mut rest, base)? {
        room = piece.put(room).ok_or(OTHER_SIZE)?;
    }
    if room.is_empty() { Ok(result) } else { Err(OTHER_SIZE) }
}

const OTHER_SIZE: PackFault = PackFault::Damaged("a delta makes another size than it says");
const TOO_LARGE: PackFault = PackFault::Elsewhere("the object is larger than memory");

fn count<'a>(mut rest: &'a [u8], base: &'a [u8]) -> Result<u64, PackFault> {
    let mut made = 0_u64;
    while let Some(step) = step(&mut rest, base)? {
        made += step.length as u64;
    }
    Ok(made)
}

/// Brings a base into the processor's cache: line after line that is quick, where copies from here and there wait for
/// memory each time.
fn touch(base: &[u8]) {
    std::hint::black_box(base.iter().step_by(CACHE_LINE).fold(0, |all, byte| all ^ byte));
}

/// What an instruction adds: the beginning of what there is from there on.
struct Piece<'a> {
    source: &'a [u8],
    length: usize,
}

impl<'a> Piece<'a> {
    fn of(source: &'a [u8], length: usize) -> Option<Self> {
        (length <= source.len()).then_some(Self { source, length })
    }

    /// Puts it at the start of `room`; returns the room behind it.
    fn put<'r>(&self, room: &'r mut [u8]) -> Option<&'r mut [u8]> {
        if self.length > room.len() {
            return None;
        }
        // Most are short, and a copy of a fixed length is a single move; what is too much is overwritten later.
        match (self.source.first_chunk::<SHORT>(), room.first_chunk_mut::<SHORT>()) {
            (Some(from), Some(to)) if self.length <= SHORT => *to = *from,
            _ => room[..self.length].copy_from_slice(&self.source[..self.length]),
        }
        Some(&mut room[self.length..])
    }
}

/// Takes one instruction off `rest`.
fn step<'a>(rest: &mut &'a [u8], base: &'a [u8]) -> Result<Option<Piece<'a>>, PackFault> {
    let Some((&instruction, after)) = rest.split_first() else { return Ok(None) };
    *rest = after;
    if instruction == 0 {
        return Err(PackFault::Damaged("a delta has an instruction that does not exist"));
    }
    if instruction & 0x80 == 0 {
        let added = Piece::of(rest, usize::from(instruction));
        let added = added.ok_or(PackFault::Damaged("a delta adds more than it holds"))?;
        *rest = &rest[added.length..];
        return Ok(Some(added));
    }
    let start = number(rest, instruction & 0x0f)?;
    let length = match number(rest, (instruction >> 4) & 0x07)? {
        0 => 0x10000,
        length => length,
    };
    let copied = base.get(start..).and_then(|from| Piece::of(from, length));
    copied.map(Some).ok_or(PackFault::Damaged("a delta copies what its base does not have"))
}

/// Takes a number off `rest` of which only the bytes with a bit in `present` are stored, the lowest first.
fn number(rest: &mut &[u8], present: u8) -> Result<usize, PackFault> {
    let mut number = 0;
    for at in 0..4 {
        if present & (1 << at) != 0 {
            let (&byte, after) = rest.split_first().ok_or(PackFault::Damaged("a delta is cut off"))?;
            *rest = after;
            number |= usize::from(byte) << (8 * at);
        }
    }
    Ok(number)
}

/// Takes a size off `rest`: seven bits a byte, the lowest first.
fn size(rest: &mut &[u8]) -> Result<u64, PackFault> {
    let mut size = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or(PackFault::Damaged("a delta is cut off"))?;
        *rest = after;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(PackFault::Damaged("a size in a delta is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"0123456789";

    #[test]
    fn copies_and_additions_follow_each_other() {
        let delta = [10, 7, 0x91, 2, 3, 0x02, b'a', b'b', 0x90, 2];
        assert_eq!(apply(BASE, &delta).unwrap(), b"234ab01");
    }

    #[test]
    fn a_copy_without_a_length_is_of_64_kib() {
        let base = vec![7; 0x10001];
        let delta = [0x81, 0x80, 0x04, 0x80, 0x80, 0x04, 0x81, 1];
        assert_eq!(apply(&base, &delta).unwrap(), vec![7; 0x10000]);
    }

    #[test]
    fn a_delta_that_lies_is_damage() {
        let lies: [&[u8]; 10] = [
            &[],
            &[10],
            &[9, 1, 1, b'a'],        // another base
            &[10, 2, 1, b'a'],       // makes less
            &[10, 1, 2, b'a', b'b'], // makes more
            &[10, 1, 5, b'a'],       // adds what it has not
            &[10, 3, 0x91, 9, 3],    // copies beyond the base
            &[10, 1, 0x9f, 0xff, 0xff, 0xff, 0xff, 1],
            &[10, 1, 0], // no instruction
            &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        for delta in lies {
            assert!(matches!(apply(BASE, delta), Err(PackFault::Damaged(_))), "{delta:?}");
        }
    }
}
