//! Every object of every kind of pack is what git says it is.

use super::repository::{Repository, random, read};
use crate::host::git_files::packs::{ObjectKind, PackFault, Packs, Reader};

/// Reads all objects in the order of their names, by two threads from two ends; all must be packed.
fn require_equal(repository: &Repository, packs: &Packs) {
    let truth = repository.truth();
    assert!(truth.len() > 10);
    let forth: Vec<_> = truth.iter().collect();
    let back: Vec<_> = truth.iter().rev().collect();
    std::thread::scope(|scope| {
        for order in [&forth, &back] {
            scope.spawn(move || {
                let mut reader = Reader::new(packs);
                for (id, (kind, content)) in order {
                    let object = read(packs, &mut reader, **id).expect("it is packed").unwrap();
                    assert_eq!(
                        (git2::ObjectType::from(object.kind), &*object.bytes),
                        (*kind, content),
                        "{id}"
                    );
                }
            });
        }
    });
}

#[test]
fn every_object_of_long_chains_is_what_git_reads() {
    let repository = Repository::packed(&["gc", "-q", "--aggressive", "--prune=now"]);
    require_equal(&repository, &Packs::open(&repository.objects()));
}

#[test]
fn deltas_that_name_their_base_are_read() {
    let repository = Repository::packed(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"]);
    require_equal(&repository, &Packs::open(&repository.objects()));
}

#[test]
fn offsets_of_64_bits_are_read() {
    let repository = Repository::packed(&["gc", "-q", "--aggressive", "--prune=now"]);
    let pack = repository.packs("pack").remove(0);
    for index in repository.packs("idx").into_iter().chain(repository.packs("rev")) {
        std::fs::remove_file(index).unwrap();
    }
    repository.git(&["index-pack", "--index-version=2,0x40", pack.to_str().unwrap()]);
    require_equal(&repository, &Packs::open(&repository.objects()));
}

#[test]
fn several_packs_are_read_also_beside_an_index_of_them_all() {
    let repository = Repository::with_history();
    repository.git(&["repack", "-dq"]);
    repository.write("folder-0/file-0", b"changed");
    repository.git(&["commit", "-qam", "more"]);
    repository.git(&["repack", "-dq"]);
    assert_eq!(repository.packs("pack").len(), 2);
    require_equal(&repository, &Packs::open(&repository.objects()));
    repository.git(&["multi-pack-index", "write"]);
    require_equal(&repository, &Packs::open(&repository.objects()));
}

#[test]
fn packs_of_alternates_of_alternates_are_read() {
    let repository = Repository::packed(&["gc", "-q", "--prune=now"]);
    for (from, to) in [("main", "second"), ("second", "third")] {
        let clone = ["clone", "-q", "--shared", "--bare", from, to];
        repository.git_in(&repository.path(""), &clone, b"");
    }
    let objects = repository.path("third/objects");
    assert_eq!(objects.join("pack").read_dir().unwrap().count(), 0);
    require_equal(&repository, &Packs::open(&objects));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of a temporary folder")]
fn alternates_in_a_circle_end() {
    let repository = Repository::packed(&["gc", "-q", "--prune=now"]);
    let objects = repository.objects();
    std::fs::write(objects.join("info/alternates"), "# a comment\n\n../objects\n/nowhere\n\"quoted\"\n")
        .unwrap();
    require_equal(&repository, &Packs::open(&objects));
}

#[test]
fn an_index_too_large_for_memory_is_read_in_pieces() {
    let repository = Repository::packed(&["gc", "-q", "--aggressive", "--prune=now"]);
    require_equal(&repository, &Packs::open_within(&repository.objects(), 0));
}

#[test]
fn loose_objects_and_packs_of_a_promisor_have_no_position() {
    let repository = Repository::with_history();
    let ids: Vec<_> = repository.truth().into_keys().collect();
    let is_unknown = |packs: Packs| ids.iter().all(|id| packs.position(*id).is_none());
    assert!(is_unknown(Packs::open(&repository.objects())));
    repository.git(&["repack", "-adq"]);
    let promisor = repository.packs("pack").remove(0).with_extension("promisor");
    std::fs::File::create(promisor).unwrap();
    assert!(is_unknown(Packs::open(&repository.objects())));
}

#[test]
fn an_index_of_version_1_is_left_to_libgit2() {
    let repository = Repository::packed(&["-c", "pack.indexVersion=1", "repack", "-adq"]);
    let packs = Packs::open(&repository.objects());
    assert!(repository.truth().into_keys().all(|id| packs.position(id).is_none()));
}

#[test]
fn a_pack_that_is_open_stays_readable_when_git_deletes_it_and_another_is_no_error_of_ours() {
    let repository = Repository::packed(&["gc", "-q", "--prune=now"]);
    let truth = repository.truth();
    let (packs, never_opened) = (Packs::open(&repository.objects()), Packs::open(&repository.objects()));
    let first = *truth.keys().next().unwrap();
    read(&packs, &mut Reader::new(&packs), first).unwrap().unwrap();
    for path in repository.packs("pack") {
        std::fs::remove_file(path).unwrap();
    }
    let mut reader = Reader::new(&packs);
    for (id, (_, content)) in &truth {
        assert_eq!(&*read(&packs, &mut reader, *id).unwrap().unwrap().bytes, content);
    }
    let gone = read(&never_opened, &mut Reader::new(&never_opened), first).unwrap();
    assert!(matches!(gone, Err(PackFault::System(error)) if error.kind() == std::io::ErrorKind::NotFound));
}

#[test]
fn a_large_object_comes_in_small_pieces() {
    let repository = Repository::new();
    let content = random(9_000_000, 3);
    repository.write("large", &content);
    repository.write("small", b"small");
    repository.git(&["add", "-A"]);
    repository.git(&["repack", "-adq"]);
    repository.git(&["commit", "-qm", "subject"]);
    repository.git(&["repack", "-adq"]);
    let packs = Packs::open(&repository.objects());
    let mut reader = Reader::new(&packs);
    for (id, (_, expected)) in repository.truth() {
        let position = packs.position(id).unwrap();
        let is_large = expected.len() > 1_000_000;
        assert_eq!(reader.is_large(position, ObjectKind::Blob), is_large);
        assert!(!reader.is_large(position, ObjectKind::Tree));
        let mut poured = Vec::new();
        let mut longest = 0;
        reader
            .pour::<PackFault>(position, &mut |piece| {
                longest = longest.max(piece.len());
                poured.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
        assert!(poured == expected && longest <= 128 * 1024);
        assert!(*reader.read(id, position).unwrap().bytes == expected);
    }
}
