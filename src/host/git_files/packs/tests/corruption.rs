//! Packs and indexes with bytes changed at random, or cut off: what is read is right, or nothing is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use git2::{ObjectType, Oid};
use proptest::prelude::*;

use super::repository::{Repository, read};
use crate::host::git_files::packs::{Packs, Reader};

struct Victim {
    repository: Repository,
    truth: BTreeMap<Oid, (ObjectType, Vec<u8>)>,
    pack: (PathBuf, Vec<u8>),
    index: (PathBuf, Vec<u8>),
}

/// What is done to a file.
#[derive(Clone, Debug)]
enum Harm {
    Flip { at: prop::sample::Index, bit: u8 },
    Overwrite { at: prop::sample::Index, with: Vec<u8> },
    Cut { at: prop::sample::Index },
    CutKeepingTheEnd { at: prop::sample::Index, length: usize },
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        8 => (at(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip { at, bit }),
        4 => (at(), prop::collection::vec(any::<u8>(), 1..30)).prop_map(|(at, with)| Harm::Overwrite { at, with }),
        1 => at().prop_map(|at| Harm::Cut { at }),
        2 => (at(), 1..40_usize).prop_map(|(at, length)| Harm::CutKeepingTheEnd { at, length }),
    ]
}

fn harmed(bytes: &[u8], harm: &Harm) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match harm {
        Harm::Flip { at, bit } => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Harm::Overwrite { at, with } => {
            let at = at.index(bytes.len());
            let end = (at + with.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&with[..end - at]);
        }
        Harm::Cut { at } => bytes.truncate(at.index(bytes.len())),
        Harm::CutKeepingTheEnd { at, length } => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + length).min(bytes.len()));
        }
    }
    bytes
}

impl Victim {
    fn new() -> Self {
        let repository = Repository::packed(&["gc", "-q", "--aggressive", "--prune=now"]);
        let load = |path: PathBuf| {
            let bytes = std::fs::read(&path).unwrap();
            // git writes them read-only.
            std::fs::remove_file(&path).unwrap();
            (path, bytes)
        };
        let truth = repository.truth();
        let pack = load(repository.packs("pack").remove(0));
        let index = load(repository.packs("idx").remove(0));
        Self { repository, truth, pack, index }
    }

    /// Returns how many objects could be read; each one is right.
    #[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
    fn suffer(&self, pack: &[Harm], index: &[Harm], memory: u64) -> usize {
        for ((path, bytes), harms) in [(&self.pack, pack), (&self.index, index)] {
            let bytes =
                harms.iter().fold(
                    bytes.clone(),
                    |bytes, harm| {
                        if bytes.is_empty() { bytes } else { harmed(&bytes, harm) }
                    },
                );
            std::fs::write(path, bytes).unwrap();
        }
        let packs = Packs::open_within(&self.repository.objects(), memory);
        let mut reader = Reader::new(&packs);
        let mut right = 0;
        for (id, (kind, content)) in &self.truth {
            if let Some(Ok(object)) = read(&packs, &mut reader, *id) {
                assert_eq!((ObjectType::from(object.kind), &*object.bytes), (*kind, content), "{id}");
                right += 1;
            }
        }
        right
    }
}

fn run(cases: u32) {
    let victim = Victim::new();
    assert_eq!(victim.suffer(&[], &[], u64::MAX), victim.truth.len());
    let harms = || prop::collection::vec(harm(), 0..4);
    let memory = prop_oneof![Just(0), Just(u64::MAX)];
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(pack in harms(), index in harms(), memory in memory)| {
        victim.suffer(&pack, &index, memory);
    });
}

#[test]
fn no_damage_ever_becomes_a_wrong_byte() {
    run(300);
}

/// `cargo test --release packs -- --ignored` for as long as somebody likes.
#[test]
#[ignore = "takes minutes"]
fn no_damage_ever_becomes_a_wrong_byte_for_long() {
    run(200_000);
}
