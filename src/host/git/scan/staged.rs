//! What is staged: the index against the tree of HEAD, past every folder that the tree cache knows to be equal.

use std::collections::HashMap;
use std::ops::Range;

use git2::Oid;

use super::doubt::ScanDoubt;
use crate::host::git_files::index::{IndexFile, TreeCache};
use crate::host::git_files::objects::Library;

/// Compares one index with trees.
pub(super) struct Staging<'a> {
    library: &'a Library,
    index: &'a IndexFile,
    staged: Vec<String>,
}

/// Returns the paths that differ between the tree and the index.
pub(super) fn staged(
    library: &Library,
    index: &IndexFile,
    tree: Option<Oid>,
) -> Result<Vec<String>, ScanDoubt> {
    let mut staging = Staging { library, index, staged: Vec::new() };
    let all = 0..index.entries.len();
    match tree {
        Some(tree) => staging.compare(tree, index.tree.as_ref(), all, &mut Vec::new())?,
        None => staging.add_entries(all),
    }
    Ok(staging.staged)
}

impl Staging<'_> {
    /// `range` are the entries below `prefix`, which ends in a slash or is empty.
    fn compare(
        &mut self,
        tree: Oid,
        cache: Option<&TreeCache>,
        range: Range<usize>,
        prefix: &mut Vec<u8>,
    ) -> Result<(), ScanDoubt> {
        let cached = cache.and_then(|cache| cache.tree);
        if cached.is_some_and(|cached| cached == tree.as_bytes()) {
            return Ok(());
        }
        require_shallow(prefix)?;
        let found = self.library.find_tree(tree).map_err(|_| ScanDoubt("a tree is missing"))?;
        let mut left: HashMap<Vec<u8>, (u32, Oid)> = HashMap::new();
        for item in &found {
            left.insert(
                item.name_bytes().to_vec(),
                (canonical(item.filemode_raw().cast_unsigned()), item.id()),
            );
        }
        let mut at = range.start;
        while at < range.end {
            let entry = &self.index.entries[at];
            let rest = &self.index.path(entry)[prefix.len()..];
            let Some(slash) = memchr::memchr(b'/', rest) else {
                if left.remove(rest).is_none_or(|(mode, oid)| {
                    if mode == FOLDER {
                        // A folder of that name is gone with all it held.
                        left.insert(rest.to_vec(), (mode, oid));
                    }
                    mode != entry.mode || oid.as_bytes() != entry.id
                }) {
                    self.add_entries(at..at + 1);
                }
                at += 1;
                continue;
            };
            let length = prefix.len() + slash + 1;
            let end = self.end_of_folder(at..range.end, length);
            let name = &rest[..slash];
            if let Some((FOLDER, oid)) = left.get(name).copied() {
                left.remove(name);
                let cache = cache.and_then(|cache| cache.find(name));
                prefix.extend_from_slice(&rest[..=slash]);
                self.compare(oid, cache, at..end, prefix)?;
                prefix.truncate(length - slash - 1);
            } else {
                self.add_entries(at..end);
            }
            at = end;
        }
        for (name, (mode, oid)) in left {
            self.add_tree(&[&**prefix, &name].concat(), mode, oid)?;
        }
        Ok(())
    }

    /// Where the entries end that share the first `length` bytes with the first of the range.
    fn end_of_folder(&self, range: Range<usize>, length: usize) -> usize {
        let folder = &self.index.path(&self.index.entries[range.start])[..length];
        let entries = &self.index.entries[range.clone()];
        range.start + entries.partition_point(|entry| self.index.path(entry).starts_with(folder))
    }

    fn add_entries(&mut self, range: Range<usize>) {
        for entry in &self.index.entries[range] {
            self.staged.push(String::from_utf8_lossy(self.index.path(entry)).into_owned());
        }
    }

    fn add_tree(&mut self, path: &[u8], mode: u32, oid: Oid) -> Result<(), ScanDoubt> {
        if mode != FOLDER {
            self.staged.push(String::from_utf8_lossy(path).into_owned());
            return Ok(());
        }
        require_shallow(path)?;
        let tree = self.library.find_tree(oid).map_err(|_| ScanDoubt("a tree is missing"))?;
        for item in &tree {
            let path = [path, b"/", item.name_bytes()].concat();
            self.add_tree(&path, canonical(item.filemode_raw().cast_unsigned()), item.id())?;
        }
        Ok(())
    }
}

/// Fails where folders lie in each other deeper than any checkout could have them: git says so itself.
fn require_shallow(path: &[u8]) -> Result<(), ScanDoubt> {
    if path.len() > DEEPEST { Err(ScanDoubt("folders lie too deep in each other")) } else { Ok(()) }
}

/// Bytes of a path.
const DEEPEST: usize = 8192;

const FOLDER: u32 = 0o040_000;

/// The modes that git knows: old trees have others.
fn canonical(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o100_000 if mode & 0o100 != 0 => 0o100_755,
        0o100_000 => 0o100_644,
        kind => kind,
    }
}
