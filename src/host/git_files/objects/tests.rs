//! Loose objects whole and broken, in folders as git lays them out.
#![expect(clippy::disallowed_methods, reason = "tests make files and a pipe")]

use std::fs;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};
use libdeflater::{CompressionLvl, Compressor};
use tempfile::TempDir;

use super::loose::Loose;
use super::{Library, Unread};

/// Bytes that deflate cannot make much shorter.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut stream = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut stream).unwrap();
    stream.truncate(length);
    stream
}

/// A folder of objects.
struct Objects(TempDir);

impl Objects {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, id: Oid) -> PathBuf {
        let name = id.to_string();
        self.0.path().join(&name[..2]).join(&name[2..])
    }

    fn put(&self, id: Oid, file: &[u8]) {
        fs::create_dir_all(self.path(id).parent().unwrap()).unwrap();
        fs::write(self.path(id), file).unwrap();
    }

    fn check(&self, id: Oid) -> Result<(), &'static str> {
        Loose::of(self.0.path()).require_whole(id)
    }
}

fn object(kind: ObjectType, content: &[u8]) -> (Oid, Vec<u8>) {
    let header = format!("{} {}\0", kind.str(), content.len());
    let id = Oid::hash_object(kind, content).unwrap();
    (id, [header.as_bytes(), content].concat())
}

#[test]
fn every_cut_of_an_object_is_seen() {
    for (kind, content) in [
        (ObjectType::Blob, noise(300)),
        (ObjectType::Blob, Vec::new()),
        (ObjectType::Commit, b"tree ".repeat(90)),
    ] {
        let objects = Objects::new();
        let (id, bytes) = object(kind, &content);
        let stream = deflated(&bytes);
        for length in 0..stream.len() {
            objects.put(id, &stream[..length]);
            assert_eq!(objects.check(id), Err("it is cut off"), "at {length} of {}", stream.len());
            assert!(!Loose::of(objects.0.path()).is_history_whole() || kind == ObjectType::Blob, "{length}");
        }
        objects.put(id, &stream);
        assert_eq!(objects.check(id), Ok(()));
        assert!(Loose::of(objects.0.path()).is_history_whole());
    }
}

#[test]
fn no_length_confuses_the_pieces() {
    for length in [1000, 1023, 1024, 1025, 32_700, 32_767, 32_768, 33_000, 70_000, 1_000_000] {
        for content in [noise(length), vec![0; length]] {
            let objects = Objects::new();
            let (id, bytes) = object(ObjectType::Blob, &content);
            let stream = deflated(&bytes);
            objects.put(id, &stream);
            assert_eq!(objects.check(id), Ok(()), "{length}");
            objects.put(id, &stream[..stream.len() - 1]);
            assert_eq!(objects.check(id), Err("it is cut off"), "{length}");
            objects.put(id, &[&*stream, b"x"].concat());
            assert_eq!(objects.check(id), Err("something follows its end"), "{length}");
        }
    }
}

#[test]
fn zeros_garbage_and_a_header_that_lies_are_seen() {
    let objects = Objects::new();
    let (id, bytes) = object(ObjectType::Tree, &noise(500));
    let stream = deflated(&bytes);
    for start in 0..stream.len() {
        let mut broken = stream.clone();
        broken[start..].fill(0);
        objects.put(id, &broken);
        // A checksum that ends in zeros is what it is.
        assert!(objects.check(id).is_err() || broken == stream, "zeros from {start}");
    }
    for (text, why) in [
        (&b"tree 4\0abc"[..], "it is shorter than it says"),
        (b"tree 2\0abc", "it is longer than it says"),
        (b"tree 18446744073709551615\0abc", "it is damaged"),
        (b"tree -3\0abc", "it is damaged"),
        (b"tree\0abc", "it is damaged"),
        (b"bush 3\0abc", "it is damaged"),
        (b"", "it is damaged"),
        (&b"tree 33333333333333333333333333333333333333333333"[..], "it is damaged"),
    ] {
        objects.put(id, &deflated(text));
        assert_eq!(objects.check(id), Err(why), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_folder_or_a_pipe_in_an_objects_place_is_neither_read_nor_waited_for() {
    let objects = Objects::new();
    let (id, _) = object(ObjectType::Blob, b"a");
    fs::create_dir_all(objects.path(id)).unwrap();
    assert_eq!(objects.check(id), Err("it is no plain file"));
    fs::remove_dir(objects.path(id)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(objects.path(id)).status();
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(objects.check(id), Err("it is no plain file"));
    }
}

#[test]
fn an_alternates_objects_are_looked_at_too() {
    let (objects, lender) = (Objects::new(), Objects::new());
    let (id, bytes) = object(ObjectType::Blob, b"borrowed");
    let stream = deflated(&bytes);
    lender.put(id, &stream[..stream.len() - 2]);
    assert_eq!(objects.check(id), Ok(()));
    fs::create_dir(objects.0.path().join("info")).unwrap();
    fs::write(objects.0.path().join("info/alternates"), format!("{}\n", lender.0.path().display())).unwrap();
    assert_eq!(objects.check(id), Err("it is cut off"));
    // The repository's own comes first.
    objects.put(id, &stream);
    assert_eq!(objects.check(id), Ok(()));
}

/// A repository with one commit of one file, and its objects.
fn repository(folder: &Path) -> (git2::Repository, [Oid; 3]) {
    let repository = git2::Repository::init(folder).unwrap();
    let blob = repository.blob(&noise(2000)).unwrap();
    let mut builder = repository.treebuilder(None).unwrap();
    builder.insert("a", blob, 0o100_644).unwrap();
    let tree = builder.write().unwrap();
    drop(builder);
    let who = git2::Signature::now("wt", "wt@localhost").unwrap();
    let found = repository.find_tree(tree).unwrap();
    let commit = repository.commit(Some("HEAD"), &who, &who, "first", &found, &[]).unwrap();
    drop(found);
    (repository, [blob, tree, commit])
}

fn cut(repository: &git2::Repository, id: Oid) {
    let name = id.to_string();
    let path = repository.path().join("objects").join(&name[..2]).join(&name[2..]);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
}

#[test]
fn a_library_refuses_what_libgit2_would_never_end_with() {
    let folder = tempfile::tempdir().unwrap();
    let (repository, [blob, tree, commit]) = repository(folder.path());
    for id in [blob, tree, commit] {
        cut(&repository, id);
    }
    let library = Library::from(repository);
    assert!(matches!(library.find_blob(blob), Err(Unread::Damaged("it is cut off"))));
    assert!(matches!(library.find_tree(tree), Err(Unread::Damaged("it is cut off"))));
    assert!(matches!(library.find_commit(commit), Err(Unread::Damaged("it is cut off"))));
    assert!(matches!(library.peel(commit), Err((id, Unread::Damaged(_))) if id == commit));
    assert!(!library.is_history_whole());
}

#[test]
fn a_pack_that_has_the_object_makes_up_for_its_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let (repository, [blob, tree, commit]) = repository(folder.path());
    let mut packed = repository.packbuilder().unwrap();
    packed.insert_commit(commit).unwrap();
    packed.write(&repository.path().join("objects/pack"), 0).unwrap();
    drop(packed);
    for id in [blob, tree, commit] {
        cut(&repository, id);
    }
    drop(repository);
    let library = Library::from(git2::Repository::open(folder.path()).unwrap());
    assert_eq!(library.find_blob(blob).unwrap().content(), noise(2000));
    assert!(library.find_tree(tree).is_ok() && library.find_commit(commit).is_ok());
}
