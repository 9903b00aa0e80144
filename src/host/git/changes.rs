//! What changed in a worktree, as both ways to look tell it.

/// The changed paths of a worktree, relative to it, folders ending in `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedPaths {
    /// Differ between HEAD and the index.
    pub staged: Vec<String>,
    /// Differ between the index and the files, deleted ones included.
    pub modified: Vec<String>,
    /// Neither tracked nor ignored.
    pub untracked: Vec<String>,
    /// Ignored; a folder that is ignored whole is one path.
    pub ignored: Vec<String>,
    /// In conflict.
    pub conflicted: Vec<String>,
    /// Submodules with another commit checked out, or changes within.
    pub submodules: Vec<String>,
    /// Folders that may not be looked into: what they hold is nobody's to call unchanged.
    pub unreadable: Vec<String>,
}

impl ChangedPaths {
    /// Answers whether nothing but ignored files is there.
    pub fn is_clean(&self) -> bool {
        self.count() == 0
    }

    /// Counts the changed paths, ignored ones aside; one staged and changed again counts twice.
    pub fn count(&self) -> usize {
        let changed = [
            &self.staged,
            &self.modified,
            &self.untracked,
            &self.conflicted,
            &self.submodules,
            &self.unreadable,
        ];
        changed.iter().map(|paths| paths.len()).sum()
    }
}
