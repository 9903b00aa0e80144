//! Files of git's own: the index, packs, and those that lead from a worktree to its repository.

use std::fs;
use std::path::{Path, PathBuf};

use git2::Oid;
use tempfile::TempDir;

use super::press;
use crate::host::git::Repository;
use crate::host::git_files::index::{IndexFile, find_index_words};
use crate::host::git_files::packs::{Packs, Reader, find_unsound};

#[expect(clippy::disallowed_methods, reason = "files of a temporary folder")]
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn corpus(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_bytes").join(name)).unwrap()
}

#[test]
fn an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    press("index", |bytes| {
        write(&path, bytes);
        let mut signed = bytes.to_vec();
        if signed.len() > 20 {
            // With a checksum that is right, so that what lies behind it is read.
            let end = signed.len() - 20;
            let sum = <sha1::Sha1 as sha1::Digest>::digest(&signed[..end]);
            signed[end..].copy_from_slice(&sum);
        }
        let _ = find_index_words(&path);
        for bytes in [bytes, &signed] {
            write(&path, bytes);
            if let Ok(index) = IndexFile::read(&path) {
                for entry in &index.entries {
                    let _ = index.path(entry);
                }
                let _ = index.tree.as_ref().and_then(|tree| tree.find(b"src"));
            }
        }
    });
}

/// A store of one pack whose files are those of the corpus.
struct Store {
    folder: TempDir,
    objects: Vec<Oid>,
}

impl Store {
    fn new() -> Self {
        let store = Self { folder: tempfile::tempdir().unwrap(), objects: Vec::new() };
        let (pack, index) = (corpus("pack/small.pack"), corpus("pack_index/small.idx"));
        store.put("pack", &pack);
        store.put("idx", &index);
        // A name is 20 bytes behind magic, version and fan-out (gitformat-pack(5)).
        let count = u32::from_be_bytes(index[1028..1032].try_into().unwrap());
        let names = index[1032..].chunks(20).take(usize::try_from(count).unwrap());
        let objects = names.map(|name| Oid::from_bytes(name).unwrap()).collect();
        Self { objects, ..store }
    }

    fn put(&self, extension: &str, bytes: &[u8]) {
        write(&self.folder.path().join("pack").join(format!("pack-a.{extension}")), bytes);
    }

    fn read_all(&self) -> usize {
        let _ = find_unsound(self.folder.path());
        let packs = Packs::open(self.folder.path());
        let mut reader = Reader::new(&packs);
        let found = self.objects.iter().filter_map(|id| packs.position(*id).map(|at| (*id, at)));
        found.filter(|(id, position)| reader.read(*id, *position).is_ok()).count()
    }
}

#[test]
fn a_pack() {
    let store = Store::new();
    assert_eq!(store.read_all(), store.objects.len());
    press("pack", |bytes| {
        store.put("pack", bytes);
        store.read_all();
    });
}

#[test]
fn an_index_of_a_pack() {
    let store = Store::new();
    press("pack_index", |bytes| {
        store.put("idx", bytes);
        store.read_all();
    });
}

/// A repository as git makes it, and a worktree of it.
fn repository(root: &Path) -> [PathBuf; 5] {
    let (git, admin, worktree) = (root.join("main/.git"), root.join("main/.git/worktrees/a"), root.join("a"));
    write(&git.join("HEAD"), b"ref: refs/heads/main\n");
    write(&git.join("config"), b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
    write(&git.join("objects/info/alternates"), b"");
    write(&git.join("refs/heads/main"), b"0123456789012345678901234567890123456789\n");
    let link = |path: &Path| format!("{}\n", path.display()).into_bytes();
    write(&worktree.join(".git"), &[b"gitdir: ".as_slice(), &link(&admin)].concat());
    write(&admin.join("gitdir"), &link(&worktree.join(".git")));
    write(&admin.join("commondir"), b"../..\n");
    write(&admin.join("HEAD"), b"ref: refs/heads/a\n");
    [
        worktree.join(".git"),
        admin.join("gitdir"),
        admin.join("commondir"),
        admin.join("HEAD"),
        git.join("HEAD"),
    ]
}

/// The first byte says which file it is.
#[test]
fn files_that_lead_to_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    press("git_links", |bytes| {
        let (which, bytes) = bytes.split_first().unwrap_or((&0, &[]));
        let files = repository(&root);
        write(&files[usize::from(*which) % files.len()], bytes);
        for start in [root.join("a"), root.join("main")] {
            let Ok(repository) = Repository::discover(&start) else { continue };
            for worktree in repository.each_worktree().take(8) {
                let _ = worktree;
            }
            let _ = repository.names_with_branches();
            let _ = repository.head_in_file("a");
            let _ = repository.find_worktree(&root.join("a"));
        }
    });
}
