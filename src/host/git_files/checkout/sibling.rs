//! Another worktree of the repository, whose files can stand in for objects: which one has most of them. What its index
//! says is only a hint of where to look; every copied byte is checked against the object's name.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use git2::{Oid, Tree};
use rustix::fs::{CWD, Mode, OFlags, openat};

use super::plan::{self, CheckoutKind, Plan};
use crate::host::git_files::index::{IndexFile, StatData};
use crate::host::git_files::objects::Library;

/// So many of the worktrees that stand at other commits are looked at, and the indexes of so few are read.
const MOST_COMPARED: usize = 64;
const MOST_READ: usize = 3;

/// A worktree that may serve as a sibling.
#[derive(Clone, Debug)]
pub struct SiblingCandidate {
    /// Its folder.
    pub folder: PathBuf,
    /// git's folder of it, in which its index lies.
    pub admin: PathBuf,
    /// The commit it stands at, in hexadecimal.
    pub commit: Option<String>,
}

/// Candidates, found one after the other.
pub type Candidates<'a> = Box<dyn Iterator<Item = SiblingCandidate> + 'a>;

/// The worktree that was chosen.
pub(super) struct Sibling {
    pub(super) folder: PathBuf,
    pub(super) root: OwnedFd,
    /// For each entry of the plan the stat data of a file that should have its content.
    known: Vec<Option<StatData>>,
}

impl Sibling {
    /// Returns the stat data of the file that should have the content of the plan's entry `at`.
    pub(super) fn find(&self, at: usize) -> Option<&StatData> {
        self.known.get(at)?.as_ref()
    }
}

/// Chooses the candidate that has most of the plan's files; `None` when none has any.
pub(super) fn choose(
    library: &Library,
    (commit, tree): (&str, &Tree),
    plan: &Plan,
    candidates: Candidates,
) -> Option<Sibling> {
    let mut choice = Choice { plan, read: 0, best: None };
    let mut others = Vec::new();
    // At the same commit, unless much was changed there, nothing better will come.
    for candidate in candidates {
        if candidate.commit.as_deref() != Some(commit) || choice.read == MOST_READ {
            others.push(candidate);
        } else if choice.is_enough_with(&candidate) {
            return choice.best.map(|(_, sibling)| sibling);
        }
    }
    choice.read = 0;
    for candidate in ranked(library, tree, &others).into_iter().take(MOST_READ) {
        if choice.is_enough_with(candidate) {
            break;
        }
    }
    choice.best.map(|(_, sibling)| sibling)
}

/// The best so far.
struct Choice<'a> {
    plan: &'a Plan,
    read: usize,
    best: Option<(usize, Sibling)>,
}

impl Choice<'_> {
    /// Reads a candidate's index; answers whether the best that is known by then is good enough.
    fn is_enough_with(&mut self, candidate: &SiblingCandidate) -> bool {
        self.read += 1;
        if let Some((count, sibling)) = open(candidate, self.plan)
            && self.best.as_ref().is_none_or(|(most, _)| count > *most)
        {
            self.best = Some((count, sibling));
        }
        self.best.as_ref().is_some_and(|(count, _)| *count >= self.plan.entries.len() / 10 * 9)
    }
}

/// Returns candidates by how much their commits' trees have in common with `tree`, most first.
fn ranked<'c>(
    library: &Library,
    tree: &Tree,
    candidates: &'c [SiblingCandidate],
) -> Vec<&'c SiblingCandidate> {
    let mut commits = HashSet::new();
    let mut ranked: Vec<(usize, &SiblingCandidate)> = Vec::new();
    for candidate in candidates {
        let Some(commit) = candidate.commit.as_deref().filter(|_| commits.len() < MOST_COMPARED) else {
            continue;
        };
        if commits.insert(commit)
            && let Ok(other) = plan::tree_of(library, commit)
        {
            ranked.push((likeness(library, tree, &other, 1), candidate));
        }
    }
    ranked.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Counts what two trees share, looking so many levels into folders that differ.
fn likeness(library: &Library, one: &Tree, other: &Tree, levels: usize) -> usize {
    let mut shared = 0;
    for item in one {
        let Some(twin) = other.get_name_bytes(item.name_bytes()) else { continue };
        if item.id() == twin.id() {
            shared += 8;
        } else if levels > 0
            && let (Ok(one), Ok(other)) = (library.find_tree(item.id()), library.find_tree(twin.id()))
        {
            shared += likeness(library, &one, &other, levels - 1).min(8);
        }
    }
    shared
}

/// Opens a candidate and counts the files of the plan that its index has.
fn open(candidate: &SiblingCandidate, plan: &Plan) -> Option<(usize, Sibling)> {
    let index = IndexFile::read(&candidate.admin.join("index")).ok()?;
    let known = matches(plan, &index);
    let count = known.iter().flatten().count();
    if count == 0 {
        return None;
    }
    let root = open_folder(&candidate.folder).ok()?;
    Some((count, Sibling { folder: candidate.folder.clone(), root, known }))
}

fn open_folder(folder: &Path) -> rustix::io::Result<OwnedFd> {
    openat(CWD, folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Walks the plan and the index side by side: both are in the order of their paths.
fn matches(plan: &Plan, index: &IndexFile) -> Vec<Option<StatData>> {
    let mut listed = index.entries.iter().peekable();
    let find = |path: &[u8], id: Oid, mode: u32| {
        while listed.next_if(|entry| index.path(entry) < path).is_some() {}
        let found = listed.next_if(|entry| index.path(entry) == path)?;
        (found.is_plain() && found.id == id.as_bytes() && found.mode == mode).then_some(found.stat)
    };
    let mut find = find;
    plan.entries
        .iter()
        .map(|entry| match entry.kind {
            CheckoutKind::File | CheckoutKind::Executable => find(&entry.path, entry.id, entry.kind.mode()),
            CheckoutKind::Link | CheckoutKind::Submodule => None,
        })
        .collect()
}
