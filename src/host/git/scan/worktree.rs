//! One worktree looked at: its index against HEAD and against its files.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use git2::Oid;

use super::super::changes::ChangedPaths;
use super::content::Contents;
use super::doubt::ScanDoubt;
use super::rules::Rules;
use super::staged;
use super::walk::ScanWalk;
use crate::host::git_files::index::IndexFile;
use crate::host::git_files::objects::Library;

/// One worktree to look at.
#[derive(Clone, Debug)]
pub(in crate::host::git) struct ScannedWorktree {
    pub(in crate::host::git) folder: PathBuf,
    /// Where its index is.
    pub(in crate::host::git) git_dir: PathBuf,
    /// The tree of HEAD; `None` while there is no commit.
    pub(in crate::host::git) tree: Option<Oid>,
}

/// The objects, opened by each thread for itself and only when a tree must be read.
pub(in crate::host::git) struct Trees<'a> {
    common_dir: &'a Path,
    library: OnceCell<Library>,
}

impl<'a> Trees<'a> {
    pub(in crate::host::git) fn new(common_dir: &'a Path) -> Self {
        Self { common_dir, library: OnceCell::new() }
    }

    fn library(&self) -> Result<&Library, ScanDoubt> {
        if self.library.get().is_none() {
            let opened = git2::Repository::open(self.common_dir);
            let _ = self
                .library
                .set(opened.map(Library::from).map_err(|_| ScanDoubt("libgit2 cannot open the repository"))?);
        }
        self.library.get().ok_or(ScanDoubt("libgit2 cannot open the repository"))
    }
}

/// Reads an index that a look of ours is enough for: one in which every entry is what is on disk, or ought to be.
fn whole_index(path: &Path) -> Result<IndexFile, ScanDoubt> {
    let index = IndexFile::read(path)?;
    if index.entries.iter().any(|entry| entry.is_unmerged) {
        return Err(ScanDoubt("there are conflicts"));
    }
    if index.entries.iter().any(|entry| entry.is_skipped) {
        return Err(ScanDoubt("some entries are skipped, or merely intended"));
    }
    Ok(index)
}

/// Looks at one worktree with up to `workers` threads.
pub(in crate::host::git) fn scan(
    subject: &ScannedWorktree,
    rules: &Rules,
    trees: &Trees,
    wants_ignored: bool,
    workers: usize,
) -> Result<ChangedPaths, ScanDoubt> {
    let index = whole_index(&subject.git_dir.join("index"))?;
    let cached = index.tree.as_ref().and_then(|tree| tree.tree);
    let is_nothing_staged = match (subject.tree, cached) {
        (Some(tree), Some(cached)) => tree.as_bytes() == cached,
        (None, _) => index.entries.is_empty(),
        (Some(_), None) => false,
    };
    let staged =
        if is_nothing_staged { Vec::new() } else { staged::staged(trees.library()?, &index, subject.tree)? };
    let root = ScanWalk::open(&subject.folder)?;
    let found = ScanWalk { root, index: &index, rules, wants_ignored }.run(workers)?;
    let contents = Contents { folder: &subject.folder, rules, index: &index, attributes: &found.attributes };
    let mut modified = found.modified;
    modified.extend(contents.changed(&found.doubtful)?);
    modified.sort_unstable();
    let name = |at: &usize| String::from_utf8_lossy(index.path(&index.entries[*at])).into_owned();
    let mut changes = ChangedPaths {
        staged,
        modified: modified.iter().map(name).collect(),
        untracked: found.untracked,
        ignored: found.ignored,
        ..ChangedPaths::default()
    };
    for paths in [&mut changes.staged, &mut changes.untracked, &mut changes.ignored] {
        paths.sort_unstable();
    }
    Ok(changes)
}

/// Returns the paths of an index that are marked as assumed unchanged; `None` where git must tell.
pub(in crate::host::git) fn assumed_paths(index: &Path) -> Option<Vec<Vec<u8>>> {
    let index = whole_index(index).ok()?;
    let assumed = index.entries.iter().filter(|entry| entry.is_assumed);
    Some(assumed.map(|entry| index.path(entry).to_vec()).collect())
}

/// Returns the paths of an index that are submodules; `None` where git must tell.
pub(in crate::host::git) fn submodule_paths(index: &Path) -> Option<Vec<Vec<u8>>> {
    let index = whole_index(index).ok()?;
    let submodules = index.entries.iter().filter(|entry| entry.is_submodule());
    Some(submodules.map(|entry| index.path(entry).to_vec()).collect())
}
