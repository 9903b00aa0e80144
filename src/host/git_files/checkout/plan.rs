//! A commit's tree, flattened: which folders there are, and what each path shall be, in the order of the index.
//! Nothing leaves here that git would refuse to check out.

use std::collections::HashSet;

use git2::{Oid, Tree};

use super::names;
use crate::error::{Code, Failure, Result};
use crate::host::git_files::objects::{Library, Unread};

/// The type bits of a mode in a tree, and their values (git's `object.h`).
const TYPE: i32 = 0o170_000;
const FOLDER: i32 = 0o040_000;
const FILE: i32 = 0o100_000;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;
/// git looks at the owner's bit only.
const EXECUTABLE_BIT: i32 = 0o100;

/// Everything that a checkout writes.
pub(super) struct Plan {
    /// The first is the root; every other one's parent comes before it.
    pub(super) folders: Vec<CheckoutFolder>,
    pub(super) entries: Vec<CheckoutEntry>,
}

impl Plan {
    /// The plan of a commit with nothing in it.
    pub(super) fn empty() -> Self {
        Self {
            folders: vec![CheckoutFolder { parent: 0, path: Vec::new(), id: Oid::ZERO_SHA1 }],
            entries: Vec::new(),
        }
    }
}

/// A folder of the tree. It has no name of its own: it is a prefix of its entries' paths.
pub(super) struct CheckoutFolder {
    /// Its parent's position in the plan; the root's is its own.
    pub(super) parent: usize,
    /// Its path from the root, without a slash at its end.
    pub(super) path: Vec<u8>,
    /// The tree's name.
    pub(super) id: Oid,
}

/// One path that is not a folder of the tree.
pub(super) struct CheckoutEntry {
    pub(super) folder: usize,
    /// From the root, with `/` between the parts; bytes, as git has them.
    pub(super) path: Vec<u8>,
    pub(super) id: Oid,
    pub(super) kind: CheckoutKind,
}

/// What a path is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CheckoutKind {
    File,
    Executable,
    Link,
    /// An empty folder, as git leaves one that is not checked out.
    Submodule,
}

impl CheckoutKind {
    /// Returns the mode that git's index and trees have for it.
    pub(super) fn mode(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_000,
            Self::Submodule => 0o160_000,
        }
    }
}

impl CheckoutFolder {
    /// Returns the last part of its path.
    pub(super) fn name(&self) -> &[u8] {
        last_part(&self.path)
    }
}

impl CheckoutEntry {
    /// Returns the last part of its path.
    pub(super) fn name(&self) -> &[u8] {
        last_part(&self.path)
    }
}

fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Finds the tree of a commit given in hexadecimal.
pub(super) fn tree_of<'r>(library: &'r Library, commit: &str) -> Result<Tree<'r>> {
    let found = Oid::from_str(commit).map_err(Unread::from).and_then(|id| library.find_commit(id));
    let found = found.map_err(|error| unreadable(error, &format!("commit {commit} cannot be read")))?;
    let id = found.tree_id();
    library
        .find_tree(id)
        .map_err(|error| unreadable(error, &format!("tree {id} of commit {commit} cannot be read")))
}

/// Flattens a tree, refusing evil and doubled names.
pub(super) fn plan(library: &Library, tree: &Tree) -> Result<Plan> {
    let root = CheckoutFolder { parent: 0, path: Vec::new(), id: tree.id() };
    let mut plan = Plan { folders: vec![root], entries: Vec::new() };
    // A stack of our own: how deep a tree is, is up to whoever made the commit.
    let mut open = vec![Level::new(tree.clone(), 0)];
    while let Some(level) = open.last_mut() {
        let Some(item) = level.tree.get(level.next) else {
            open.pop();
            continue;
        };
        level.next += 1;
        let folder = level.folder;
        let path = join(&plan.folders[folder].path, item.name_bytes());
        let (id, mode, name) = (item.id(), item.filemode_raw(), item.name_bytes().to_vec());
        drop(item);
        if names::is_evil(&name, mode & TYPE == LINK) {
            return Err(refused(&path, "git refuses such a name"));
        }
        if !level.seen.insert(name) {
            return Err(refused(&path, "the tree has that name twice"));
        }
        let kind = match mode & TYPE {
            FOLDER => {
                let subtree = library.find_tree(id).map_err(|error| {
                    let message = format!("tree {id} of `{}` cannot be read", shown(&path));
                    unreadable(error, &message)
                })?;
                plan.folders.push(CheckoutFolder { parent: folder, path, id });
                open.push(Level::new(subtree, plan.folders.len() - 1));
                continue;
            }
            FILE if mode & EXECUTABLE_BIT != 0 => CheckoutKind::Executable,
            FILE => CheckoutKind::File,
            LINK => CheckoutKind::Link,
            SUBMODULE => CheckoutKind::Submodule,
            _ => return Err(refused(&path, &format!("git knows no mode {mode:o}"))),
        };
        plan.entries.push(CheckoutEntry { folder, path, id, kind });
    }
    Ok(plan)
}

/// A tree that is being read.
struct Level<'r> {
    tree: Tree<'r>,
    next: usize,
    folder: usize,
    seen: HashSet<Vec<u8>>,
}

impl<'r> Level<'r> {
    fn new(tree: Tree<'r>, folder: usize) -> Self {
        let seen = HashSet::with_capacity(tree.len());
        Self { tree, next: 0, folder, seen }
    }
}

/// Returns the path of `name` in a folder of the tree.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    if !folder.is_empty() {
        path.extend_from_slice(folder);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Returns a path as an error names it.
pub(super) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The failure of an object that cannot be read.
pub(super) fn unreadable(error: impl Into<Unread>, what: &str) -> Failure {
    let error = error.into();
    Failure::new(Code::GitFailed, format!("{what}: {error}"))
        .caused_by(error)
        .hint("`git fsck` says what is damaged")
}

fn refused(path: &[u8], why: &str) -> Failure {
    Failure::new(Code::GitFailed, format!("`{}` cannot be checked out: {why}", shown(path)))
        .detail("path", shown(path))
        .hint("take another commit with `--base`; `git fsck` says what is wrong with this one")
}
