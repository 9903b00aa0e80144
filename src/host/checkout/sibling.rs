//! Another worktree of the repository, whose files can stand in for objects: which one has most of them. What its index
//! says is only a hint of where to look; every copied byte is checked against the object's name.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use git2::{Oid, Repository, Tree};
use rustix::fs::{CWD, Mode, OFlags, openat};

use super::plan::{self, Kind, Plan};
use crate::host::index::{IndexFile, StatData};

/// So many of the worktrees that stand at other commits are looked at, and the indexes of so few are read.
const MOST_COMPARED: usize = 64;
const MOST_READ: usize = 3;

/// A worktree that may serve as a sibling.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its folder.
    pub folder: PathBuf,
    /// git's folder of it, in which its index lies.
    pub admin: PathBuf,
    /// The commit it stands at, in hexadecimal.
    pub commit: Option<String>,
}

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
    library: &Repository,
    (commit, tree): (&str, &Tree),
    plan: &Plan,
    candidates: &[Candidate],
) -> Option<Sibling> {
    // At the same commit, unless much was changed there, nothing better will come.
    let mut read = HashSet::new();
    let mut best: Option<(usize, Sibling)> = None;
    let at_it = candidates.iter().filter(|candidate| candidate.commit.as_deref() == Some(commit));
    let mut take = |candidate: &Candidate| {
        if read.insert(candidate.admin.clone())
            && let Some((count, sibling)) = open(candidate, plan)
            && best.as_ref().is_none_or(|(most, _)| count > *most)
        {
            best = Some((count, sibling));
        }
        best.as_ref().is_some_and(|(count, _)| *count >= plan.entries.len() / 10 * 9)
    };
    let mut is_enough = at_it.take(MOST_READ).any(&mut take);
    if !is_enough {
        let ranked = ranked(library, tree, candidates);
        is_enough = ranked.into_iter().take(MOST_READ).any(take);
    }
    let _ = is_enough;
    best.map(|(_, sibling)| sibling)
}

/// Returns candidates by how much their commits' trees have in common with `tree`, most first.
fn ranked<'c>(library: &Repository, tree: &Tree, candidates: &'c [Candidate]) -> Vec<&'c Candidate> {
    let mut commits = HashSet::new();
    let mut ranked: Vec<(usize, &Candidate)> = Vec::new();
    for candidate in candidates {
        if commits.len() == MOST_COMPARED {
            break;
        }
        let Some(commit) = candidate.commit.as_deref() else { continue };
        if !commits.insert(commit) {
            continue;
        }
        if let Ok(other) = plan::tree_of(library, commit) {
            ranked.push((likeness(library, tree, &other, 1), candidate));
        }
    }
    ranked.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Counts what two trees share, looking so many levels into folders that differ.
fn likeness(library: &Repository, one: &Tree, other: &Tree, levels: usize) -> usize {
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
fn open(candidate: &Candidate, plan: &Plan) -> Option<(usize, Sibling)> {
    let index = IndexFile::read(&candidate.admin.join("index"))?;
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
    let mut listed = index.entries().peekable();
    let find = |path: &[u8], id: Oid, mode: u32| {
        while listed.next_if(|entry| entry.path < path).is_some() {}
        let found = listed.next_if(|entry| entry.path == path)?;
        (found.is_plain && found.id == id && found.mode == mode).then_some(found.stat)
    };
    let mut find = find;
    plan.entries
        .iter()
        .map(|entry| match entry.kind {
            Kind::File | Kind::Executable => find(&entry.path, entry.id, entry.kind.mode()),
            Kind::Link | Kind::Submodule => None,
        })
        .collect()
}
