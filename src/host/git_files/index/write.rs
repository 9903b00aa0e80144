//! A new index in version 2, with the cache of trees: what git need not look at again after a checkout.

use git2::Oid;
use sha1::{Digest, Sha1};

use super::StatData;

/// The longest path whose length the flags of an entry can say.
const LENGTH: usize = 0xFFF;

/// A path for a new index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewEntry<'a> {
    pub(crate) path: &'a [u8],
    pub(crate) stat: StatData,
    pub(crate) mode: u32,
    pub(crate) id: Oid,
}

/// A folder for the cache of trees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cached<'a> {
    /// Its name in its parent; empty for the root.
    pub(crate) name: &'a [u8],
    /// How many entries of the index lie in it, at any depth.
    pub(crate) entries: usize,
    /// How many folders lie right in it.
    pub(crate) folders: usize,
    pub(crate) id: Oid,
}

/// Returns the file's bytes. `entries` come in the order of their paths as bytes, `trees` each before those in it.
pub(crate) fn encode<'a>(
    entries: impl ExactSizeIterator<Item = NewEntry<'a>>,
    trees: impl Iterator<Item = Cached<'a>>,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(100 + entries.len() * 112);
    bytes.extend_from_slice(b"DIRC\0\0\0\x02");
    push_length(&mut bytes, entries.len());
    entries.for_each(|entry| push_entry(&mut bytes, &entry));
    let mut cache = Vec::new();
    for tree in trees {
        cache.extend_from_slice(tree.name);
        cache.push(0);
        cache.extend_from_slice(format!("{} {}\n", tree.entries, tree.folders).as_bytes());
        cache.extend_from_slice(tree.id.as_bytes());
    }
    bytes.extend_from_slice(b"TREE");
    push_length(&mut bytes, cache.len());
    bytes.extend_from_slice(&cache);
    let sum = Sha1::digest(&bytes);
    bytes.extend_from_slice(sum.as_slice());
    bytes
}

fn push_entry(bytes: &mut Vec<u8>, entry: &NewEntry) {
    let before = bytes.len();
    let stat = &entry.stat;
    #[expect(clippy::cast_sign_loss, reason = "as git writes them: the low 32 bits")]
    let seconds = |time: i32| time as u32;
    for number in [
        seconds(stat.changed.0),
        stat.changed.1,
        seconds(stat.modified.0),
        stat.modified.1,
        stat.device,
        stat.inode,
        entry.mode,
        stat.user,
        stat.group,
        stat.size_in_index(),
    ] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(entry.id.as_bytes());
    let flags = u16::try_from(entry.path.len().min(LENGTH)).unwrap_or_default();
    bytes.extend_from_slice(&flags.to_be_bytes());
    bytes.extend_from_slice(entry.path);
    let length = bytes.len() - before;
    bytes.resize(bytes.len() + 8 - length % 8, 0);
}

/// Nobody has four thousand million paths: that file would be four hundred gigabytes long.
fn push_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}
