//! How an object in a pack begins: its type, the size of what is inflated, and for a delta where its base is
//! (gitformat-pack(5), "pack-*.pack files have the following format").

use super::fault::PackFault;

/// No header is longer: ten bytes of size, and ten of an offset or twenty of a name.
pub(super) const LONGEST: usize = 32;

/// A header, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PackHeader {
    pub(super) form: Form,
    /// Bytes of the object, or of the delta.
    pub(super) size: u64,
    /// Bytes of the header itself.
    pub(super) length: usize,
}

/// How the content is stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    Whole(ObjectKind),
    /// A delta; its base is so many bytes before this entry.
    Behind(u64),
    /// A delta; its base by name.
    Named([u8; 20]),
}

/// Reads the header at the start of `bytes`, which may be cut off after [`LONGEST`].
pub(super) fn read(bytes: &[u8]) -> Result<PackHeader, PackFault> {
    let cut = || PackFault::Damaged("it ends within a header");
    let mut rest = bytes.iter().copied();
    let first = rest.next().ok_or_else(cut)?;
    let mut size = u64::from(first & 0x0f);
    let mut shift = 4;
    let mut last = first;
    while last & 0x80 != 0 {
        last = rest.next().ok_or_else(cut)?;
        let part = u64::from(last & 0x7f);
        if shift > 63 || (part << shift) >> shift != part {
            return Err(PackFault::Damaged("a size is too large"));
        }
        size |= part << shift;
        shift += 7;
    }
    let form = match (first >> 4) & 7 {
        1 => Form::Whole(ObjectKind::Commit),
        2 => Form::Whole(ObjectKind::Tree),
        3 => Form::Whole(ObjectKind::Blob),
        4 => Form::Whole(ObjectKind::Tag),
        6 => Form::Behind(distance(&mut rest)?),
        7 => {
            let mut name = [0; 20];
            for byte in &mut name {
                *byte = rest.next().ok_or_else(cut)?;
            }
            Form::Named(name)
        }
        _ => return Err(PackFault::Damaged("an object has a type that does not exist")),
    };
    Ok(PackHeader { form, size, length: bytes.len() - rest.len() })
}

/// Each further byte adds one before it is shifted in, so that no distance can be written in two ways.
fn distance(rest: &mut impl Iterator<Item = u8>) -> Result<u64, PackFault> {
    let wrong = || PackFault::Damaged("the base of a delta is nowhere");
    let mut byte = rest.next().ok_or_else(wrong)?;
    let mut distance = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = rest.next().ok_or_else(wrong)?;
        let more = distance.checked_add(1).filter(|more| more >> 57 == 0).ok_or_else(wrong)?;
        distance = (more << 7) | u64::from(byte & 0x7f);
    }
    Ok(distance)
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl From<ObjectKind> for git2::ObjectType {
    fn from(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::Commit => Self::Commit,
            ObjectKind::Tree => Self::Tree,
            ObjectKind::Blob => Self::Blob,
            ObjectKind::Tag => Self::Tag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_low_bits_first() {
        let entry = read(&[0xb5, 0x8a, 0x01, 0xff]).unwrap();
        assert_eq!(
            entry,
            PackHeader { form: Form::Whole(ObjectKind::Blob), size: 5 + (10 << 4) + (1 << 11), length: 3 }
        );
    }

    #[test]
    fn the_largest_size_is_read_and_a_larger_one_refused() {
        let mut bytes = vec![0xbf];
        bytes.extend([0xff; 8]);
        bytes.push(0x0f);
        assert_eq!(read(&bytes).unwrap().size, u64::MAX);
        *bytes.last_mut().unwrap() = 0x1f;
        assert!(read(&bytes).is_err());
        assert!(read(&[0xff; 64]).is_err());
    }

    #[test]
    fn a_distance_has_only_one_spelling() {
        assert_eq!(read(&[0x61, 0x80, 0x00]).unwrap().form, Form::Behind(128));
        assert_eq!(read(&[0x61, 0x7f]).unwrap().form, Form::Behind(127));
        assert!(read(&[&[0x61][..], &[0xff; 30]].concat()).is_err());
    }

    #[test]
    fn a_header_that_is_cut_off_is_damage_not_a_panic() {
        let name = [&[0xf1, 0x01][..], &[7; 20]].concat();
        assert_eq!(read(&name).unwrap().form, Form::Named([7; 20]));
        for length in 0..name.len() {
            assert!(read(&name[..length]).is_err(), "{length}");
        }
        for first in [0x00, 0x51, 0xd1] {
            assert!(read(&[first, 0, 0]).is_err());
        }
    }
}
