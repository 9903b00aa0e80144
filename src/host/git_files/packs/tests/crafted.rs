//! Packs that git would not make: each says something about itself that is not so.

use git2::Oid;

use super::repository::{Repository, read};
use crate::host::git_files::packs::{PackFault, Packs, Reader};

const BLOB: u8 = 3;
const BEHIND: u8 = 6;
const NAMED: u8 = 7;

fn name(of: u8) -> [u8; 20] {
    [of; 20]
}

/// An entry's header, and what follows it as it stands.
fn entry(kind: u8, size: u64, rest: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = (kind << 4) | u8::try_from(size & 0xf).unwrap();
    let mut left = size >> 4;
    while left > 0 {
        bytes.push(byte | 0x80);
        byte = u8::try_from(left & 0x7f).unwrap();
        left >>= 7;
    }
    bytes.push(byte);
    [bytes, rest.concat()].concat()
}

/// A zlib stream without compression.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(content);
    stream.extend(zlib_rs::adler32::adler32(1, content).to_be_bytes());
    stream
}

/// Writes a pack of entries named 1, 2, 3 …, and an index in which every checksum is right.
#[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
fn packs(repository: &Repository, entries: &[Vec<u8>]) -> Packs {
    let count = u32::try_from(entries.len()).unwrap();
    let mut pack = [b"PACK\0\0\0\x02", &count.to_be_bytes()[..]].concat();
    let (mut names, mut sums, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for (number, entry) in (1..).zip(entries) {
        names.extend(name(number));
        sums.extend(zlib_rs::crc32::crc32(0, entry).to_be_bytes());
        offsets.extend(u32::try_from(pack.len()).unwrap().to_be_bytes());
        pack.extend(entry);
    }
    pack.extend([9; 20]);
    let fan_out = (0..256_u32).flat_map(|first| first.min(count).to_be_bytes()).collect::<Vec<_>>();
    let index = [b"\xfftOc\0\0\0\x02", &fan_out[..], &names, &sums, &offsets, &[9; 20], &[0; 20]].concat();
    std::fs::write(repository.objects().join("pack/pack-crafted.pack"), pack).unwrap();
    std::fs::write(repository.objects().join("pack/pack-crafted.idx"), index).unwrap();
    Packs::open(&repository.objects())
}

/// Reads the last of the entries.
fn read_last(entries: &[Vec<u8>]) -> Result<Vec<u8>, PackFault> {
    let repository = Repository::new();
    let packs = packs(&repository, entries);
    let last = Oid::from_bytes(&name(u8::try_from(entries.len()).unwrap())).unwrap();
    let object = read(&packs, &mut Reader::new(&packs), last).unwrap();
    object.map(|object| object.bytes.to_vec())
}

fn require_damaged(entries: &[Vec<u8>]) {
    let result = read_last(entries);
    assert!(matches!(result, Err(PackFault::Damaged(_))), "{result:?}");
}

#[test]
fn a_pack_made_by_hand_is_read() {
    let base = entry(BLOB, 3, &[&stored(b"abc")]);
    let distance = u8::try_from(base.len()).unwrap();
    let behind = entry(BEHIND, 7, &[&[distance], &stored(&[3, 4, 0x90, 3, 1, b'd', 0][..6])]);
    // The size of what is inflated is the delta's own.
    assert!(read_last(&[base.clone(), behind]).is_err());
    let behind = entry(BEHIND, 6, &[&[distance], &stored(&[3, 4, 0x90, 3, 1, b'd'])]);
    assert_eq!(read_last(&[base.clone(), behind]).unwrap(), b"abcd");
    let named = entry(NAMED, 6, &[&name(1), &stored(&[3, 4, 0x90, 3, 1, b'd'])]);
    assert_eq!(read_last(&[base, named]).unwrap(), b"abcd");
}

#[test]
fn a_delta_of_itself_and_deltas_in_a_circle_end() {
    let delta = stored(&[1, 1, 1, b'x']);
    let itself = entry(NAMED, 4, &[&name(1), &delta]);
    assert!(matches!(read_last(&[itself]), Err(PackFault::Endless)));
    let circle: Vec<_> = [2, 3, 1].iter().map(|base| entry(NAMED, 4, &[&name(*base), &delta])).collect();
    assert!(matches!(read_last(&circle), Err(PackFault::Endless)));
    require_damaged(&[entry(BEHIND, 4, &[&[0], &delta])]);
}

#[test]
fn a_base_outside_the_pack_or_within_another_object_is_refused() {
    let delta = stored(&[1, 1, 1, b'x']);
    for distance in [&[1][..], &[12], &[13], &[0x7f], &[0xff, 0xff, 0x7f]] {
        require_damaged(&[entry(BEHIND, 4, &[distance, &delta])]);
    }
    let inner = entry(BLOB, 1, &[&stored(b"y")]);
    let outer = entry(BLOB, inner.len() as u64, &[&stored(&inner)]);
    let distance = u8::try_from(inner.len() + 4).unwrap();
    require_damaged(&[outer, entry(BEHIND, 4, &[&[distance], &delta])]);
    let elsewhere = read_last(&[entry(NAMED, 4, &[&name(77), &delta])]);
    assert!(matches!(elsewhere, Err(PackFault::Elsewhere(_))));
}

#[test]
fn a_size_that_is_only_claimed_takes_no_memory() {
    for size in [4, 1 << 20, 1 << 30, 1 << 40, 1 << 62, u64::MAX] {
        require_damaged(&[entry(BLOB, size, &[&stored(b"abc")])]);
    }
    for size in [0, 1, 2] {
        require_damaged(&[entry(BLOB, size, &[&stored(b"abc")])]);
    }
    let base = entry(BLOB, 3, &[&stored(b"abc")]);
    let distance = [u8::try_from(base.len()).unwrap()];
    let delta = [&[3][..], &[0xff; 8], &[0x3f, 0x90, 3]].concat();
    let lie = entry(BEHIND, delta.len() as u64, &[&distance, &stored(&delta)]);
    require_damaged(&[base, lie]);
}

#[test]
fn a_stream_that_is_none_or_fails_its_checksum_is_damage() {
    let good = stored(b"abc");
    for broken in 0..good.len() {
        let mut stream = good.clone();
        stream[broken] ^= 0x55;
        require_damaged(&[entry(BLOB, 3, &[&stream])]);
        require_damaged(&[entry(BLOB, 3, &[&good[..broken]])]);
    }
    require_damaged(&[entry(5, 3, &[&good])]);
    require_damaged(&[entry(0, 3, &[&good])]);
}
