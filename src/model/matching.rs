//! Which record is about which of git's worktrees: the main one by being it, a linked one by git's own name for it, which
//! survives a move, then by its folder. One rule for both directions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::model::registry::entry::Entry;

/// What a worktree is known by, in the registry and in git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorktreeMark<'a> {
    /// git's own name; `None` for the main worktree.
    pub admin: Option<&'a str>,
    pub path: &'a Path,
}

impl<'a> WorktreeMark<'a> {
    /// Returns what the record knows its worktree by.
    #[must_use]
    pub fn of(entry: &'a Entry) -> Self {
        Self { admin: (!entry.is_main()).then_some(&entry.admin), path: &entry.path }
    }
}

/// The places in a list of those that are matched with others.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    by_admin: HashMap<String, usize>,
    by_path: HashMap<PathBuf, usize>,
    main: Option<usize>,
}

impl Matching {
    /// Notes each of a list, in its order; where two have one name or folder the first counts.
    pub fn of<'a>(marks: impl IntoIterator<Item = WorktreeMark<'a>>) -> Self {
        let mut matching = Self::default();
        for (at, mark) in marks.into_iter().enumerate() {
            matching.note(at, mark);
        }
        matching
    }

    fn note(&mut self, at: usize, mark: WorktreeMark<'_>) {
        let Some(admin) = mark.admin else {
            self.main.get_or_insert(at);
            return;
        };
        if !admin.is_empty() {
            self.by_admin.entry(admin.to_owned()).or_insert(at);
        }
        self.by_path.entry(mark.path.to_path_buf()).or_insert(at);
    }

    /// Returns the places of those that are about the same worktree as `mark`, the surest first.
    pub fn places(&self, mark: WorktreeMark<'_>) -> impl Iterator<Item = usize> {
        let found = match mark.admin {
            None => [self.main, None],
            Some(admin) => [self.by_admin.get(admin).copied(), self.by_path.get(mark.path).copied()],
        };
        found.into_iter().flatten()
    }

    /// Forgets the one that git calls `admin`; returns its place.
    pub fn forget(&mut self, admin: &str) -> Option<usize> {
        let at = self.by_admin.remove(admin)?;
        self.by_path.retain(|_, known| *known != at);
        Some(at)
    }

    /// Notes again what stands in the place `at`.
    pub fn note_again(&mut self, at: usize, mark: WorktreeMark<'_>) {
        self.note(at, mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark<'a>(admin: Option<&'a str>, path: &'a str) -> WorktreeMark<'a> {
        WorktreeMark { admin, path: Path::new(path) }
    }

    #[test]
    fn gits_name_goes_before_the_folder_and_the_main_worktree_is_matched_with_itself_alone() {
        let mut known = Matching::of([
            mark(None, "/w/shop"),
            mark(Some("a"), "/w/a"),
            mark(Some("b"), "/w/b"),
            mark(Some(""), "/w/old"),
        ]);
        let places = |known: &Matching, admin, path| known.places(mark(admin, path)).collect::<Vec<_>>();
        assert_eq!(places(&known, None, "/elsewhere"), [0]);
        assert_eq!(places(&known, Some("a"), "/w/moved"), [1]);
        assert_eq!(places(&known, Some("a"), "/w/b"), [1, 2]);
        assert_eq!(places(&known, Some("other"), "/w/b"), [2]);
        assert_eq!(places(&known, Some("other"), "/w/old"), [3], "a record without git's name");
        assert!(places(&known, Some("other"), "/w/shop").is_empty(), "no linked one is the main one");
        assert_eq!(known.forget("b"), Some(2));
        assert!(places(&known, Some("b"), "/w/b").is_empty());
        known.note_again(2, mark(Some("b"), "/w/c"));
        assert_eq!(places(&known, Some("b"), "/w/x"), [2]);
    }
}
