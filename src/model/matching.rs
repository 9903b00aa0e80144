//! Which record is about which of git's worktrees: the main one by being it, a linked one by git's own name for it, which
//! survives a move, then by its folder, where what the record names is no other worktree. One rule for both directions, for
//! whole lists (`Matching`) and for whoever goes once through many records for the sake of one worktree (`Closest`).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::model::registry::entry::Entry;
use crate::model::registry::glimpse::RowGlimpse;

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

    /// Returns what a row that was read in passing knows its worktree by: that of the main one names nothing, as that of one
    /// which git has not named yet.
    #[must_use]
    pub fn of_glimpse(row: &'a RowGlimpse<'_>) -> Self {
        Self { admin: Some(&row.admin), path: Path::new(&*row.path) }
    }

    /// Tells how surely the record that is known by `record` is about this worktree; `None` where it is not.
    #[must_use]
    pub fn likeness(self, record: WorktreeMark<'_>) -> Option<Likeness> {
        let stands_there = self.path == record.path;
        match (self.admin, record.admin) {
            (None, None) => Some(Likeness::Name),
            (None, Some("")) => stands_there.then_some(Likeness::Name),
            (None, Some(_)) | (Some(_), None) => None,
            (Some(admin), Some(named)) if !admin.is_empty() && admin == named => Some(Likeness::Name),
            (Some(_), Some(_)) => stands_there.then_some(Likeness::Folder),
        }
    }
}

/// How surely a record is about a worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// git calls it so, or it is the main one.
    Name,
    /// It stands where the record says.
    Folder,
}

/// The one of many records that is about a worktree.
#[derive(Debug)]
pub struct Closest<'a, T> {
    worktree: WorktreeMark<'a>,
    named: Option<T>,
    /// Those that stand in its folder, each with what git calls the worktree that it names.
    standing: Vec<(String, T)>,
}

impl<'a, T> Closest<'a, T> {
    /// Nothing was considered yet.
    #[must_use]
    pub fn to(worktree: WorktreeMark<'a>) -> Self {
        Self { worktree, named: None, standing: Vec::new() }
    }

    /// Considers a living record; `keep` makes what is kept of it.
    pub fn consider(&mut self, record: WorktreeMark<'_>, keep: impl FnOnce() -> T) {
        match self.worktree.likeness(record) {
            Some(Likeness::Name) if self.named.is_none() => self.named = Some(keep()),
            Some(Likeness::Folder) => {
                self.standing.push((record.admin.unwrap_or_default().to_owned(), keep()));
            }
            _ => {}
        }
    }

    /// Returns what was kept of the record; `is_another` answers whether git has another worktree of that name.
    #[must_use]
    pub fn find(&self, is_another: impl Fn(&str) -> bool) -> Option<&T> {
        let standing = || self.standing.iter().find(|(admin, _)| admin.is_empty() || !is_another(admin));
        self.named.as_ref().or_else(|| standing().map(|(_, kept)| kept))
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
        [self.find_named(mark), self.find_standing(mark)].into_iter().flatten()
    }

    fn find_named(&self, mark: WorktreeMark<'_>) -> Option<usize> {
        mark.admin.map_or(self.main, |admin| self.by_admin.get(admin).copied())
    }

    fn find_standing(&self, mark: WorktreeMark<'_>) -> Option<usize> {
        mark.admin.and_then(|_| self.by_path.get(mark.path).copied())
    }

    /// Returns for each of `marks` the place of its own, no place twice: those of their names first, then those of their folders.
    #[must_use]
    pub fn pairs(&self, marks: &[WorktreeMark<'_>]) -> Vec<Option<usize>> {
        let mut taken = HashSet::new();
        let mut pairs: Vec<Option<usize>> =
            marks.iter().map(|mark| self.find_named(*mark).filter(|at| taken.insert(*at))).collect();
        for (mark, pair) in marks.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            *pair = self.find_standing(*mark).filter(|at| taken.insert(*at));
        }
        pairs
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

    #[test]
    fn whoever_goes_through_the_records_once_finds_what_the_list_of_all_finds() {
        let records = [
            mark(None, "/w/shop"),
            mark(Some("a"), "/w/b"),
            mark(Some(""), "/w/new"),
            mark(Some("gone"), "/w/c"),
            mark(Some("d"), "/w/elsewhere"),
        ];
        // `b` stands where the record of `a` says, and is not what it is about.
        let worktrees = [
            mark(None, "/w/shop"),
            mark(Some("b"), "/w/b"),
            mark(Some("a"), "/w/a"),
            mark(Some("new"), "/w/new"),
            mark(Some("c"), "/w/c"),
            mark(Some("d"), "/w/d"),
            mark(Some("e"), "/w/e"),
        ];
        let pairs = Matching::of(records).pairs(&worktrees);
        assert_eq!(pairs, [Some(0), None, Some(1), Some(2), Some(3), Some(4), None]);
        for (worktree, at) in worktrees.iter().zip(pairs) {
            let mut closest = Closest::to(*worktree);
            records.iter().enumerate().for_each(|(at, record)| closest.consider(*record, || at));
            let is_another = |name: &str| worktrees.iter().any(|known| known.admin == Some(name));
            assert_eq!(closest.find(is_another).copied(), at, "{worktree:?}");
        }
    }

    #[test]
    fn a_record_is_known_by_gits_name_unless_it_is_the_main_worktrees() {
        let mut entry = crate::model::checks::sample::entry("a", 1, &[]);
        assert_eq!(WorktreeMark::of(&entry), mark(Some("a"), "/w/a"));
        assert_eq!(WorktreeMark::of_glimpse(&RowGlimpse::from(&entry)), mark(Some("a"), "/w/a"));
        entry.notes.main.write(&true);
        assert_eq!(WorktreeMark::of(&entry), mark(None, "/w/a"));
    }

    #[test]
    fn a_record_is_like_a_worktree_by_its_name_else_by_its_folder() {
        let (name, folder) = (Some(Likeness::Name), Some(Likeness::Folder));
        for (admin, named, there, elsewhere) in [
            (None, None, name, name),
            (None, Some(""), name, None),
            (None, Some("a"), None, None),
            (Some("a"), None, None, None),
            (Some("a"), Some("a"), name, name),
            (Some(""), Some(""), folder, None),
            (Some("a"), Some("b"), folder, None),
            (Some("a"), Some(""), folder, None),
        ] {
            let worktree = mark(admin, "/w/a");
            let likeness = ["/w/a", "/w/b"].map(|path| worktree.likeness(mark(named, path)));
            assert_eq!(likeness, [there, elsewhere], "{admin:?} {named:?}");
        }
    }
}
